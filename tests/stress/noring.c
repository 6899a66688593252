/*
 * noring: a kernel without packet rings, for LD_PRELOAD.  It says so on
 * standard error, so that a test can tell that a ring was asked for.
 */
#define _GNU_SOURCE 1
#include <dlfcn.h>
#include <err.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <stddef.h>
#include <sys/socket.h>

int
setsockopt(int fd, int level, int name, const void *value, socklen_t length)
{
	int (*next)(int, int, int, const void *, socklen_t);

	if (level == SOL_PACKET && name == PACKET_RX_RING) {
		warnx("PACKET_RX_RING refused");
		errno = ENOPROTOOPT;
		return -1;
	}
	*(void **)&next = dlsym(RTLD_NEXT, "setsockopt");
	return next(fd, level, name, value, length);
}
