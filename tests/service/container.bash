# shellcheck shell=bash
#
# A Debian container with systemd as its first process, in the target's
# namespace of the lab.  One root with Debian's packages is made and kept in
# .cache; each container gets a layer of its own above it, so that nothing
# one test leaves is found by the next.
#
#	load ../helper
#	load container
#	setup_file() { container_open; }
#	teardown_file() { container_close; }

CACHE=$TESTS/service/.cache
CONTAINER_PACKAGES=systemd-sysv,daemon,dbus,iproute2,procps,vblade

# container_root: make the root below all containers, once.
container_root() {
	mkdir -p "$CACHE"
	(
		flock 9
		[ -d "$CACHE/root" ] || container_root_make
	) 9>"$CACHE/lock"
}

# mmdebstrap wants the low descriptors for itself.  Of resource-agents we
# want files and not what they depend on.
# shellcheck disable=SC2016
container_root_make() {
	rm -rf "$CACHE/making"
	mmdebstrap --variant=minbase --include=$CONTAINER_PACKAGES \
		--dpkgopt='path-exclude=/usr/share/locale/*' \
		--dpkgopt=force-unsafe-io \
		--customize-hook='chroot "$1" sh -ec "
			cd /srv
			apt-get -q download resource-agents
			dpkg -x resource-agents_*.deb agent
			mv agent/usr/lib/ocf /usr/lib
			rm -r agent resource-agents_*.deb"' bookworm "$CACHE/making" \
		3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- &&
		mv "$CACHE/making" "$CACHE/root"
}

# container_open: make the lab and the container; $ROOT is its root.
container_open() {
	lab_open
	container_root >"$BATS_FILE_TMPDIR/root.log" 2>&1 ||
		fail "no root" "$(cat "$BATS_FILE_TMPDIR/root.log")"
	export ROOT=$BATS_FILE_TMPDIR/root
	mkdir "$ROOT" "$BATS_FILE_TMPDIR/layers"
	mount -t tmpfs tmpfs "$BATS_FILE_TMPDIR/layers"
	mkdir "$BATS_FILE_TMPDIR/layers/upper" "$BATS_FILE_TMPDIR/layers/work"
	mount -t overlay -o \
		"lowerdir=$CACHE/root,upperdir=$BATS_FILE_TMPDIR/layers/upper,workdir=$BATS_FILE_TMPDIR/layers/work" \
		overlay "$ROOT"
	mkdir -p "$ROOT/var/log/journal"
}

# container_boot: start it, and wait until all jobs of its start are done.
container_boot() {
	systemd-nspawn --quiet --register=no --keep-unit \
		--directory="$ROOT" --machine="$LAB" --console=read-only \
		--capability=CAP_NET_ADMIN \
		--network-namespace-path="/run/netns/$TARGET_NS" --boot \
		>"$BATS_FILE_TMPDIR/console" 2>&1 </dev/null 3>&- &
	echo $! >"$BATS_FILE_TMPDIR/container"
	wait_until 60 container_is_up ||
		fail "not up" "$(cat "$BATS_FILE_TMPDIR/console")"
}

container_is_up() {
	in_container systemctl is-system-running | grep -qE 'running|degraded'
}

# container_reboot: nspawn ends, and leaves it to us to start it again.
container_reboot() {
	local pid
	pid=$(cat "$BATS_FILE_TMPDIR/container")
	in_container systemctl reboot
	wait_until 60 process_gone "$pid"
	container_boot
}

# container_end: end it, if it was started.
container_end() {
	local pid
	pid=$(cat "$BATS_FILE_TMPDIR/container" 2>/dev/null) || return 0
	rm "$BATS_FILE_TMPDIR/container"
	kill "$pid" || :
	wait_until 20 process_gone "$pid" || kill -9 "$pid"
}

# container_close: end it and take it away, with the lab.
container_close() {
	container_end
	umount "$BATS_FILE_TMPDIR/root" "$BATS_FILE_TMPDIR/layers"
	lab_close
}

# in_container COMMAND...: run it in the container.
in_container() {
	nsenter --target "$(container_init)" --all --wdns=/ "$@" 3>&-
}

# container_init: the pid, out here, of its first process.
container_init() {
	local pid
	pid=$(cat "$BATS_FILE_TMPDIR/container")
	read -r pid _ <"/proc/$pid/task/$pid/children"
	echo "$pid"
}
