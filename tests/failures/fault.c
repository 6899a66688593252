/*
 * fault: a disk and a kernel that fail where a test says, for LD_PRELOAD, and
 * that remember what reached the disk and when.
 *
 *	FAULT_RULES	a file, read anew at each call; every line is a rule:
 *			CALL AT HOW [EVERY]
 *	FAULT_LOG	a file to which each fault is appended, as CALL AT HOW
 *	FAULT_TRACE	if set, a file that gets a struct record (powercut.c
 *			has the same) for every write and sync, in the order
 *			in which they were done
 *
 * CALL is read, now (a read that must not wait), write, sync, size, send,
 * poll, thread, memory or clock (the one that people set).  AT is a byte of
 * the file, which calls that touch it meet, or *.  HOW is the name of an error,
 * or
 *
 *	short	only half of what was asked for is done
 *	hang	the call begins when the rule is gone
 *	lie	a sync is not done; a write is done when the next one
 *		is; a clock is set at random
 *
 * EVERY n spares all calls of that name but the first, the n+1st and so on.
 *
 * All files are opened before main, since the program under test gives up the
 * right to.
 */
#define _GNU_SOURCE 1
#include <dlfcn.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { RULES_MOST = 1024, VECTOR_MOST = 1024 };
enum { SHORT = -1, HANG = -2, LIE = -3 };	/* beside the errno values */

struct rule {
	const char *call;	/* what the rule is looked up for */
	off_t offset;
	size_t length;
	int how;		/* 0: none applies */
};

/* Shared with powercut.c. */
struct record {
	uint64_t begin, end;	/* ns of CLOCK_MONOTONIC */
	uint64_t offset;
	uint32_t length;	/* bytes of data that follow; 0: a sync */
	uint32_t durable;	/* by the time of end, without a sync */
};

static int rules = -1, log_fd = -1, trace = -1;
static const char *const names[] = {
	"read", "now", "write", "sync", "size", "send", "poll", "thread",
	"memory", "clock"
};
enum { NAMES = sizeof names / sizeof *names };
static atomic_ullong calls[NAMES];	/* so far, by their names */

static int
file(const char *variable, int flags)
{
	const char *path = getenv(variable);
	int fd = path == NULL ? -1 : open(path, flags | O_CLOEXEC, 0644);

	if (path != NULL && fd < 0)
		err(1, "%s", path);
	return fd;
}

__attribute__((constructor)) static void
start(void)
{
	rules = file("FAULT_RULES", O_RDONLY | O_CREAT);
	log_fd = file("FAULT_LOG", O_WRONLY | O_CREAT | O_APPEND);
	trace = file("FAULT_TRACE", O_WRONLY | O_CREAT | O_APPEND);
}

/* The next definition of a function of this name and these types. */
#define NEXT(type, name, ...) \
	((type (*)(__VA_ARGS__))dlsym(RTLD_NEXT, name))

/* Each function has the name of the C library and that of its 64-bit twin. */
#define TWIN(name, twin) \
	extern __typeof__(name) twin __attribute__((alias(#name)))

/*
 * Rules.
 */

static int
error_number(const char *name)
{
	static const struct { const char *name; int number; } known[] = {
		{ "short", SHORT }, { "hang", HANG }, { "lie", LIE },
		{ "EIO", EIO }, { "ENOSPC", ENOSPC }, { "EINTR", EINTR },
		{ "EAGAIN", EAGAIN }, { "ENOMEM", ENOMEM },
		{ "ENOBUFS", ENOBUFS }, { "ENETDOWN", ENETDOWN },
		{ "EPERM", EPERM }, { "ENODEV", ENODEV }, { "EINVAL", EINVAL },
		{ "EOPNOTSUPP", EOPNOTSUPP },
	};

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (strcmp(known[i].name, name) == 0)
			return known[i].number;
	return EIO;
}

/* Does a line of the rules apply to what r says of a call? */
static bool
applies(const char *line, const struct rule *r, unsigned long long nth,
    int *how)
{
	char call[16], at[24], name[16];
	unsigned every = 1;
	off_t byte;

	if (sscanf(line, "%15s %23s %15s %u", call, at, name, &every) < 3 ||
	    strcmp(call, r->call) != 0 || (every > 1 && nth % every != 0))
		return false;
	byte = (off_t)strtoll(at, NULL, 10);
	if (strcmp(at, "*") != 0 && (byte < r->offset ||
	    byte >= r->offset + (off_t)r->length))
		return false;
	*how = error_number(name);
	return true;
}

/* How many calls of this name there have been before. */
static unsigned long long
call_count(const char *name)
{
	int i = 0;

	while (i < NAMES - 1 && strcmp(names[i], name) != 0)
		i++;
	return atomic_fetch_add(&calls[i], 1);
}

/* What shall happen to a call: 0, an errno, or one of the enum. */
static int
judge_rules(const struct rule *r)
{
	char text[RULES_MOST], *line, *rest = text;
	ssize_t n = rules < 0 ? 0 : pread(rules, text, sizeof text - 1, 0);
	unsigned long long nth = call_count(r->call);
	int how = 0;

	text[n > 0 ? n : 0] = '\0';
	while ((line = strsep(&rest, "\n")) != NULL)
		if (applies(line, r, nth, &how))
			return how;
	return 0;
}

static void
tell(const struct rule *r, int how)
{
	char line[80];
	int n = snprintf(line, sizeof line, "%s %lld %d\n", r->call,
	    (long long)r->offset, how);

	if (log_fd >= 0 && write(log_fd, line, (size_t)n) != n)
		warn("FAULT_LOG");
}

/* Judges a call; one that hangs has ceased to when this returns. */
static int
judge(const char *call, off_t offset, size_t length)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	struct rule r = { .call = call, .offset = offset, .length = length };
	int how = judge_rules(&r);

	if (how != 0)
		tell(&r, how);
	if (how != HANG)
		return how;
	while (judge_rules(&r) == HANG)
		nanosleep(&pause, NULL);
	return 0;
}

/* An errno of a rule becomes that of the call. */
static bool
fails(int how)
{
	if (how > 0)
		errno = how;
	return how > 0;
}

/*
 * The trace.
 */

static uint64_t
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static size_t
total(const struct iovec *v, int n)
{
	size_t sum = 0;

	for (int i = 0; i < n; i++)
		sum += v[i].iov_len;
	return sum;
}

/* Copies the first `length` bytes of a vector. */
static void
gather(char *to, const struct iovec *v, size_t length)
{
	for (; length > 0; v++) {
		size_t n = v->iov_len < length ? v->iov_len : length;

		memcpy(to, v->iov_base, n);
		to += n;
		length -= n;
	}
}

/* Appends a record in one write, so that threads do not mix theirs. */
static void
remember(struct record r, const struct iovec *v)
{
	size_t size = sizeof r + r.length;
	char *p = malloc(size);

	if (p == NULL)
		err(1, "FAULT_TRACE");
	r.end = now();
	memcpy(p, &r, sizeof r);
	if (r.length > 0)
		gather(p + sizeof r, v, r.length);
	if (write(trace, p, size) != (ssize_t)size)
		err(1, "FAULT_TRACE");
	free(p);
}

/*
 * The disk.
 */

/* The vector cut to half of its bytes, at least one. */
static int
half(const struct iovec *v, int n, struct iovec to[])
{
	size_t left = (total(v, n) + 1) / 2;
	int i;

	for (i = 0; i < n && left > 0; i++) {
		to[i] = v[i];
		if (to[i].iov_len > left)
			to[i].iov_len = left;
		left -= to[i].iov_len;
	}
	return i;
}

ssize_t
preadv(int fd, const struct iovec *v, int n, off_t o)
{
	int how = judge("read", o, total(v, n));
	struct iovec some[VECTOR_MOST];

	if (fails(how))
		return -1;
	if (how == SHORT)
		n = half(v, n, some);
	return NEXT(ssize_t, "preadv", int, const struct iovec *, int, off_t)
	    (fd, how == SHORT ? some : v, n, o);
}

static ssize_t
put(int fd, const struct iovec *v, int n, off_t o)
{
	struct record r = { .begin = now(), .offset = (uint64_t)o,
	    .durable = (fcntl(fd, F_GETFL) & O_DSYNC) != 0 };
	ssize_t done = NEXT(ssize_t, "pwritev", int, const struct iovec *, int,
	    off_t)(fd, v, n, o);

	if (done > 0 && trace >= 0) {
		r.length = (uint32_t)done;
		remember(r, v);
	}
	return done;
}

/* Keeps the write for later, and does the one that was kept. */
static ssize_t
put_late(int fd, const struct iovec *v, int n, off_t o)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static struct iovec kept;
	static off_t where;
	size_t size = total(v, n);

	pthread_mutex_lock(&lock);
	if (kept.iov_base != NULL)
		put(fd, &kept, 1, where);
	free(kept.iov_base);
	kept = (struct iovec){ aligned_alloc(4096, (size + 4095) & ~4095UL),
	    size };
	if (kept.iov_base == NULL)
		err(1, "lie");
	gather(kept.iov_base, v, size);
	where = o;
	pthread_mutex_unlock(&lock);
	return (ssize_t)size;
}

ssize_t
pwritev(int fd, const struct iovec *v, int n, off_t o)
{
	int how = judge("write", o, total(v, n));
	struct iovec some[VECTOR_MOST];

	if (fails(how))
		return -1;
	if (how == LIE)
		return put_late(fd, v, n, o);
	if (how == SHORT)
		n = half(v, n, some);
	return put(fd, how == SHORT ? some : v, n, o);
}

int
fdatasync(int fd)
{
	struct record r = { .begin = now() };
	int how = judge("sync", 0, 0);
	int failed;

	if (fails(how))
		return -1;
	if (how == LIE)
		return 0;
	failed = NEXT(int, "fdatasync", int)(fd);
	if (!failed && trace >= 0)
		remember(r, NULL);
	return failed;
}

int
fstat64(int fd, struct stat64 *st)
{
	if (fails(judge("size", 0, 0)))
		return -1;
	return NEXT(int, "fstat64", int, struct stat64 *)(fd, st);
}

/* preadv2 comes this way, since some C libraries lack it. */
long
syscall(long number, ...)
{
	long a[6];
	va_list ap;
	int how;

	va_start(ap, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	if (number == SYS_preadv2) {
		const struct iovec *v = (void *)a[1];

		how = judge("now", a[3], total(v, (int)a[2]));
		if (fails(how))
			return -1;
		if (how == SHORT)
			a[2] = (a[2] + 1) / 2;
	}
	return NEXT(long, "syscall", long, ...)(number, a[0], a[1], a[2], a[3],
	    a[4], a[5]);
}

/*
 * The rest of the kernel.
 */

int
sendmmsg(int fd, struct mmsghdr *m, unsigned n, int flags)
{
	int how = judge("send", 0, 0);

	if (fails(how))
		return -1;
	return NEXT(int, "sendmmsg", int, struct mmsghdr *, unsigned, int)
	    (fd, m, how == SHORT ? (n + 1) / 2 : n, flags);
}

int
poll(struct pollfd *p, nfds_t n, int timeout)
{
	if (n > 1 && fails(judge("poll", 0, 0)))
		return -1;
	return NEXT(int, "poll", struct pollfd *, nfds_t, int)(p, n, timeout);
}

int
pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*f)(void *),
    void *arg)
{
	int how = judge("thread", 0, 0);

	return how > 0 ? how : NEXT(int, "pthread_create", pthread_t *,
	    const pthread_attr_t *, void *(*)(void *), void *)(t, a, f, arg);
}

static bool
clock_lies(time_t *seconds)
{
	int how = judge("clock", 0, 0);

	if (how == LIE)
		*seconds = rand();
	return how == LIE;
}

int
clock_gettime(clockid_t id, struct timespec *t)
{
	int failed = NEXT(int, "clock_gettime", clockid_t, struct timespec *)
	    (id, t);

	if (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)
		clock_lies(&t->tv_sec);
	return failed;
}

time_t
time(time_t *t)
{
	time_t seconds = NEXT(time_t, "time", time_t *)(t);

	clock_lies(&seconds);
	return seconds;
}

/* dlsym allocates, so this cannot ask it for the next. */
extern void *__libc_calloc(size_t, size_t);

void *
calloc(size_t n, size_t size)
{
	return fails(judge("memory", 0, 0)) ? NULL : __libc_calloc(n, size);
}

TWIN(preadv, preadv64);
TWIN(pwritev, pwritev64);
