/* SPDX-License-Identifier: ISC */
/*
 * shim: a disk and a kernel that fail as a test specifies, for LD_PRELOAD, with
 * a trace of what reached the disk and when.
 *
 *	FAULT_RULES	a file, read at each call; every line is a rule:
 *			CALL AT HOW [EVERY]
 *	FAULT_LOG	a file to which each injected fault is appended, as
 *			CALL OFFSET HOW VIA; VIA is ring or call.  A line
 *			"unaligned ..." reports direct I/O on memory that is
 *			not aligned to a sector
 *	FAULT_TRACE	if set, a file that gets a struct record (aoe-wire.h)
 *			for every write and sync, in the order of their ends
 *
 * CALL is one of `names` below.  AT is a byte of the file, which matches calls
 * that touch it, or *.  HOW is the name of an error, or
 *
 *	short	submit or send only half of the messages
 *	slow	wait some milliseconds first
 *	hang	wait until the rule is gone
 *	lie	a sync: do nothing; a write: done some milliseconds later, as
 *		the trace has it
 *
 * EVERY n exempts all calls of that name but the first, the n+1st and so on.
 *
 * An io_uring is emulated: threads of the shim perform its operations, by the
 * same functions that the program would call without a ring, and so with the
 * same rules.  The kernel makes a ring, whose memory is used, and has to accept
 * all that the program sets up and registers; it gets no operation.
 *
 * All files are opened before main, since the program under test gives up the
 * right to.
 */
#define _GNU_SOURCE 1
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
#include "aoe-wire.h"

enum { RULES_MAX = 1024, IOV_COUNT_MAX = 1024, FILES_MAX = 16, SLOW_MS = 5 };

/* What may happen to a call, beside errno values. */
enum { SHORT = -6, SLOW, HANG, LIE };
static const char *const faults[] = { "short", "slow", "hang", "lie" };

enum call { READ, NOW, WRITE, SYNC, SIZE, SEND, WAIT, THREAD, SETUP, SUBMIT,
    RXRING, CALLS };
static const char *const names[] = {
	[READ] = "read",	/* preadv, READV, preadv2 without a flag */
	[NOW] = "now",		/* preadv2, which must not wait */
	[WRITE] = "write",	/* pwritev, WRITEV */
	[SYNC] = "sync",	/* fdatasync, FSYNC */
	[SIZE] = "size",	/* lseek to the end */
	[SEND] = "send",	/* sendmmsg */
	[WAIT] = "wait",	/* pselect; "short": signals stay blocked */
	[THREAD] = "thread",	/* pthread_create */
	[SETUP] = "setup",	/* io_uring_setup */
	[SUBMIT] = "submit",	/* io_uring_enter with something to submit */
	[RXRING] = "rxring",	/* PACKET_RX_RING */
};

static int rules = -1, fault_log = -1, trace = -1;
static atomic_ullong calls[CALLS];
static _Thread_local bool via_ring;

static int
open_variable(const char *variable, int flags)
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
	rules = open_variable("FAULT_RULES", O_RDONLY | O_CREAT);
	fault_log = open_variable("FAULT_LOG", O_WRONLY | O_CREAT | O_APPEND);
	trace = open_variable("FAULT_TRACE", O_WRONLY | O_CREAT | O_APPEND);
}

/* The next definition of a function of this name and these types. */
#define NEXT(type, name, ...) \
	((type (*)(__VA_ARGS__))dlsym(RTLD_NEXT, name))
#define KERNEL NEXT(long, "syscall", long, ...)
#define NEXT_CREATE NEXT(int, "pthread_create", pthread_t *, \
	const pthread_attr_t *, void *(*)(void *), void *)

/* Each function has the name of the C library and its 64-bit name. */
#define ALIAS(name, other) \
	extern __typeof__(name) other __attribute__((alias(#name)))

/*
 * Rules.
 */

static int
fault_number(const char *name)
{
	for (int i = SHORT; i <= LIE; i++)
		if (strcmp(faults[i - SHORT], name) == 0)
			return i;
	for (int i = 1; i < 256; i++)
		if (strerrorname_np(i) != NULL &&
		    strcmp(strerrorname_np(i), name) == 0)
			return i;
	errx(1, "FAULT_RULES: unknown fault %s", name);
}

/* What is to happen to the nth such call: 0, an errno, or one of the enum. */
static int
lookup_rules(enum call c, unsigned long long nth, off_t offset, size_t length)
{
	char text[RULES_MAX + 1], *line, *rest = text;
	ssize_t n = rules < 0 ? 0 : pread(rules, text, RULES_MAX, 0);

	text[n > 0 ? n : 0] = '\0';
	while ((line = strsep(&rest, "\n")) != NULL) {
		char name[16], at[24], how[16];
		unsigned every = 1;
		off_t byte;

		if (sscanf(line, "%15s %23s %15s %u", name, at, how,
		    &every) < 3 || strcmp(name, names[c]) != 0 ||
		    nth % every != 0)
			continue;
		byte = (off_t)strtoll(at, NULL, 10);
		if (strcmp(at, "*") == 0 || (byte >= offset &&
		    byte < offset + (off_t)length))
			return fault_number(how);
	}
	return 0;
}

static void
log_fault(const char *name, off_t offset, int how)
{
	char line[80];
	int n = snprintf(line, sizeof line, "%s %lld %s %s\n", name,
	    (long long)offset, how < 0 ? faults[how - SHORT] :
	    strerrorname_np(how), via_ring ? "ring" : "call");

	if (fault_log >= 0 && write(fault_log, line, (size_t)n) != n)
		warn("FAULT_LOG");
}

/*
 * Apply the rules to a call.  A delay is over when this returns: then the call
 * fails with the errno (-1), or the result is 0, SHORT or LIE.
 */
static int
judge(enum call c, off_t offset, size_t length)
{
	unsigned long long nth = atomic_fetch_add(&calls[c], 1);
	int how = lookup_rules(c, nth, offset, length);

	if (how != 0)
		log_fault(names[c], offset, how);
	if (how == SLOW)
		usleep(SLOW_MS * 1000);
	while (how == HANG && lookup_rules(c, nth, offset, length) == HANG)
		usleep(1000);
	if (how <= 0)
		return how == SHORT || how == LIE ? how : 0;
	errno = how;
	return -1;
}

static bool
fails(enum call c)
{
	return judge(c, 0, 0) == -1;
}

/* How many of n messages a call passes on; -1 if it fails. */
static int
judge_messages(enum call c, int n)
{
	int how = judge(c, 0, 0);

	return how == -1 ? -1 : how == SHORT ? (n + 1) / 2 : n;
}

/*
 * The disk.
 */

static size_t
iov_length(const struct iovec *v, int n)
{
	size_t sum = 0;

	for (int i = 0; i < n; i++)
		sum += v[i].iov_len;
	return sum;
}

/* Append a record in one write, so that threads do not mix theirs. */
static void
trace_add(struct record r, const struct iovec *v, int n)
{
	struct iovec all[IOV_COUNT_MAX + 1] = { { &r, sizeof r } };

	if (trace < 0)
		return;
	r.end += now();
	memcpy(all + 1, v, (size_t)n * sizeof *v);
	if (writev(trace, all, n + 1) != (ssize_t)(sizeof r + r.length))
		err(1, "FAULT_TRACE");
}

/* Log direct I/O that a disk would refuse, though the file may not. */
static void
check_alignment(int fd, const struct iovec *v, int n, off_t o)
{
	uintptr_t bits = 0;

	for (int i = 0; i < n; i++)
		bits |= (uintptr_t)v[i].iov_base;
	if (bits % SECTOR != 0 && (fcntl(fd, F_GETFL) & O_DIRECT) != 0)
		log_fault("unaligned", o, EINVAL);
}

ssize_t
preadv(int fd, const struct iovec *v, int n, off_t o)
{
	check_alignment(fd, v, n, o);
	if (judge(READ, o, iov_length(v, n)) == -1)
		return -1;
	return KERNEL(SYS_preadv, fd, v, (long)n, o, 0);
}

ssize_t
pwritev(int fd, const struct iovec *v, int n, off_t o)
{
	int how = judge(WRITE, o, iov_length(v, n));
	struct record r = { .begin = now(), .offset = (uint64_t)o,
	    .length = iov_length(v, n) };
	ssize_t done;

	check_alignment(fd, v, n, o);
	if (how == -1)
		return -1;
	if (how == LIE) {
		r.end = SLOW_MS * 1000000;
		r.begin += r.end;
	}
	done = KERNEL(SYS_pwritev, fd, v, (long)n, o, 0);
	if (done == (ssize_t)r.length)
		trace_add(r, v, n);
	return done;
}

int
fdatasync(int fd)
{
	int how = judge(SYNC, 0, 0), failed;
	struct record r = { .begin = now() };

	if (how != 0)
		return how == LIE ? 0 : -1;
	failed = (int)KERNEL(SYS_fdatasync, fd);
	if (!failed)
		trace_add(r, &(struct iovec){ 0 }, 0);
	return failed;
}

off_t
lseek(int fd, off_t offset, int whence)
{
	if (whence == SEEK_END && fails(SIZE))
		return -1;
	return KERNEL(SYS_lseek, fd, offset, whence);
}

/*
 * The emulation of an io_uring, in the memory of the kernel's.
 */

static struct {
	int fd;			/* eventfd, which the program takes for it */
	int kernel;
	int files[FILES_MAX];
	struct io_uring_params p;
	uint8_t *memory;	/* of both queues */
	struct io_uring_sqe *sqe;
} ring = { .fd = -1 };

static pthread_mutex_t ring_lock = PTHREAD_MUTEX_INITIALIZER;

/* The memory of the queues is where the program maps it. */
void *
mmap(void *addr, size_t length, int prot, int flags, int fd, off_t offset)
{
	bool of_ring = fd >= 0 && fd == ring.fd;
	void *p = (void *)KERNEL(SYS_mmap, addr, length, (long)prot,
	    (long)flags, (long)(of_ring ? ring.kernel : fd), offset);

	if (of_ring && offset == IORING_OFF_SQES)
		ring.sqe = p;
	else if (of_ring && offset == IORING_OFF_SQ_RING)
		ring.memory = p;
	return p;
}

static long
ring_setup(unsigned entries, struct io_uring_params *p)
{
	if (fails(SETUP))
		return -1;
	ring.kernel = (int)KERNEL(SYS_io_uring_setup, entries, p);
	if (ring.kernel < 0)
		return -1;
	if (ring.fd >= 0 || (p->features & IORING_FEAT_SINGLE_MMAP) == 0)
		errx(1, "a ring that is not emulated");
	ring.p = *p;
	return ring.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

static long
ring_register(unsigned op, void *arg, unsigned n)
{
	if (op == IORING_REGISTER_FILES && n <= FILES_MAX)
		memcpy(ring.files, arg, n * sizeof *ring.files);
	return KERNEL(SYS_io_uring_register, ring.kernel, op, arg, n);
}

static _Atomic unsigned *
ring_index(unsigned offset)
{
	return (_Atomic unsigned *)(ring.memory + offset);
}

/* A thread performs one operation, and frees it. */
static void *
ring_perform(void *copy)
{
	struct io_uring_sqe *s = copy;
	const struct iovec *v = (void *)(uintptr_t)s->addr;
	int fd = ring.files[s->fd];
	long result;
	_Atomic unsigned *tail = ring_index(ring.p.cq_off.tail);
	struct io_uring_cqe *cqe = (void *)(ring.memory + ring.p.cq_off.cqes);

	via_ring = true;
	result = s->opcode == IORING_OP_FSYNC ? fdatasync(fd) :
	    s->opcode == IORING_OP_READV ?
	    preadv(fd, v, (int)s->len, (off_t)s->off) :
	    pwritev(fd, v, (int)s->len, (off_t)s->off);
	if (result < 0)
		result = -errno;
	pthread_mutex_lock(&ring_lock);
	cqe[*tail & (ring.p.cq_entries - 1)] = (struct io_uring_cqe){
	    .user_data = s->user_data, .res = (int)result };
	++*tail;
	if (eventfd_write(ring.fd, 1) < 0)
		err(1, "eventfd");
	pthread_mutex_unlock(&ring_lock);
	free(s);
	return NULL;
}

/* Start a thread with all signals blocked; those are the program's. */
static void
ring_start(const struct io_uring_sqe *s)
{
	struct io_uring_sqe *copy = malloc(sizeof *copy);
	sigset_t all, old;
	pthread_t t;

	if (copy == NULL || s->flags != IOSQE_FIXED_FILE ||
	    (s->opcode != IORING_OP_FSYNC && s->opcode != IORING_OP_READV &&
	    s->opcode != IORING_OP_WRITEV))
		errx(1, "operation %u is not emulated", s->opcode);
	*copy = *s;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	if (NEXT_CREATE(&t, NULL, ring_perform, copy) != 0)
		errx(1, "thread of the ring");
	pthread_detach(t);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

static long
ring_enter(int n)
{
	unsigned *array = (unsigned *)(ring.memory + ring.p.sq_off.array);
	_Atomic unsigned *head = ring_index(ring.p.sq_off.head);

	n = judge_messages(SUBMIT, n);
	for (int i = 0; i < n; i++, ++*head)
		ring_start(&ring.sqe[array[*head & (ring.p.sq_entries - 1)]]);
	return n;
}

/* The eventfd is readable if completions are left; no call shows that. */
static void
ring_wait(void)
{
	eventfd_t n;

	if (ring.fd < 0)
		return;
	pthread_mutex_lock(&ring_lock);
	if (*ring_index(ring.p.cq_off.head) == *ring_index(ring.p.cq_off.tail))
		eventfd_read(ring.fd, &n);
	pthread_mutex_unlock(&ring_lock);
}

/* io_uring has no other interface, and some C libraries lack preadv2. */
long
syscall(long number, ...)
{
	long a[6];
	va_list ap;

	va_start(ap, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	if (number == SYS_io_uring_setup)
		return ring_setup((unsigned)a[0], (void *)a[1]);
	if (number == SYS_io_uring_enter)
		return ring_enter((int)a[1]);
	if (number == SYS_io_uring_register)
		return ring_register((unsigned)a[1], (void *)a[2],
		    (unsigned)a[3]);
	if (number == SYS_preadv2) {
		size_t n = iov_length((void *)a[1], (int)a[2]);

		if (judge(NOW, a[3], n) == -1 ||
		    (a[5] == 0 && judge(READ, a[3], n) == -1))
			return -1;
	}
	return KERNEL(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/*
 * The rest of the kernel.
 */

int
sendmmsg(int fd, struct mmsghdr *m, unsigned n, int flags)
{
	int some = judge_messages(SEND, (int)n);

	return some < 0 ? -1 : (int)KERNEL(SYS_sendmmsg, fd, m, some, flags);
}

int
pselect(int n, fd_set *restrict in, fd_set *restrict out,
    fd_set *restrict except, const struct timespec *restrict timeout,
    const sigset_t *restrict mask)
{
	int how = judge(WAIT, 0, 0);

	if (how == -1)
		return -1;
	ring_wait();
	return NEXT(int, "pselect", int, fd_set *, fd_set *, fd_set *,
	    const struct timespec *, const sigset_t *)(n, in, out, except,
	    timeout, how == SHORT ? NULL : mask);
}

int
setsockopt(int fd, int level, int name, const void *value, socklen_t length)
{
	if (level == SOL_PACKET && name == PACKET_RX_RING && fails(RXRING))
		return -1;
	return (int)KERNEL(SYS_setsockopt, fd, level, name, value, length);
}

int
pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*f)(void *),
    void *arg)
{
	return fails(THREAD) ? errno : NEXT_CREATE(t, a, f, arg);
}

ALIAS(preadv, preadv64);
ALIAS(pwritev, pwritev64);
ALIAS(mmap, mmap64);
ALIAS(lseek, lseek64);
