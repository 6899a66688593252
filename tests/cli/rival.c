/* SPDX-License-Identifier: ISC */
/*
 * rival: for LD_PRELOAD, gives a program a datagram socket for standard error
 * that nothing reads, and that another process fills right after select(2) has
 * found room in it.
 */
#define _GNU_SOURCE 1
#include <dlfcn.h>
#include <err.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

static int rival;

__attribute__((constructor)) static void
start(void)
{
	struct sockaddr_storage a = { .ss_family = AF_UNIX };
	int log = socket(AF_UNIX, SOCK_DGRAM, 0);
	int reader = socket(AF_UNIX, SOCK_DGRAM, 0);
	socklen_t len = sizeof a;

	rival = socket(AF_UNIX, SOCK_DGRAM, 0);
	if (bind(reader, (void *)&a, sizeof a.ss_family) < 0 ||
	    getsockname(reader, (void *)&a, &len) < 0 ||
	    connect(log, (void *)&a, len) < 0 ||
	    connect(rival, (void *)&a, len) < 0)
		err(1, "a socket");
	dup2(log, STDERR_FILENO);
	close(log);
}

int
select(int n, fd_set *r, fd_set *w, fd_set *e, struct timeval *wait)
{
	__typeof__(select) *next = dlsym(RTLD_NEXT, "select");
	int ready = next(n, r, w, e, wait);

	while (w != NULL && FD_ISSET(STDERR_FILENO, w) &&
	    send(rival, ".", 1, MSG_DONTWAIT) > 0)
		continue;
	return ready;
}
