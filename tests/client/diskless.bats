# shellcheck shell=bats disable=SC2016
#
# A machine without a disk boots by iPXE from an export, and has it as its
# root, as dist/doc/diskless.md says.

load client

setup_file() {
	lan_open
	add_hosts a
	on_host a ip address add 10.0.0.1/24 dev eth0
	# A Debian is installed there, which syncs often.
	MEMORY=$(mktemp -d -p /dev/shm)
	export MEMORY
}

teardown_file() {
	lan_close
	rm -r "$MEMORY"
}

# with_disk SCRIPT: run the script with the page's image on /mnt.
with_disk() {
	unshare -m sh -ec "mount disk.img /mnt; $1; umount /mnt"
}

@test "diskless.md: Debian boots from an export" {
	cd "$MEMORY"
	mkdir bin
	cp "$VBLADE" bin/vblade
	cp "$TESTS/../dist/vbladed" bin
	PATH=$PWD/bin:$PATH
	unshare -m sh -ec "$(block diskless 1)"
	# What shows that it booted: it writes a report and powers off.
	with_disk '
		cd /mnt/etc/systemd/system
		cat >report.service
		ln -s ../report.service multi-user.target.wants
		cd /' <<-'END'
		[Service]
		Type=oneshot
		ExecStart=sh -c "findmnt -n -o SOURCE,OPTIONS / >/report"
		ExecStopPost=systemctl poweroff
	END
	on_host a sh -ec "$(block diskless 2)"
	start_machine client 52:54:00:00:00:01 -boot n
	wait_until 1500 has_stopped client
	run with_disk 'cat /mnt/report'
	assert_match '^/dev/etherd/e0\.1 rw' "$output"
}
