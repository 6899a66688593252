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
 *	short	do only half of what was requested
 *	slow	wait some milliseconds first
 *	hang	wait until the rule is gone
 *	hold	the same, but only one call at a time: others pass it
 *	lie	a sync: do nothing; a write: do it when the next one is
 *		done; a clock: return a random time
 *
 * EVERY n exempts all calls of that name but the first, the n+1st and so on.
 *
 * An io_uring is emulated: threads of the shim perform its operations, by the
 * same functions that the program would call without a ring, and so with the
 * same rules.  The kernel still makes a ring of its own and has to accept all
 * that the program sets up and registers; it is not used for more.
 *
 * All files are opened before main, since the program under test gives up the
 * right to.
 */
#define _GNU_SOURCE 1
#include <assert.h>
#include <dlfcn.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/io_uring.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <linux/if_packet.h>

#include "aoe-wire.h"

enum { RULES_MAX = 1024, IOV_COUNT_MAX = 1024 };
/* Beside errno values. */
enum { SHORT = -1, HANG = -2, LIE = -3, SLOW = -4, HOLD = -5 };

struct call {
	const char *name;
	off_t offset;
	size_t length;
	unsigned long long nth;	/* calls of this name before */
};

static int rules = -1, fault_log = -1, trace = -1;
static const char *const names[] = {
	"read",		/* preadv, READV */
	"now",		/* preadv2, which must not wait */
	"write",	/* pwritev, WRITEV */
	"sync",		/* fdatasync, FSYNC */
	"size",		/* fstat, lseek to the end, BLKGETSIZE64 */
	"send",		/* sendmmsg */
	"wait",		/* select, or poll of several descriptors */
	"thread",	/* pthread_create */
	"memory",	/* calloc, aligned_alloc, posix_memalign */
	"clock",	/* the one that can be set */
	"setup",	/* io_uring_setup */
	"submit",	/* io_uring_enter with something to submit */
	"rxring",	/* PACKET_RX_RING */
};
enum { NAMES = sizeof names / sizeof *names };
static atomic_ullong calls[NAMES];
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

/* Each function has the name of the C library and its 64-bit name. */
#define ALIAS(name, other) \
	extern __typeof__(name) other __attribute__((alias(#name)))

/*
 * Rules.
 */

static int
fault_number(const char *name)
{
	static const struct { const char *name; int number; } known[] = {
		{ "short", SHORT }, { "hang", HANG }, { "lie", LIE },
		{ "slow", SLOW }, { "hold", HOLD },
		{ "EIO", EIO }, { "ENOSPC", ENOSPC }, { "EINTR", EINTR },
		{ "EAGAIN", EAGAIN }, { "ENOMEM", ENOMEM }, { "EBUSY", EBUSY },
		{ "ENOBUFS", ENOBUFS }, { "ENETDOWN", ENETDOWN },
		{ "EPERM", EPERM }, { "ENODEV", ENODEV }, { "EINVAL", EINVAL },
		{ "EOPNOTSUPP", EOPNOTSUPP }, { "ENOSYS", ENOSYS },
		{ "ENXIO", ENXIO }, { "ENOPROTOOPT", ENOPROTOOPT },
	};

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (strcmp(known[i].name, name) == 0)
			return known[i].number;
	errx(1, "FAULT_RULES: unknown fault %s", name);
}

/* Does a line of the rules apply to a call? */
static bool
rule_applies(const char *line, const struct call *c, int *how)
{
	char name[16], at[24], fault[16];
	unsigned every = 1;
	off_t byte;

	if (sscanf(line, "%15s %23s %15s %u", name, at, fault, &every) < 3 ||
	    strcmp(name, c->name) != 0 || (every > 1 && c->nth % every != 0))
		return false;
	byte = (off_t)strtoll(at, NULL, 10);
	if (strcmp(at, "*") != 0 && (byte < c->offset ||
	    byte >= c->offset + (off_t)c->length))
		return false;
	*how = fault_number(fault);
	return true;
}

/* How many calls of this name there have been; counts one more. */
static unsigned long long
count_call(const char *name)
{
	int i = 0;

	while (i < NAMES && strcmp(names[i], name) != 0)
		i++;
	assert(i < NAMES);
	return atomic_fetch_add(&calls[i], 1);
}

/* What is to happen to a call: 0, an errno, or one of the enum. */
static int
lookup_rules(const struct call *c)
{
	char text[RULES_MAX + 1], *line, *rest = text;
	ssize_t n = rules < 0 ? 0 : pread(rules, text, RULES_MAX, 0);
	int how = 0;

	text[n > 0 ? n : 0] = '\0';
	while ((line = strsep(&rest, "\n")) != NULL)
		if (rule_applies(line, c, &how))
			return how;
	return 0;
}

static void
log_fault(const struct call *c, int how)
{
	char line[80];
	int n = snprintf(line, sizeof line, "%s %lld %d %s\n", c->name,
	    (long long)c->offset, how, via_ring ? "ring" : "call");

	if (fault_log >= 0 && write(fault_log, line, (size_t)n) != n)
		warn("FAULT_LOG");
}

static void
pause_ms(long ms)
{
	const struct timespec t = { .tv_nsec = ms * 1000000 };

	nanosleep(&t, NULL);
}

/* Apply the rules to a call.  A delay is over when this returns. */
static int
judge(const char *name, off_t offset, size_t length)
{
	static atomic_flag held = ATOMIC_FLAG_INIT;
	struct call c = { .name = name, .offset = offset, .length = length,
	    .nth = count_call(name) };
	int how = lookup_rules(&c);

	if (how == HOLD && atomic_flag_test_and_set(&held))
		how = 0;
	if (how != 0)
		log_fault(&c, how);
	if (how == SLOW)
		pause_ms(5);
	if (how == HANG || how == HOLD)
		while (lookup_rules(&c) == how)
			pause_ms(1);
	if (how == HOLD)
		atomic_flag_clear(&held);
	return how == SLOW || how == HANG || how == HOLD ? 0 : how;
}

/* Apply an errno from a rule. */
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

static size_t
iov_length(const struct iovec *v, int n)
{
	size_t sum = 0;

	for (int i = 0; i < n; i++)
		sum += v[i].iov_len;
	return sum;
}

/* Copy the first `length` bytes of a vector. */
static void
iov_gather(char *to, const struct iovec *v, size_t length)
{
	for (; length > 0; v++) {
		size_t n = v->iov_len < length ? v->iov_len : length;

		memcpy(to, v->iov_base, n);
		to += n;
		length -= n;
	}
}

/* Append a record in one write, so that threads do not mix theirs. */
static void
trace_add(struct record r, const struct iovec *v)
{
	size_t size = sizeof r + r.length;
	char *p = malloc(size);

	if (p == NULL)
		err(1, "FAULT_TRACE");
	r.end = now();
	memcpy(p, &r, sizeof r);
	if (r.length > 0)
		iov_gather(p + sizeof r, v, r.length);
	if (write(trace, p, size) != (ssize_t)size)
		err(1, "FAULT_TRACE");
	free(p);
}

/*
 * The disk.
 */

/* The vector cut to half of its bytes, at least one. */
static int
iov_half(const struct iovec *v, int n, struct iovec to[])
{
	size_t left = (iov_length(v, n) + 1) / 2;
	int i;

	for (i = 0; i < n && left > 0; i++) {
		to[i] = v[i];
		if (to[i].iov_len > left)
			to[i].iov_len = left;
		left -= to[i].iov_len;
	}
	return i;
}

/* Log direct I/O that a disk would refuse, though the file may not. */
static void
check_alignment(int fd, const struct iovec *v, int n, off_t o)
{
	struct call c = { .name = "unaligned", .offset = o };

	if ((fcntl(fd, F_GETFL) & O_DIRECT) != 0)
		for (int i = 0; i < n; i++)
			if ((uintptr_t)v[i].iov_base % SECTOR != 0) {
				log_fault(&c, 0);
				return;
			}
}

ssize_t
preadv(int fd, const struct iovec *v, int n, off_t o)
{
	int how = judge("read", o, iov_length(v, n));
	struct iovec some[IOV_COUNT_MAX];

	check_alignment(fd, v, n, o);
	if (fails(how))
		return -1;
	if (how == SHORT)
		n = iov_half(v, n, some);
	return NEXT(ssize_t, "preadv", int, const struct iovec *, int, off_t)
	    (fd, how == SHORT ? some : v, n, o);
}

static ssize_t
write_traced(int fd, const struct iovec *v, int n, off_t o)
{
	struct record r = { .begin = now(), .offset = (uint64_t)o,
	    .durable = (fcntl(fd, F_GETFL) & O_DSYNC) != 0 };
	ssize_t done = NEXT(ssize_t, "pwritev", int, const struct iovec *, int,
	    off_t)(fd, v, n, o);

	if (done > 0 && trace >= 0) {
		r.length = (uint32_t)done;
		trace_add(r, v);
	}
	return done;
}

/* Keep the write for later, and perform the one that was kept. */
static ssize_t
write_late(int fd, const struct iovec *v, int n, off_t o)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static struct iovec kept;
	static off_t where;
	size_t size = iov_length(v, n);

	pthread_mutex_lock(&lock);
	if (kept.iov_base != NULL)
		write_traced(fd, &kept, 1, where);
	free(kept.iov_base);
	kept = (struct iovec){ aligned_alloc(4096, (size + 4095) & ~4095UL),
	    size };
	if (kept.iov_base == NULL)
		err(1, "lie");
	iov_gather(kept.iov_base, v, size);
	where = o;
	pthread_mutex_unlock(&lock);
	return (ssize_t)size;
}

ssize_t
pwritev(int fd, const struct iovec *v, int n, off_t o)
{
	int how = judge("write", o, iov_length(v, n));
	struct iovec some[IOV_COUNT_MAX];

	check_alignment(fd, v, n, o);
	if (fails(how))
		return -1;
	if (how == LIE)
		return write_late(fd, v, n, o);
	if (how == SHORT)
		n = iov_half(v, n, some);
	return write_traced(fd, how == SHORT ? some : v, n, o);
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
	r.begin = now();
	failed = NEXT(int, "fdatasync", int)(fd);
	if (!failed && trace >= 0)
		trace_add(r, NULL);
	return failed;
}

int
fstat64(int fd, struct stat64 *st)
{
	if (fails(judge("size", 0, 0)))
		return -1;
	return NEXT(int, "fstat64", int, struct stat64 *)(fd, st);
}

int
ioctl(int fd, unsigned long request, ...)
{
	va_list ap;
	void *arg;

	va_start(ap, request);
	arg = va_arg(ap, void *);
	va_end(ap);
	if (request == BLKGETSIZE64 && fails(judge("size", 0, 0)))
		return -1;
	return NEXT(int, "ioctl", int, unsigned long, ...)(fd, request, arg);
}

off_t
lseek(int fd, off_t offset, int whence)
{
	if (whence == SEEK_END && fails(judge("size", 0, 0)))
		return -1;
	return NEXT(off_t, "lseek", int, off_t, int)(fd, offset, whence);
}

/*
 * The emulation of an io_uring.
 */

enum { RING_SIZE = 1 << 20, FILES_MAX = 16, THREADS_MAX = 512 };

/* The memory that the program maps: indices, SQ array, CQEs, then SQEs. */
struct ring_head {
	_Atomic unsigned sq_head, sq_tail, sq_mask, sq_entries, sq_flags,
	    sq_dropped;
	_Atomic unsigned cq_head, cq_tail, cq_mask, cq_entries, cq_flags,
	    cq_overflow;
};

struct ring_op {
	struct ring_op *next;
	struct io_uring_sqe sqe;
	int fd;
	int count;
	struct iovec iov[];
};

static struct {
	int fd;			/* eventfd: readable if the CQ is not empty */
	int kernel;		/* the ring that it has to accept */
	int event;		/* registered eventfd, or -1 */
	bool enabled;
	bool restricted;
	bool allowed[256];	/* opcodes */
	unsigned flags_allowed, flags_required;
	int files[FILES_MAX];
	struct ring_head *head;
	unsigned *array;
	struct io_uring_cqe *cqe;
	struct io_uring_sqe *sqe;
	struct ring_op *first, **last;	/* to be performed */
	unsigned idle, threads;
} ring = { .fd = -1, .event = -1 };

static pthread_mutex_t ring_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t ring_work = PTHREAD_COND_INITIALIZER;
static pthread_cond_t ring_done = PTHREAD_COND_INITIALIZER;

static long
next_syscall(long number, long a, long b, long c, long d, long e, long f)
{
	return NEXT(long, "syscall", long, ...)(number, a, b, c, d, e, f);
}

static void *
anonymous(size_t size)
{
	void *p = NEXT(void *, "mmap", void *, size_t, int, int, int, off_t)
	    (NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
	    -1, 0);

	if (p == MAP_FAILED)
		err(1, "ring memory");
	return p;
}

static long
ring_setup(unsigned entries, struct io_uring_params *p)
{
	struct ring_head *h;

	if (fails(judge("setup", 0, 0)))
		return -1;
	ring.kernel = (int)next_syscall(SYS_io_uring_setup, entries, (long)p,
	    0, 0, 0, 0);
	if (ring.kernel < 0)
		return -1;
	if (ring.fd >= 0)
		errx(1, "a second ring");
	if ((p->flags & (IORING_SETUP_SQPOLL | IORING_SETUP_SQE128 |
	    IORING_SETUP_CQE32)) != 0)
		errx(1, "ring set-up flags %#x are not emulated", p->flags);
	ring.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	ring.enabled = (p->flags & IORING_SETUP_R_DISABLED) == 0;
	ring.last = &ring.first;
	for (int i = 0; i < FILES_MAX; i++)
		ring.files[i] = -1;
	ring.head = h = anonymous(RING_SIZE);
	ring.array = (unsigned *)(h + 1);
	ring.cqe = (void *)(ring.array + p->sq_entries * 2);
	ring.sqe = anonymous(p->sq_entries * sizeof *ring.sqe);
	h->sq_entries = p->sq_entries;
	h->sq_mask = p->sq_entries - 1;
	h->cq_entries = p->cq_entries;
	h->cq_mask = p->cq_entries - 1;
#define OFF(field) ((unsigned)offsetof(struct ring_head, field))
	p->sq_off = (struct io_sqring_offsets){ .head = OFF(sq_head),
	    .tail = OFF(sq_tail), .ring_mask = OFF(sq_mask),
	    .ring_entries = OFF(sq_entries), .flags = OFF(sq_flags),
	    .dropped = OFF(sq_dropped), .array = sizeof *h };
	p->cq_off = (struct io_cqring_offsets){ .head = OFF(cq_head),
	    .tail = OFF(cq_tail), .ring_mask = OFF(cq_mask),
	    .ring_entries = OFF(cq_entries), .flags = OFF(cq_flags),
	    .overflow = OFF(cq_overflow),
	    .cqes = (unsigned)((char *)ring.cqe - (char *)h) };
	return ring.fd;
}

void *
mmap(void *addr, size_t length, int prot, int flags, int fd, off_t offset)
{
	if (fd < 0 || fd != ring.fd)
		return NEXT(void *, "mmap", void *, size_t, int, int, int,
		    off_t)(addr, length, prot, flags, fd, offset);
	if (offset == IORING_OFF_SQES)
		return ring.sqe;
	if (length > RING_SIZE)
		errx(1, "a ring of %zu bytes", length);
	return ring.head;
}

static void
ring_restrict(const struct io_uring_restriction *r, unsigned n)
{
	ring.restricted = true;
	for (; n > 0; n--, r++) {
		if (r->opcode == IORING_RESTRICTION_SQE_OP)
			ring.allowed[r->sqe_op] = true;
		else if (r->opcode == IORING_RESTRICTION_SQE_FLAGS_ALLOWED)
			ring.flags_allowed |= r->sqe_flags;
		else if (r->opcode == IORING_RESTRICTION_SQE_FLAGS_REQUIRED)
			ring.flags_required |= r->sqe_flags;
	}
}

static void
ring_files(const int *fds, unsigned n)
{
	if (n > FILES_MAX)
		errx(1, "%u registered files", n);
	for (unsigned i = 0; i < n; i++)
		ring.files[i] = fds[i] < 0 ? -1 :
		    fcntl(fds[i], F_DUPFD_CLOEXEC, 100);
}

static long
ring_register(unsigned op, void *arg, unsigned n)
{
	long result = next_syscall(SYS_io_uring_register, ring.kernel, op,
	    (long)arg, n, 0, 0);

	if (result < 0)
		return result;
	switch (op) {
	case IORING_REGISTER_FILES:
		ring_files(arg, n);
		break;
	case IORING_REGISTER_EVENTFD:
	case IORING_REGISTER_EVENTFD_ASYNC:
		ring.event = *(int *)arg;
		break;
	case IORING_REGISTER_RESTRICTIONS:
		ring_restrict(arg, n);
		break;
	case IORING_REGISTER_ENABLE_RINGS:
		ring.enabled = true;
		break;
	case IORING_UNREGISTER_FILES:
	case IORING_REGISTER_PROBE:
	case IORING_REGISTER_IOWQ_MAX_WORKERS:
	case IORING_REGISTER_IOWQ_AFF:
		break;
	default:
		errx(1, "io_uring_register %u is not emulated", op);
	}
	return result;
}

/* Make the eventfd readable if and only if the CQ is not empty; locked. */
static void
ring_signal(void)
{
	uint64_t n = 1;
	bool empty = ring.head->cq_head == ring.head->cq_tail;

	if ((empty ? read(ring.fd, &n, sizeof n) :
	    write(ring.fd, &n, sizeof n)) < 0 && errno != EAGAIN)
		err(1, "eventfd");
}

static void
ring_post(const struct ring_op *op, long result)
{
	struct ring_head *h = ring.head;
	uint64_t one = 1;

	pthread_mutex_lock(&ring_lock);
	while (h->cq_tail - h->cq_head >= h->cq_entries) {
		pthread_mutex_unlock(&ring_lock);
		pause_ms(1);
		pthread_mutex_lock(&ring_lock);
	}
	ring.cqe[h->cq_tail & h->cq_mask] = (struct io_uring_cqe){
	    .user_data = op->sqe.user_data, .res = (int)result };
	h->cq_tail++;
	ring_signal();
	if (ring.event >= 0 && write(ring.event, &one, sizeof one) < 0)
		err(1, "eventfd");
	pthread_cond_broadcast(&ring_done);
	pthread_mutex_unlock(&ring_lock);
}

static bool
ring_refuses(const struct io_uring_sqe *s)
{
	return ring.restricted && (!ring.allowed[s->opcode] ||
	    (s->flags & ring.flags_required) != ring.flags_required ||
	    (s->flags & ~(ring.flags_allowed | ring.flags_required)) != 0);
}

static long
ring_perform(const struct ring_op *op)
{
	const struct io_uring_sqe *s = &op->sqe;
	long result;

	if (ring_refuses(s))
		return -EACCES;
	if (op->fd < 0)
		return -EBADF;
	switch (s->opcode) {
	case IORING_OP_READV:
	case IORING_OP_READ:
		result = preadv(op->fd, op->iov, op->count, (off_t)s->off);
		break;
	case IORING_OP_WRITEV:
	case IORING_OP_WRITE:
		result = pwritev(op->fd, op->iov, op->count, (off_t)s->off);
		break;
	case IORING_OP_FSYNC:
		result = fdatasync(op->fd);
		break;
	default:
		errno = EINVAL;
		result = -1;
	}
	return result < 0 ? -errno : result;
}

/* A thread performs one operation after the other. */
static void *
ring_thread(void *unused)
{
	via_ring = true;
	pthread_mutex_lock(&ring_lock);
	for (;;) {
		struct ring_op *op;

		ring.idle++;
		while (ring.first == NULL)
			pthread_cond_wait(&ring_work, &ring_lock);
		ring.idle--;
		op = ring.first;
		ring.first = op->next;
		if (ring.first == NULL)
			ring.last = &ring.first;
		pthread_mutex_unlock(&ring_lock);
		ring_post(op, ring_perform(op));
		free(op);
		pthread_mutex_lock(&ring_lock);
	}
	return unused;
}

/* Start a thread with all signals blocked; those are the program's. */
static void
ring_thread_start(void)
{
	sigset_t all, old;
	pthread_t t;
	int failed;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	failed = NEXT(int, "pthread_create", pthread_t *,
	    const pthread_attr_t *, void *(*)(void *), void *)(&t, NULL,
	    ring_thread, NULL);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (failed != 0 || ring.threads++ == THREADS_MAX)
		errx(1, "thread %u of the ring", ring.threads);
}

/* Copy a request and its vector, as the kernel does; locked. */
static void
ring_take(const struct io_uring_sqe *s)
{
	bool vector = s->opcode == IORING_OP_READV ||
	    s->opcode == IORING_OP_WRITEV;
	size_t count = vector ? s->len : 1;
	struct ring_op *op = malloc(sizeof *op + count * sizeof *op->iov);
	int fd = s->fd;

	if (op == NULL)
		err(1, "ring");
	if ((s->flags & ~IOSQE_FIXED_FILE & ~IOSQE_ASYNC) != 0 ||
	    (s->opcode != IORING_OP_FSYNC && s->rw_flags != 0))
		errx(1, "flags %#x %#x of an operation are not emulated",
		    s->flags, s->rw_flags);
	if ((s->flags & IOSQE_FIXED_FILE) != 0)
		fd = fd >= 0 && fd < FILES_MAX ? ring.files[fd] : -1;
	*op = (struct ring_op){ .sqe = *s, .fd = fd, .count = (int)count };
	if (vector)
		memcpy(op->iov, (void *)(uintptr_t)s->addr,
		    count * sizeof *op->iov);
	else
		op->iov[0] = (struct iovec){ (void *)(uintptr_t)s->addr,
		    s->len };
	*ring.last = op;
	ring.last = &op->next;
}

static long
ring_enter(unsigned submit, unsigned complete, unsigned flags)
{
	struct ring_head *h = ring.head;
	unsigned n = h->sq_tail - h->sq_head;
	int how = submit > 0 ? judge("submit", 0, 0) : 0;

	if (fails(how))
		return -1;
	if (!ring.enabled) {
		errno = EBADFD;
		return -1;
	}
	n = n < submit ? n : submit;
	if (how == SHORT)
		n = (n + 1) / 2;
	pthread_mutex_lock(&ring_lock);
	for (unsigned i = 0; i < n; i++)
		ring_take(&ring.sqe[ring.array[h->sq_head++ & h->sq_mask]]);
	for (unsigned i = ring.idle; i < n; i++)
		ring_thread_start();
	pthread_cond_broadcast(&ring_work);
	while ((flags & IORING_ENTER_GETEVENTS) != 0 &&
	    h->cq_tail - h->cq_head < complete)
		pthread_cond_wait(&ring_done, &ring_lock);
	pthread_mutex_unlock(&ring_lock);
	return n;
}

/* The program may have emptied the CQ, which no call shows. */
static void
before_wait(void)
{
	if (ring.fd < 0)
		return;
	pthread_mutex_lock(&ring_lock);
	ring_signal();
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
	if (number == SYS_io_uring_enter && (int)a[0] == ring.fd)
		return ring_enter((unsigned)a[1], (unsigned)a[2],
		    (unsigned)a[3]);
	if (number == SYS_io_uring_register && (int)a[0] == ring.fd)
		return ring_register((unsigned)a[1], (void *)a[2],
		    (unsigned)a[3]);
	if (number == SYS_preadv2) {
		int how = judge("now", a[3],
		    iov_length((void *)a[1], (int)a[2]));

		if (fails(how))
			return -1;
		if (how == SHORT)
			a[2] = (a[2] + 1) / 2;
	}
	return next_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
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
select(int n, fd_set *restrict in, fd_set *restrict out,
    fd_set *restrict except, struct timeval *restrict timeout)
{
	if (fails(judge("wait", 0, 0)))
		return -1;
	before_wait();
	return NEXT(int, "select", int, fd_set *, fd_set *, fd_set *,
	    struct timeval *)(n, in, out, except, timeout);
}

int
poll(struct pollfd *p, nfds_t n, int timeout)
{
	if (n > 1 && fails(judge("wait", 0, 0)))
		return -1;
	before_wait();
	return NEXT(int, "poll", struct pollfd *, nfds_t, int)(p, n, timeout);
}

int
setsockopt(int fd, int level, int name, const void *value, socklen_t length)
{
	if (level == SOL_PACKET && name == PACKET_RX_RING &&
	    fails(judge("rxring", 0, 0)))
		return -1;
	return NEXT(int, "setsockopt", int, int, int, const void *, socklen_t)
	    (fd, level, name, value, length);
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

/* dlsym allocates, so these cannot look up the next definition by it. */
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_memalign(size_t, size_t);

void *
calloc(size_t n, size_t size)
{
	return fails(judge("memory", 0, 0)) ? NULL : __libc_calloc(n, size);
}

void *
aligned_alloc(size_t alignment, size_t size)
{
	return fails(judge("memory", 0, 0)) ? NULL :
	    __libc_memalign(alignment, size);
}

int
posix_memalign(void **p, size_t alignment, size_t size)
{
	*p = aligned_alloc(alignment, size);
	return *p == NULL ? ENOMEM : 0;
}

ALIAS(preadv, preadv64);
ALIAS(pwritev, pwritev64);
ALIAS(mmap, mmap64);
ALIAS(lseek, lseek64);
