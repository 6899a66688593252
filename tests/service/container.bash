# A Debian container with systemd as its first process, in the target's
# namespace of the lab.  One root with Debian's packages, vblade 25 among them,
# is made once and kept in .cache; each container has a layer of its own above
# it, which goes with it.

CACHE=$TESTS/service/.cache
CONTAINER_PACKAGES=systemd-sysv,daemon,dbus,iproute2,procps,vblade

# container_root: make the root below all containers, once.  mmdebstrap needs
# the low descriptors for itself, and leaves a mount.
container_root() {
	mkdir -p "$CACHE"
	(
		flock 9
		[ ! -d "$CACHE/root" ] || exit 0
		rm -rf "$CACHE/making"
		unshare --mount mmdebstrap --variant=minbase \
			--include=$CONTAINER_PACKAGES \
			--dpkgopt='path-exclude=/usr/share/locale/*' \
			--dpkgopt=force-unsafe-io bookworm "$CACHE/making" \
			3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- &&
			mv "$CACHE/making" "$CACHE/root"
	) 9>"$CACHE/lock"
}

# container_open: make the lab and the container; $ROOT is its root.
container_open() {
	export CONTAINER=${BATS_TEST_TMPDIR:-$BATS_FILE_TMPDIR}/container
	export ROOT=$CONTAINER/root
	lab_open
	mkdir "$CONTAINER" "$ROOT" "$CONTAINER/layers"
	container_root >"$CONTAINER/root.log" 2>&1 ||
		fail "no root" "$(cat "$CONTAINER/root.log")"
	mount -t tmpfs tmpfs "$CONTAINER/layers"
	mkdir "$CONTAINER/layers/upper" "$CONTAINER/layers/work"
	(cd "$CONTAINER/layers" && mount -t overlay -o \
		"lowerdir=$CACHE/root,upperdir=upper,workdir=work" \
		overlay "$ROOT")
	mkdir -p "$ROOT/var/log/journal" "$ROOT/srv"
}

# container_boot: start it, and wait until all jobs of its start are done.
container_boot() {
	systemd-nspawn --quiet --register=no --keep-unit \
		--directory="$ROOT" --machine="$LAB" --console=read-only \
		--capability=CAP_NET_ADMIN \
		--network-namespace-path="/run/netns/$TARGET_NS" --boot \
		>"$CONTAINER/console" 2>&1 </dev/null 3>&- &
	echo $! >"$CONTAINER/pid"
	wait_until 60 container_is_up ||
		fail "not up" "$(cat "$CONTAINER/console")"
}

container_is_up() {
	in_container systemctl is-system-running | grep -qE 'running|degraded'
}

# container_reboot: nspawn ends on a reboot, and is started again.
container_reboot() {
	local pid
	pid=$(cat "$CONTAINER/pid")
	in_container systemctl reboot
	wait_until 60 process_gone "$pid"
	container_boot
}

# container_close: end and remove it, and what runs in the lab, with the lab.
container_close() {
	local pid
	if pid=$(cat "$CONTAINER/pid" 2>/dev/null); then
		kill "$pid" || :
		wait_until 20 process_gone "$pid" || kill -9 "$pid"
	fi
	stop_target
	umount "$ROOT" "$CONTAINER/layers"
	lab_close
}

# stop_target: kill all processes in the target's namespace.
stop_target() {
	local pid pids
	pids=$(ip netns pids "$TARGET_NS" 2>/dev/null) || :
	for pid in $pids; do
		kill -9 "$pid" 2>/dev/null || :
	done
	for pid in $pids; do
		wait_until 10 process_gone "$pid"
	done
}

# pid_of NAME: the process ids of this program in the namespace.
pid_of() {
	local pid
	for pid in $(ip netns pids "$TARGET_NS"); do
		[ "$(cat "/proc/$pid/comm" 2>/dev/null)" != "$1" ] ||
			echo "$pid"
	done
}

# in_container COMMAND...: run it in the running container, of which nspawn's
# child is the first process.
in_container() {
	local nspawn init
	nspawn=$(cat "$CONTAINER/pid")
	init=$(cut -d' ' -f1 "/proc/$nspawn/task/$nspawn/children")
	nsenter --target "$init" --all --wdns=/ "$@" 3>&-
}

# in_root COMMAND...: run it in the root of a container that does not run: a
# host without systemd.
in_root() {
	on_target unshare --mount sh -ec '
		mount -t proc proc "$0/proc"
		exec chroot "$0" "$@"' "$ROOT" "$@" 3>&-
}

# list_exports OPTION: the instances that systemctl list-units lists with it.
list_exports() {
	in_container systemctl list-units --plain --no-legend "$1" 'vblade@*' |
		sed 's/^vblade@\(.*\)\.service .*/\1/' | paste -sd' '
}

# property INSTANCE NAME: what systemd has of its unit.
property() {
	in_container systemctl show --property "$2" --value "vblade@$1"
}

# conf NAME SLOT [LINE...]: write /etc/vblade.conf.d/NAME.conf, which exports
# the image /srv/NAME.img as e0.SLOT.
conf() {
	truncate -s 1M "$ROOT/srv/$1.img"
	printf '%s\n' shelf=0 "slot=$2" netif=eth0 "filename=/srv/$1.img" \
		"${@:3}" >"$ROOT/etc/vblade.conf.d/$1.conf"
}

# is_exported SLOT: e0.SLOT replies to a Query Config Information.
is_exported() {
	local ADDRESS
	ADDRESS=0000$(be8 "$1")
	frame -w 500 "$(config_read)"
}

# assert_new SLOT NAME: vblade@NAME exports it, with the new program.
assert_new() {
	wait_until 20 is_exported "$1"
	assert_match " /usr/sbin/vblade .*-- 0 $1 eth0" \
		"$(in_container systemctl status --no-pager --full "vblade@$2")"
}

# command_that SCRIPT FILE: make a command.
command_that() {
	rm -f "$2"
	printf '#!/bin/sh\n%s\n' "$1" >"$2"
	chmod +x "$2"
}

# make_package DIRECTORY: build the Debian package there.
make_package() {
	OUT=$1 make -s -C "$TESTS/.." deb 3>&- 2>"$BATS_FILE_TMPDIR/log" ||
		fail "$(cat "$BATS_FILE_TMPDIR/log")"
}

# upgrade: install the package, in all its parts.
upgrade() {
	run in_container dpkg --install /srv/vblade.deb
	assert_equal 0 "$status" "$output"
	assert_equal 'install ok installed' "$(in_container dpkg-query \
		-W -f '${Status}' vblade)"
}

# is_readonly SLOT: e0.SLOT refuses a write.
is_readonly() {
	local ADDRESS
	ADDRESS=0000$(be8 "$1")
	assert_reply "$(ata_write 0 1 '00*512')" "$(ata_failed 41 04 0 1)"
}
