#!/bin/sh
# kernel.sh DIRECTORY: put Debian's kernel there (vmlinuz), its modules (lib/modules)
# and the two initial RAM disks (guest.cpio, diskless.cpio). Nothing is
# installed: the package is downloaded, and what is needed of it unpacked.
set -eu

cache=$1
here=$(cd "$(dirname "$0")" && pwd)

package() {
	apt-cache depends linux-image-amd64 |
		sed -n 's/.*Depends: \(linux-image-[0-9].*-amd64\)$/\1/p'
}

fetch() {
	[ "$(package)" ] || apt-get -q update
	package=$(package)
	apt-get -q -o APT::Sandbox::User=root download "$package"
	in='./lib/modules/*/kernel'
	dpkg-deb --fsys-tarfile "$package"_*.deb | tar x --wildcards \
		'./boot/vmlinuz-*' './lib/modules/*/modules.*' \
		"$in/arch/x86/crypto" "$in/crypto" "$in/lib" "$in/fs" "$in/net" \
		"$in/drivers/block" "$in/drivers/char" "$in/drivers/md" \
		"$in/drivers/net/*.ko" "$in/drivers/virtio"
	rm "$package"_*.deb
	mv boot/vmlinuz-* vmlinuz
	rmdir boot
	version=$(ls lib/modules)
	busybox depmod -b . "$version"
}

# The files of the named modules and of all that they depend on.
closure() {
	for module; do
		sed -n "s,^\([^:]*/$module\.ko\):,\1,p" modules.dep
	done | tr ' ' '\n' | sort -u
}

# pack NAME MODULE...: NAME.cpio, with NAME.init as its /init.
pack() {
	name=$1
	shift
	root=$PWD/root
	mkdir -p "$root/bin" "$root/dev" "$root/lib/modules/$version"
	cp "$(command -v busybox)" "$root/bin"
	cp "$here/agent" "$root"
	cp "$here/$name.init" "$root/init"
	chmod 755 "$root/init" "$root/agent"
	(
		cd "lib/modules/$version"
		closure "$@" | tar cT - | tar xC "$root/lib/modules/$version"
	)
	busybox depmod -b "$root" "$version"
	(cd "$root" && find . | busybox cpio -o -H newc 2>/dev/null) > "$name.cpio"
	rm -r "$root"
}

mkdir -p "$cache"
cd "$cache"
[ -d lib/modules ] || fetch
version=$(ls lib/modules)
pack guest virtio_pci virtio_console 9p 9pnet_virtio overlay
pack diskless virtio_pci virtio_net aoe ext4 crc32c_generic
