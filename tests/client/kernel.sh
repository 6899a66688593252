#!/bin/sh
#
# kernel.sh DIRECTORY: put Debian's kernel there (vmlinuz), its modules
# (lib/modules) and the initial RAM disk of the guests (guest.cpio).
# Nothing is installed: the package is downloaded, and what is needed of it
# unpacked. The kernel is put there last, so that it stands for all of it.

set -eu

cache=$1
here=$(cd "$(dirname "$0")" && pwd)

package() {
	apt-cache depends linux-image-amd64 |
		sed -n 's/.*Depends: \(linux-image-[0-9].*-amd64\)$/\1/p'
}

fetch() {
	rm -rf lib boot ./*.deb
	[ "$(package)" ] || apt-get -q update
	apt-get -q -o APT::Sandbox::User=root download "$(package)"
	in='./lib/modules/*/kernel'
	dpkg-deb --fsys-tarfile ./*.deb | tar x --wildcards \
		'./boot/vmlinuz-*' './lib/modules/*/modules.*' \
		"$in/arch/x86/crypto" "$in/crypto" "$in/lib" "$in/fs" "$in/net" \
		"$in/drivers/block" "$in/drivers/char" "$in/drivers/md" \
		"$in/drivers/net/*.ko" "$in/drivers/virtio"
	rm ./*.deb
	busybox depmod -b . "$(ls lib/modules)"
	mv boot/vmlinuz-* vmlinuz
}

# closure MODULE...: their files and those of all that they depend on.
closure() {
	for module; do
		sed -n "s,^\([^:]*/$module\.ko\):,\1,p" modules.dep
	done | tr ' ' '\n' | sort -u
}

# pack MODULE...: make guest.cpio.
pack() {
	root=$PWD/root
	modules=lib/modules/$(ls lib/modules)
	rm -rf "$root"
	mkdir -p "$root/bin" "$root/dev" "$root/$modules"
	cp "$(command -v busybox)" "$root/bin"
	install "$here/agent" "$root"
	install "$here/guest.init" "$root/init"
	(cd "$modules" && closure "$@" | tar cT - | tar xC "$root/$modules")
	busybox depmod -b "$root" "${modules##*/}"
	(cd "$root" && find . | busybox cpio -o -H newc 2>/dev/null) >new
	mv new guest.cpio
	rm -r "$root"
}

mkdir -p "$cache"
cd "$cache"
[ -e vmlinuz ] || fetch
pack virtio_pci 9p 9pnet_virtio overlay
