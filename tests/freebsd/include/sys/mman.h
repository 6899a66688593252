/* FreeBSD's additions to Linux's <sys/mman.h>, as far as freebsd.c uses them. */
#ifndef SHIM_MMAN_H
#define SHIM_MMAN_H

#include_next <sys/mman.h>

#define MAP_NOCORE 0
#define MINCORE_INCORE 1

int shim_mincore(const void *, size_t, char *);

#define mincore shim_mincore

#endif
