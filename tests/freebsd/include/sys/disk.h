/* What freebsd.c uses of FreeBSD's <sys/disk.h>. */
#ifndef SHIM_DISK_H
#define SHIM_DISK_H

#include <sys/types.h>
#include "../ioccom.h"

#define DIOCGSECTORSIZE SHIM_IOR('d', 128, unsigned)
#define DIOCGMEDIASIZE SHIM_IOR('d', 129, off_t)
#define DIOCGFLUSH SHIM_IO('d', 135)

#endif
