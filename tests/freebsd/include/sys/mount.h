/* What freebsd.c uses of FreeBSD's <sys/mount.h>; Linux's fstatfs differs. */
#ifndef SHIM_MOUNT_H
#define SHIM_MOUNT_H

struct statfs {
	char f_fstypename[16];
};

int fstatfs(int, struct statfs *);

#endif
