/* SPDX-License-Identifier: ISC */
/*
 * fake-platform.c: see fake-platform.h.  The first part replaces what vblade.c
 * takes from libc; then the disk; then vblade.c itself; then the net.
 */
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#ifdef __has_feature
#if __has_feature(memory_sanitizer)
#include <sanitizer/msan_interface.h>
#endif
#endif

#include "fake-platform.h"

/* Much of what the platform interface passes is of no use here. */
#pragma GCC diagnostic ignored "-Wunused-parameter"

enum { PENDING_MAX = 256, THREADS_MAX = 64, SIGNALS_MAX = 4 };

/* An operation in the engine, oldest first in `pending`. */
struct pending {
	struct io *io, copy;
	bool submitted, finished;
	uint64_t covers;	/* writes that a sync includes */
	int64_t start;
};

struct fake fake;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t released = PTHREAD_COND_INITIALIZER;
static pthread_t loop;
static struct pending pending[PENDING_MAX];
static unsigned pendings, depth;
static struct link *link_of_target;
static int watched;		/* the engine's descriptor */
static pthread_t thread_of[THREADS_MAX];
static int threads;
static unsigned pool_held;	/* operations held by threads */
static unsigned tries;		/* operations on a flaky disk */
static void (*handlers[65])(int);
static int raised[SIGNALS_MAX], raises;	/* for net_recv to deliver */

void
fake_lock(void)
{
	pthread_mutex_lock(&lock);
}

void
fake_unlock(void)
{
	pthread_cond_broadcast(&released);
	pthread_mutex_unlock(&lock);
}

_Noreturn void
fake_fail(const char *what)
{
	fprintf(stderr, "fake platform: %s\n", what);
	abort();
}

/*
 * What vblade.c takes from libc.
 */

static int
fake_clock_gettime(struct timespec *ts)
{
	fake_lock();
	ts->tv_sec = (time_t)(fake.time / 1000000);
	ts->tv_nsec = (long)(fake.time % 1000000 * 1000);
	fake_unlock();
	return 0;
}

void
fake_poison(void *p, size_t len, bool fill)
{
	if (fill)
		memset(p, 0xa5, len);
#ifdef __has_feature
#if __has_feature(memory_sanitizer)
	__msan_poison(p, len);
#endif
#endif
}

/* vblade maps its memory once; each run gets the same, as if it were new. */
static void *
fake_mmap(size_t size)
{
	static void *memory;
	static size_t have;
	bool fresh = have < size;

	if (fresh) {
		memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (memory == MAP_FAILED)
			return memory;
		have = size;
	}
	if (fake.poison)
		fake_poison(memory, size, fresh);
	return memory;
}

/* Threads of the pool, which end when their pipe is closed. */
static int
fake_pthread_create(pthread_t *thread, void *(*start)(void *), void *arg)
{
	int error;

	if (threads == THREADS_MAX)
		fake_fail("too many threads");
	error = pthread_create(thread, NULL, start, arg);
	if (error == 0)
		thread_of[threads++] = *thread;
	return error;
}

void
fake_raise(int sig)
{
	if (handlers[sig] == NULL || handlers[sig] == SIG_DFL)
		fake_fail("a signal that is not handled");
	if (raises == SIGNALS_MAX)
		fake_fail("too many signals at a time");
	if (handlers[sig] != SIG_IGN)
		raised[raises++] = sig;
}

/*
 * The disk.
 */

static uint64_t
sector_bit(uint64_t sector)
{
	return 1ULL << (sector < 63 ? sector : 63);
}

/* The bytes from `offset` on before the first sector of the set. */
static size_t
bytes_before(uint64_t set, off_t offset, size_t len)
{
	uint64_t sector = (uint64_t)offset / SECTOR;
	size_t n = 0;

	for (; n < len && !(sector_bit(sector) & set); sector++)
		n = (size_t)((sector + 1) * SECTOR - (uint64_t)offset);
	return n < len ? n : len;
}

static void
check_length(const struct io *io)
{
	size_t len = 0;

	for (int i = 0; i < io->count; i++)
		len += io->iov[i].iov_len;
	if (io->len != len)
		fake_fail("the length of an operation is wrong");
}

/* Else a file would grow. */
static void
check_end(const struct io *io)
{
	if (io->op == OP_WRITE && io->offset + (off_t)io->len > fake.size)
		fake_fail("a write beyond the end starts");
}

static bool
is_held(const struct io *io)
{
	return io->op == OP_SYNC ? fake.hold_syncs :
	    bytes_before(fake.held, io->offset, io->len) < io->len;
}

/* Move at most max bytes of what is there. */
static ssize_t
move(const struct io *io, size_t max)
{
	size_t done = 0, len;

	if (io->offset >= fake.size)
		return 0;
	if (max > (size_t)(fake.size - io->offset))
		max = (size_t)(fake.size - io->offset);
	for (int i = 0; i < io->count && done < max; i++) {
		len = io->iov[i].iov_len < max - done ? io->iov[i].iov_len :
		    max - done;
		fake_move(io->op == OP_WRITE, io->iov[i].iov_base, len,
		    io->offset + (off_t)done);
		done += len;
	}
	return (ssize_t)done;
}

/* A disk that is flaky answers the loop with EINTR only. */
static int
fault(const struct io *io, enum place place)
{
	if (fake.invalid > 0) {
		fake.invalid--;
		return EINVAL;
	}
	if (fake.flaky && ++tries % 2 == 0)
		return tries % 4 == 0 || place == PLACE_LOOP ? EINTR : EAGAIN;
	if (fake.misaligned && io->op != OP_SYNC && !io->buffered)
		return EINVAL;
	if (io->op == OP_SYNC && fake.sync_fails) {
		fake.sync_failed = true;
		return EIO;
	}
	return 0;
}

/* Execute an operation, the lock held. */
static ssize_t
execute(const struct io *io, enum place place, uint64_t covers)
{
	size_t max = io->len;
	int error = fault(io, place);

	check_length(io);
	fake.time += fake.op_time;
	if (error != 0)
		return -error;
	if (io->op == OP_SYNC) {
		if (covers > fake.synced)
			fake.synced = covers;
		return 0;
	}
	max = bytes_before(fake.bad, io->offset, max);
	if (fake.whole && max < io->len)
		max = 0;
	if (max == 0 && io->offset < fake.size)
		return io->op == OP_WRITE ? -ENOSPC : -EIO;
	if (fake.max_io > 0 && fake.max_io < max)
		max = fake.max_io;
	fake.written += io->op == OP_WRITE && io->offset < fake.size;
	return move(io, max);
}

struct disk *
disk_open(const char *path, int flags, unsigned *unit)
{
	*unit = fake.unit;
	return (struct disk *)&fake;
}

off_t
disk_size(const struct disk *d)
{
	if (fake.size < 0)
		errno = ENXIO;
	return fake.size;
}

/* By a thread of the pool, or by the loop, which must not be held up. */
ssize_t
disk_execute(const struct disk *d, const struct io *io)
{
	enum place place = pthread_equal(pthread_self(), loop) ? PLACE_LOOP :
	    PLACE_ENGINE;
	struct io done = *io;
	uint64_t covers;

	fake_lock();
	if (place == PLACE_LOOP)
		check_end(io);
	covers = fake.written;
	while (is_held(io)) {
		if (place == PLACE_LOOP)
			fake_fail("the loop waits for the disk");
		pool_held++;
		pthread_cond_wait(&released, &lock);
		pool_held--;
	}
	done.result = execute(io, place, covers);
	fake_executed(&done, place);
	fake_unlock();
	return done.result;
}

/* The one that is held may hold the lock of the file. */
static void
check_lock(void)
{
	for (unsigned i = 0; i < pendings; i++)
		if (pending[i].io->op == OP_WRITE && is_held(pending[i].io) &&
		    fake.time - pending[i].start >= 1000)
			fake_fail("the loop writes beside a write that hangs");
}

ssize_t
disk_try(const struct disk *d, const struct io *io)
{
	struct io done = *io;
	uint64_t slow = fake.cold | fake.held;
	size_t max;

	check_length(io);
	fake_lock();
	if (io->op == OP_READ)
		slow |= fake.bad;
	max = bytes_before(slow, io->offset, io->len);
	if (io->op == OP_WRITE && max == io->len) {
		check_lock();
		fake_unlock();
		return disk_execute(d, io);
	}
	done.result = max == 0 || io->op == OP_WRITE ? -1 : move(io, max);
	if (done.result > 0)
		fake_executed(&done, PLACE_CACHE);
	fake_unlock();
	return done.result;
}

/* Must two operations not be under way together? */
static bool
exclude(const struct io *a, const struct io *b)
{
	off_t unit = a->op == OP_READ && b->op == OP_READ ? SECTOR : fake.unit;

	if (a->op == OP_SYNC || b->op == OP_SYNC)
		return a->op == b->op;
	return a->offset / unit * unit < b->offset + (off_t)b->len &&
	    b->offset / unit * unit < a->offset + (off_t)a->len;
}

static void
engine_start(struct disk *d, struct io *io)
{
	check_end(io);
	if (pendings == depth || pendings == PENDING_MAX)
		fake_fail("more operations than the engine's depth");
	for (unsigned i = 0; i < pendings; i++)
		if (exclude(io, pending[i].io))
			fake_fail("two syncs, or the same sectors, at a time");
	pending[pendings++] = (struct pending){ .io = io, .copy = *io,
	    .start = fake.time };
}

static bool
engine_submit(struct disk *d)
{
	unsigned n = 0;

	for (unsigned i = 0; i < pendings; i++) {
		if (pending[i].submitted)
			continue;
		if (fake.accept > 0 && n++ >= fake.accept)
			return false;
		pending[i].submitted = true;
		pending[i].covers = fake.written;
	}
	return true;
}

static struct io *
engine_finished(struct disk *d)
{
	struct io *io;

	for (unsigned i = 0; i < pendings; i++) {
		if (!pending[i].finished)
			continue;
		io = pending[i].io;
		memmove(&pending[i], &pending[i + 1],
		    (--pendings - i) * sizeof *pending);
		return io;
	}
	return NULL;
}

/* Readable only in the program's imagination: net_recv just returns. */
const struct engine *
disk_engine(struct disk *d, unsigned n)
{
	static struct engine engine = { "io_uring", STDIN_FILENO, 0,
	    engine_start, engine_submit, engine_finished };

	engine.depth = n;
	return fake.pool ? pool_engine() : &engine;
}

/* vblade must leave an operation alone until it has finished. */
static bool
same_operation(const struct io *a, const struct io *b)
{
	return a->op == b->op && a->count == b->count &&
	    a->offset == b->offset && a->buffered == b->buffered &&
	    (a->op == OP_SYNC || memcmp(a->iov, b->iov,
	    (size_t)a->count * sizeof *a->iov) == 0);
}

static bool
engine_execute(struct pending *p)
{
	if (!p->submitted || p->finished || is_held(p->io))
		return p->finished;
	if (!same_operation(&p->copy, p->io))
		fake_fail("an operation changed while it was under way");
	p->io->result = execute(p->io, PLACE_ENGINE, p->covers);
	p->finished = true;
	fake_executed(p->io, PLACE_ENGINE);
	return true;
}

/* Execute what is not held; false if none was, and none waits to be taken. */
static bool
engine_run(void)
{
	bool some = false;
	unsigned k;

	for (unsigned i = 0; i < pendings && !fake.stalled; i++) {
		k = fake.order == ORDER_NEWEST ? pendings - 1 - i : i;
		some |= engine_execute(&pending[k]);
		if (some && fake.order != ORDER_ALL)
			break;
	}
	return some;
}

/*
 * vblade.
 */

static struct target *target;	/* its state */
static void observe(struct target *);

#undef VERSION
#define VERSION "1.0"		/* whatever it is: tests compare replies */
#define main vblade_main
#define confine(net, disk) observe(&t)	/* before it serves */
#define clock_gettime(id, ts) fake_clock_gettime(ts)
#define mmap(a, size, p, f, d, o) fake_mmap(size)
#define madvise(a, size, advice) ((void)(a))
#define pthread_create(thread, attributes, start, arg) \
    fake_pthread_create(thread, start, arg)
/* When quiet, nothing is printed, nor opened for that. */
#define open(path, flags) (fake.quiet ? -1 : open(path, flags))
#define write(fd, p, len) (fake.quiet && (fd) <= STDERR_FILENO ? \
    (ssize_t)(len) : write(fd, p, len))
#define send(fd, p, len, flags) (errno = ENOTSOCK, -1)
#define sigaction(sig, new, old) (handlers[sig] = (new)->sa_handler)
#define sigprocmask(how, set, old) ((void)(set), (void)(old))
#define signal(sig, handler) (handlers[sig] = (handler))
#include "../vblade.c"

/*
 * What must be true whenever vblade waits.  This is all that the tests know of
 * its state.  At first `all` requests are free, in order of their addresses.
 */

static const struct request *requests;
static size_t all, places;
static bool seen[REQUESTS_MAX];

static void
observe(struct target *t)
{
	target = t;
	requests = t->free[0];
	all = t->free_count;
	depth = fake.depth > 0 ? fake.depth + 1 : fake.pool ? POOL_MAX :
	    ENGINE_DEPTH + 1;
	((struct engine *)(uintptr_t)t->engine)->depth = depth;
}

/* Each request is in one place. */
static void
found(const struct request *r)
{
	ptrdiff_t i = r - requests;

	if (i < 0 || (size_t)i >= all || seen[i])
		fake_fail("a request is in two places");
	seen[i] = true;
	places++;
}

/* Request i of the list: does it wait for what it has to, and nothing else? */
static void
check_waiting(const struct target *t, unsigned i, bool room)
{
	const struct request *r = t->list[i];
	unsigned blockers = 0;

	for (unsigned e = 0; e < i; e++)
		blockers += overlap(t->list[e], r);
	if (r->blockers != blockers)
		fake_fail("the blockers of a request are miscounted");
	if (r->run == NULL && blockers == 0 && room)
		fake_fail("a request waits for nothing");
	found(r);
}

/* Returns the number of its requests. */
static unsigned
check_run(const struct io *run)
{
	off_t end = run->offset;
	unsigned first = 0;

	while (run->count > 0 && target->list[first] != run->first)
		if (++first == target->list_count)
			fake_fail("a run is not in the list");
	for (int i = 0; i < run->count; i++) {
		const struct request *r = target->list[first + (unsigned)i];

		if (r->run != run || r->op != run->op ||
		    (off_t)((target->offset + r->lba) * SECTOR + r->moved) !=
		    end)
			fake_fail("requests of a run are not adjacent");
		end += (off_t)run->iov[i].iov_len;
	}
	if (run->count > 0 &&
	    end != run->offset + (off_t)run->len)
		fake_fail("the length of a run is miscounted");
	return (unsigned)run->count;
}

static void
check_target(const struct target *t)
{
	unsigned started = 0, free_runs = 0;

	places = 0;
	memset(seen, 0, sizeof seen);
	for (unsigned i = 0; i < t->free_count; i++)
		found(t->free[i]);
	for (unsigned i = 0; i < t->unsynced_count; i++)
		found(t->unsynced[i]);
	if (t->free_count < BATCH)
		fake_fail("too few requests are free");
	for (unsigned i = 0; i < ENGINE_DEPTH; i++) {
		free_runs += i + 1 < t->engine->depth && t->runs[i].count == 0;
		started += check_run(&t->runs[i]);
	}
	for (unsigned i = 0; i < t->list_count; i++) {
		check_waiting(t, i, free_runs > 0);
		started -= t->list[i]->run != NULL;
	}
	if (started != 0 || t->fresh != 0)
		fake_fail("the list is miscounted");
	if (places != all)
		fake_fail("a request is lost");
	fake.drops = t->queue_drops;
}

unsigned
fake_waiting(uint64_t host)
{
	unsigned n = 0;

	for (unsigned i = 0; i < target->list_count; i++)
		n += target->list[i]->host == host;
	for (unsigned i = 0; i < target->unsynced_count; i++)
		n += target->unsynced[i]->host == host;
	return n;
}

/* Wait until the pool returns something; false if it has nothing to do. */
static bool
pool_wait(void)
{
	struct pollfd p = { .fd = watched, .events = POLLIN };
	unsigned held;

	while (pool.active > 0) {
		if (poll(&p, 1, 1) > 0)
			return true;
		fake_lock();
		held = fake.held != 0 || fake.hold_syncs ? pool_held : 0;
		fake_unlock();
		if (held == pool.active)
			break;
	}
	return false;
}

unsigned
fake_busy(void)
{
	return fake.pool ? pool.active : pendings;
}

/*
 * The net.
 */

struct net *
net_open(const char *ifname, unsigned shelf, unsigned slot, unsigned frames,
    bool force, int fd, struct link *link)
{
	watched = fd;
	*link = fake.link;
	link_of_target = link;
	return (struct net *)&fake;
}

uint64_t
net_drops(struct net *n)
{
	return 0;
}

int
net_recv(struct net *n, struct iovec frames[], int max, int timeout)
{
	static unsigned restless;
	bool busy;
	int count;

	check_target(target);
	if (fake.waits != NULL)
		fake.waits();
	busy = fake.pool ? pool_wait() : engine_run();
	restless = busy ? restless + 1 : 0;
	if (restless > 100000)
		fake_fail("vblade starts operations for ever");
	if (busy && (!fake.mixed || random() % 2 == 0))
		return 0;
	count = fake_recv(frames, max, timeout);
	*link_of_target = fake.link;
	target->unit = fake.unit;
	for (int i = 0; i < raises; i++)
		handlers[raised[i]](raised[i]);
	raises = 0;
	return count;
}

int
net_send(struct net *n, const struct iovec frames[], int count)
{
	int dropped = 0;

	fake_lock();
	for (int i = 0; i < count; i++)
		dropped += !fake_sent(&frames[i]);
	fake_unlock();
	return dropped;
}

void
notify(bool ready, const char *status)
{
	(void)ready, (void)status;
}

bool
is_journal(int fd)
{
	(void)fd;
	return false;
}

bool
stream_reopen(int fd)
{
	(void)fd;
	return true;
}

int
fake_run(int argc, char *argv[])
{
	int status;

	loop = pthread_self();
	pendings = tries = 0;
	pool.threads = pool.active = 0;
	memset(handlers, 0, sizeof handlers);
	optind = 1;
	status = vblade_main(argc, argv);
	if (!fake.pool)
		return status;
	close(pool.work[1]);	/* which ends the pool's threads */
	while (threads > 0)
		pthread_join(thread_of[--threads], NULL);
	close(pool.work[0]);
	close(pool.done[0]);
	close(pool.done[1]);
	return status;
}
