/* What freebsd.c uses of FreeBSD's <sys/capsicum.h>; the bits are our own. */
#ifndef SHIM_CAPSICUM_H
#define SHIM_CAPSICUM_H

#include <stddef.h>
#include <stdint.h>

#define CAP_READ 1ULL
#define CAP_WRITE 2ULL
#define CAP_SEEK 4ULL
#define CAP_PREAD (CAP_SEEK | CAP_READ)
#define CAP_PWRITE (CAP_SEEK | CAP_WRITE)
#define CAP_FSYNC 8ULL
#define CAP_FSTAT 16ULL
#define CAP_EVENT 32ULL
#define CAP_IOCTL 64ULL

typedef struct {
	uint64_t bits;
} cap_rights_t;

#define cap_rights_init(rights, ...) \
	shim_rights_init((rights), __VA_ARGS__, 0ULL)

cap_rights_t *shim_rights_init(cap_rights_t *, ...);
int cap_rights_limit(int, const cap_rights_t *);
int cap_ioctls_limit(int, const unsigned long *, size_t);
int cap_enter(void);

#endif
