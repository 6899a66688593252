# shellcheck shell=bats disable=SC2016,SC2034,SC2153,SC2030,SC2031,SC1003
#
# Exports as services of a real systemd, in a container that serves them to
# the initiator.

load ../helper
load container

setup_file() {
	container_open
	chroot "$ROOT" dpkg --purge vblade
	make -s -C "$TESTS/.." install prefix=/usr \
		unitdir=/lib/systemd/system DESTDIR="$ROOT"
	mkdir -p "$ROOT/srv" "$ROOT/etc/vblade.conf.d"
	container_boot
}

teardown_file() { container_close; }

# Each test begins with nothing exported.
teardown() {
	within systemctl stop 'vblade@*'
	within find /etc/systemd/system -name 'vblade@*' -exec rm -r '{}' +
	within systemctl daemon-reload
	within systemctl reset-failed
	rm -f "$ROOT"/etc/vblade.conf.d/*
}

# export_file NAME SHELF SLOT [LINE...]: write /etc/vblade.conf.d/NAME.conf
# and the image it exports on eth0.
export_file() {
	local name=$1
	printf '%s\n' "shelf=$2" "slot=$3" netif=eth0 \
		"filename=/srv/$name.img" "${@:4}" \
		>"$ROOT/etc/vblade.conf.d/$name.conf"
	truncate -s 1M "$ROOT/srv/$name.img"
}

# instances: names of the exports that systemd holds for running.
instances() {
	within systemctl list-units --plain --no-legend --state=running \
		'vblade@*' | awk '{ print $1 }' | paste -sd' '
}

# answer SHELF SLOT: the export answers.
answer() {
	local ADDRESS
	ADDRESS=$(be16 "$1")$(be8 "$2")
	frame -w 500 "$(config_read)"
}

logged() {
	within journalctl --no-pager --quiet -u "vblade@$1" "${@:2}"
}

# log_has INSTANCE PATTERN [OPTION...]: its journal has such a line.
log_has() {
	logged "$1" "${@:3}" | grep -qE -e "$2"
}

main_pid() {
	within systemctl show --property MainPID --value "vblade@$1"
}

@test "enable --now starts three exports" {
	export_file a 0 1
	export_file b 0 2 options=-r
	export_file c 1 1
	within systemctl enable --now vblade@a vblade@b vblade@c
	assert_equal "vblade@a.service vblade@b.service vblade@c.service" \
		"$(instances)"
	answer 0 1
	answer 0 2
	answer 1 1
}

@test "systemctl start returns when the export answers" {
	export_file a 0 1
	within systemctl start vblade@a
	assert_reply "$(ata_read 0 1)" "$(ata_data 0 1 '00*512')"
}

@test "enabled exports are there again after a reboot" {
	export_file a 0 1
	export_file b 0 2
	export_file c 1 1
	within systemctl enable --now vblade@a vblade@b
	container_reboot
	wait_until 10 answer 0 1
	wait_until 10 answer 0 2
	assert_equal "vblade@a.service vblade@b.service" "$(instances)"
}

@test "vblade.target starts and stops all that are enabled" {
	export_file a 0 1
	export_file b 0 2
	export_file c 1 1
	within systemctl enable vblade@a vblade@b
	within systemctl start vblade.target
	assert_equal "vblade@a.service vblade@b.service" "$(instances)"
	within systemctl stop vblade.target
	assert_equal "" "$(instances)"
}

@test "vblade.target stops exports also when it did not start them" {
	export_file a 0 1
	export_file b 0 2
	within systemctl start vblade@a vblade@b
	within systemctl stop vblade.target
	assert_equal "" "$(instances)"
}

@test "an export that was killed is back" {
	local pid
	export_file a 0 1
	within systemctl start vblade@a
	pid=$(main_pid a)
	within systemctl kill --signal=KILL vblade@a
	wait_until 20 answer 0 1
	[ "$(main_pid a)" != "$pid" ]
}

@test "an interface that appears later is served then" {
	export_file late 0 1
	sed -i s/eth0/late0/ "$ROOT/etc/vblade.conf.d/late.conf"
	run within systemctl start vblade@late
	[ "$status" -ne 0 ]
	wait_until 20 log_has late 'Scheduled restart job'
	assert_match 'late0: No such device' "$(logged late)"
	on_target ip link add link eth0 name late0 type macvlan mode bridge
	on_target ip link set late0 up
	wait_until 20 eval '[ "$(instances)" = vblade@late.service ]'
	TARGET_MAC=$(on_target cat /sys/class/net/late0/address) answer 0 1
	on_target ip link delete late0
}

@test "an interface that goes and comes again does not end it" {
	local pid
	on_target ip link add link eth0 name away0 type macvlan mode bridge
	export_file away 0 1
	sed -i s/eth0/away0/ "$ROOT/etc/vblade.conf.d/away.conf"
	within systemctl start vblade@away
	pid=$(main_pid away)
	on_target ip link delete away0
	on_target ip link add link eth0 name away0 type macvlan mode bridge
	on_target ip link set away0 up
	wait_until 10 log_has away 'interface is back'
	assert_equal "$pid" "$(main_pid away)"
	on_target ip link delete away0
}

@test "the status tells what is exported, and the command as one knows it" {
	export_file a 0 1 options=-r
	within systemctl start vblade@a
	run within systemctl status --no-pager --full vblade@a
	assert_match 'vblade@a.service - AoE export a' "$output"
	assert_match 'Active: active \(running\)' "$output"
	assert_match 'Status: "exports e0.1, 2048 sectors"' "$output"
	assert_match '[0-9] /usr/sbin/vblade -r -- 0 1 eth0 /srv/a.img' \
		"$output"
	refute_match '/bin/sh' "$output"
}

@test "lines in the journal have priorities" {
	export_file told 4095 1
	within systemctl start vblade@told
	assert_match '^vblade: e4095.1: eth0: .* 4095' \
		"$(logged told --output cat --priority 4..4)"
	assert_match '^vblade: e4095.1: eth0: .*MTU' \
		"$(logged told --output cat --priority 6..6)"
	refute_match '<[0-9]>' "$(logged told --output cat)"
}

@test "a key that is missing is named with its file, and not retried" {
	local key
	for key in shelf slot netif filename; do
		export_file "no-$key" 0 1
		sed -i "/^$key=/d" "$ROOT/etc/vblade.conf.d/no-$key.conf"
		run within systemctl start "vblade@no-$key"
		[ "$status" -ne 0 ]
		assert_match "/etc/vblade.conf.d/no-$key.conf: .*$key:" \
			"$(logged "no-$key")"
		assert_equal failed \
			"$(within systemctl is-failed "vblade@no-$key")"
	done
}

@test "a configuration file that is missing is named, and not retried" {
	run within systemctl start vblade@nosuch
	[ "$status" -ne 0 ]
	assert_match "/etc/vblade.conf.d/nosuch.conf: " "$(logged nosuch)"
	assert_equal failed "$(within systemctl is-failed vblade@nosuch)"
}

@test "what cannot get better by itself is not retried" {
	# Bad argument, no right to the file, no file.
	export_file bad zero 1
	export_file foreign 0 1
	chown 1000 "$ROOT/srv/foreign.img"
	chmod 600 "$ROOT/srv/foreign.img"
	export_file gone 0 2
	rm "$ROOT/srv/gone.img"
	while read -r name code; do
		run within systemctl start "vblade@$name"
		[ "$status" -ne 0 ]
		assert_equal failed \
			"$(within systemctl is-failed "vblade@$name")"
		assert_equal "$code" "$(within systemctl show --value \
			--property ExecMainStatus "vblade@$name")"
	done <<-END
		bad 2
		foreign 4
		process_gone 6
	END
}

@test "instances may have dashes, blanks and escapes in their names" {
	export_file live-rescue-x64 0 1
	within systemctl start vblade@live-rescue-x64
	answer 0 1
	within systemctl stop vblade@live-rescue-x64
	within systemctl start 'vblade@live\x2drescue\x2dx64'
	answer 0 1
	export_file "two words" 0 2
	within systemctl start "$(within systemd-escape \
		--template=vblade@.service "two words")"
	answer 0 2
}

@test "values may be quoted, and options may be several" {
	export_file a 0 1 'options="-r -b 20"' 'ionice=-c2 -n7'
	sed -i "s/^filename=.*/filename='\/srv\/it is a.img'/" \
		"$ROOT/etc/vblade.conf.d/a.conf"
	mv "$ROOT/srv/a.img" "$ROOT/srv/it is a.img"
	within systemctl start vblade@a
	assert_equal "$(hex "$(response 01 "0014 0100 02 10 0000 @60")")" \
		"$(answer 0 1)"
}

@test "a file name that begins with a dash is no option" {
	export_file dash 0 1
	sed -i "s/^filename=.*/filename=-r/" "$ROOT/etc/vblade.conf.d/dash.conf"
	run within systemctl start vblade@dash
	assert_match '-r: No such file' "$(logged dash)"
}

@test "it may be run by the user who owns the files" {
	export_file owned 0 1
	echo 'images:x:1000:1000::/:/bin/false' >>"$ROOT/etc/passwd"
	echo 'images:x:1000:' >>"$ROOT/etc/group"
	chown 1000:1000 "$ROOT/srv/owned.img"
	chmod 600 "$ROOT/srv/owned.img"
	mkdir -p "$ROOT/etc/systemd/system/vblade@owned.service.d"
	sed -n '/^\[Service\]/,/^\.Ed/p' "$TESTS/../vblade.8" |
		grep -v '^\.' \
			>"$ROOT/etc/systemd/system/vblade@owned.service.d/user.conf"
	within systemctl daemon-reload
	within systemctl start vblade@owned || fail "$(logged owned)"
	answer 0 1
	assert_equal 1000 "$(within stat -c %u "/proc/$(main_pid owned)")"
}

# example TEXT: the example of the manual that has TEXT.
example() {
	sed -n '/^\.Sh EXAMPLES/,/^\.Sh NOTES/p' "$TESTS/../vblade.8" |
		awk -v text="$1" '
			/^\.Ed/ { inside = 0; if (index(block, text)) print \
				block }
			inside { block = block $0 "\n" }
			/^\.Bd/ { inside = 1; block = "" }'
}

@test "example: an export now and at every boot" {
	truncate -s 1M "$ROOT/srv/music.img"
	within sh -ec "$(example music)"
	answer 0 4
	assert_equal enabled "$(within systemctl is-enabled vblade@music)"
}

@test "example: an ISO image in the background" {
	truncate -s 1M "$ROOT/srv/live.iso"
	within sh -ec "$(example live.iso)"
	answer 0 2
	within journalctl --quiet --no-pager -t vbladed | grep -q \
		'e0\.2.*O_RDONLY'
}

@test "example: a macvlan made by systemd-networkd, after a reboot" {
	local commands
	commands=$(sed -n '/aoe4.netdev/,/^\.Ed/p' "$TESTS/../vblade.8" |
		grep -v '^\.')
	within sh -ec "$commands"
	printf '%s\n' '[Match]' Name=eth0 '[Network]' LinkLocalAddressing=no \
		MACVLAN=aoe4 >"$ROOT/etc/systemd/network/eth0.network"
	export_file many 0 9
	sed -i s/eth0/aoe4/ "$ROOT/etc/vblade.conf.d/many.conf"
	within systemctl enable systemd-networkd vblade@many
	container_reboot
	wait_until 20 eval 'TARGET_MAC=$(on_target cat \
		/sys/class/net/aoe4/address) answer 0 9'
}
