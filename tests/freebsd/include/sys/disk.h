/* What freebsd.c uses of FreeBSD's <sys/disk.h>. */
#ifndef SHIM_DISK_H
#define SHIM_DISK_H

#include <sys/types.h>
#include <stdint.h>
#include "../ioccom.h"

struct diocgattr_arg {
	char name[64];
	int len;
	union {
		char str[256];
		off_t off;
		int i;
		uint16_t u16;
	} value;
};

#define DIOCGSECTORSIZE SHIM_IOR('d', 128, unsigned)
#define DIOCGMEDIASIZE SHIM_IOR('d', 129, off_t)
#define DIOCGFLUSH SHIM_IO('d', 135)
#define DIOCGSTRIPESIZE SHIM_IOR('d', 139, off_t)
#define DIOCGATTR SHIM_IOWR('d', 142, struct diocgattr_arg)

#endif
