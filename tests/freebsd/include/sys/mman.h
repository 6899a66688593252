/* What freebsd.c uses of FreeBSD's <sys/mman.h> beyond Linux's. */
#ifndef SHIM_MMAN_H
#define SHIM_MMAN_H

#include_next <sys/mman.h>

#define MAP_NOCORE 0
#define MINCORE_INCORE 1

int shim_mincore(const void *, size_t, char *);

#define mincore shim_mincore

#endif
