/*
 * slow: a disk that hangs where a test says, for LD_PRELOAD.
 *
 *	SLOW_OP		read, write or sync
 *	SLOW_AT		a byte of the file; calls that touch it are held
 *	SLOW_GATE	a file; calls are held as long as it exists
 *
 * Only the first such call is held, so that a later one would overtake it if
 * the program let it.  Once it is held, $SLOW_GATE.held is not empty.  A read
 * that must not wait is told that it would have to.
 *
 * The file is opened and the environment is read before main, since the
 * program under test gives up such rights.
 */
#define _GNU_SOURCE 1
#include <dlfcn.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static const char *gate, *op;
static off_t at;
static int held;
static atomic_bool used;

__attribute__((constructor)) static void
slow_start(void)
{
	const char *where = getenv("SLOW_AT");
	char name[4096];

	op = getenv("SLOW_OP");
	gate = getenv("SLOW_GATE");
	if (op == NULL || gate == NULL)
		errx(1, "SLOW_OP and SLOW_GATE are needed");
	at = where != NULL ? (off_t)strtoll(where, NULL, 10) : 0;
	snprintf(name, sizeof name, "%s.held", gate);
	held = open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (held < 0)
		err(1, "%s", name);
}

static bool
chosen(const char *what, off_t offset, size_t length)
{
	return strcmp(what, op) == 0 && offset <= at
	    && at - offset < (off_t)length && !atomic_load(&used);
}

static void
hold(const char *what, off_t offset, size_t length)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	struct stat st;

	if (!chosen(what, offset, length) || atomic_exchange(&used, true))
		return;
	if (write(held, "held\n", 5) != 5)
		warn("%s.held", gate);
	while (stat(gate, &st) == 0)
		nanosleep(&pause, NULL);
}

static size_t
total(const struct iovec *iov, int n)
{
	size_t sum = 0;

	for (int i = 0; i < n; i++)
		sum += iov[i].iov_len;
	return sum;
}

/* Calls the next definition of a function of this name and these types. */
#define NEXT(type, name, types, ...) \
	(((type (*) types)dlsym(RTLD_NEXT, name))(__VA_ARGS__))

/* Each function has the name of the C library and that of its 64-bit twin. */
#define TWIN(name, twin) \
	extern __typeof__(name) twin __attribute__((alias(#name)))

ssize_t
pread(int fd, void *p, size_t n, off_t o)
{
	hold("read", o, n);
	return NEXT(ssize_t, "pread", (int, void *, size_t, off_t), fd, p, n,
	    o);
}

ssize_t
preadv(int fd, const struct iovec *v, int n, off_t o)
{
	hold("read", o, total(v, n));
	return NEXT(ssize_t, "preadv", (int, const struct iovec *, int, off_t),
	    fd, v, n, o);
}

/* vblade calls preadv2 by its number, since not every C library has it. */
long
syscall(long number, ...)
{
	long a[6];
	va_list list;

	va_start(list, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(list, long);
	va_end(list);
	if (number == SYS_preadv2 && (a[5] & RWF_NOWAIT) != 0
	    && chosen("read", a[3], total((const struct iovec *)a[1],
	    (int)a[2]))) {
		errno = EAGAIN;
		return -1;
	}
	return NEXT(long, "syscall", (long, ...), number, a[0], a[1], a[2],
	    a[3], a[4], a[5]);
}

ssize_t
pwrite(int fd, const void *p, size_t n, off_t o)
{
	hold("write", o, n);
	return NEXT(ssize_t, "pwrite", (int, const void *, size_t, off_t), fd,
	    p, n, o);
}

ssize_t
pwritev(int fd, const struct iovec *v, int n, off_t o)
{
	hold("write", o, total(v, n));
	return NEXT(ssize_t, "pwritev",
	    (int, const struct iovec *, int, off_t), fd, v, n, o);
}

int
fdatasync(int fd)
{
	hold("sync", at, 1);
	return NEXT(int, "fdatasync", (int), fd);
}

TWIN(pread, pread64);
TWIN(preadv, preadv64);
TWIN(pwrite, pwrite64);
TWIN(pwritev, pwritev64);
