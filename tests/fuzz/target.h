/*
 * target.h: vblade itself, its system replaced by one that a program rules.
 *
 * vblade.c is included as it is, with main by another name; this file has
 * the platform interface of aoe.h, with a disk in memory, a net that hands
 * out what the harness feeds it, and a clock that goes when it is told to.
 * vblade is run from its main to its end by target_run, again and again.
 * Nothing else of vblade.c is used, but for `stopping` and `wake`, to start
 * it anew.
 *
 * A harness gives two functions:
 *	feed	the next frames and events, called when vblade waits for some
 *	sent	called with each frame that vblade sends, from any thread
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#ifdef __has_feature
#if __has_feature(memory_sanitizer)
#include <sanitizer/msan_interface.h>
#endif
#endif

#include "../../aoe.h"

enum {
	DISK_SECTORS = 64,	/* at most: bad, cold and wet are bit masks */
	POISON = 0xa5,		/* what unused memory is filled with */
	FRAMES_MOST = 24,	/* fed at a time */
};

/* What the harness decides and vblade finds. */
static struct world {
	uint8_t mac[MAC_LEN];
	unsigned mtu;
	bool readonly, workers;
	uint64_t first, beyond;	/* the exported sectors */
	uint64_t size;		/* sectors the disk has */
	unsigned crumbs;	/* bytes behind them, less than a sector */
	uint64_t bad, cold;	/* sectors that fail, or want waiting for */
	uint64_t wet;		/* sectors written but not flushed */
	size_t bite;		/* bytes an I/O moves at most, if not 0 */
	bool interrupted;	/* the last I/O was, by a signal */
	bool flush_fails;
	bool lost;		/* a flush did fail */
	int64_t clock, wet_since;	/* ms */
	int maps;		/* calls of mmap */
	uint8_t disk[DISK_SECTORS * SECTOR];
} world;
static pthread_mutex_t world_lock = PTHREAD_MUTEX_INITIALIZER;

static int feed(struct frame frames[], int max, int timeout, bool *news);
static void sent(const struct frame *);

static _Noreturn void
wrong(const char *what)
{
	fprintf(stderr, "oracle: %s\n", what);
	abort();
}

static void
must(bool good, const char *what)
{
	if (!good)
		wrong(what);
}

/* Nobody may send what stands there, unless he writes it. */
static void
poison(uint8_t *p, size_t len)
{
	memset(p, POISON, len);
#ifdef __has_feature
#if __has_feature(memory_sanitizer)
	__msan_poison(p, len);
#endif
#endif
}

/*
 * What vblade.c takes from libc and shall not have.  Its memory comes with
 * poison in it, so that what it sends without writing it is seen.
 */
static void *
target_mmap(size_t size)
{
	static uint8_t *memory;
	static size_t have;

	must(world.maps++ == 0, "memory is mapped after the start");
	if (memory == NULL) {
		memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		must(memory != MAP_FAILED, "no memory for the harness");
		poison(memory, size);
		have = size;
	}
	must(size == have, "another size of pool");
	return memory;
}

static ssize_t
target_write(int fd, const void *p, size_t len)
{
	return fd <= STDERR_FILENO ? (ssize_t)len : write(fd, p, len);
}

/* All descriptors can be written to. */
static int
target_poll(struct pollfd *p, nfds_t n, int timeout)
{
	(void)timeout;
	for (nfds_t i = 0; i < n; i++)
		p[i].revents = POLLOUT;
	return (int)n;
}

static int
target_clock(struct timespec *ts)
{
	ts->tv_sec = (time_t)(world.clock / 1000);
	ts->tv_nsec = (long)(world.clock % 1000) * 1000000;
	return 0;
}

#define main vblade_main
#define mmap(a, size, p, f, d, o) target_mmap(size)
#define madvise(a, size, m) ((void)(a))
#define write target_write
#define poll target_poll
#define clock_gettime(c, ts) target_clock(ts)
#define sigaction(s, a, o) ((void)(a))
#define signal(s, f) ((void)0)
#include "../../vblade.c"
#undef main
#undef mmap
#undef madvise
#undef write
#undef poll
#undef clock_gettime
#undef sigaction
#undef signal

/*
 * The net.
 */

struct net *
net_open(const char *ifname, unsigned shelf, unsigned slot, unsigned frames,
    int w)
{
	(void)ifname, (void)shelf, (void)slot, (void)frames, (void)w;
	return (struct net *)&world;
}

const uint8_t *
net_mac(const struct net *n)
{
	(void)n;
	return world.mac;
}

unsigned
net_mtu(const struct net *n)
{
	(void)n;
	return world.mtu;
}

uint64_t
net_drops(struct net *n)
{
	(void)n;
	return 0;
}

int
net_recv(struct net *n, struct frame frames[], int max, int timeout,
    bool *news)
{
	int got;

	(void)n;
	*news = false;
	got = feed(frames, max, timeout, news);
	if (got < 0)
		stopping = 1;
	return got < 0 ? 0 : got;
}

int
net_send(struct net *n, const struct frame frames[], int count_)
{
	(void)n;
	pthread_mutex_lock(&world_lock);
	for (int i = 0; i < count_; i++)
		sent(&frames[i]);
	pthread_mutex_unlock(&world_lock);
	return 0;
}

/*
 * The disk.
 */

void
disk_open(struct disk *d, const char *path, int flags)
{
	(void)path;
	*d = (struct disk){ .fd = -1, .direct = -1, .unit = 4096,
	    .sync = flags & DISK_SYNC };
}

off_t
disk_size(const struct disk *d)
{
	(void)d;
	return (off_t)(world.size * SECTOR + world.crumbs);
}

/* The bytes from `at` on up to the first sector in the mask, or the end. */
static size_t
disk_upto(uint64_t mask, off_t at)
{
	uint64_t s = (uint64_t)at / SECTOR;

	while (s < world.size && !(mask >> s & 1))
		s++;
	return s * SECTOR > (uint64_t)at ? s * SECTOR - (size_t)at : 0;
}

/* Moves at most `most` bytes between the disk and the memory. */
static ssize_t
disk_move(const struct iovec *iov, int n, off_t at, size_t most, bool write_)
{
	uint8_t *p = world.disk + at;
	size_t done = 0, len;

	for (int i = 0; i < n && done < most; i++) {
		len = iov[i].iov_len < most - done ? iov[i].iov_len :
		    most - done;
		if (write_)
			memcpy(p + done, iov[i].iov_base, len);
		else
			memcpy(iov[i].iov_base, p + done, len);
		done += len;
	}
	return (ssize_t)done;
}

/* Checks what vblade asks for and returns how many bytes that is. */
static size_t
disk_asked(const struct iovec *iov, int n, off_t at)
{
	size_t len = 0;

	for (int i = 0; i < n; i++)
		len += iov[i].iov_len;
	must(n > 0 && len > 0, "I/O of nothing");
	must((uint64_t)at >= world.first * SECTOR &&
	    (uint64_t)at + len <= world.beyond * SECTOR,
	    "I/O outside the export");
	return len;
}

/* One system call: it may be interrupted, cut short, or fail. */
static ssize_t
disk_call(const struct iovec *iov, int n, off_t at, bool write_)
{
	size_t most = disk_upto(world.bad, at);

	if (world.bite > 0) {
		bool interrupt;

		pthread_mutex_lock(&world_lock);
		interrupt = world.interrupted = !world.interrupted;
		pthread_mutex_unlock(&world_lock);
		if (interrupt) {
			errno = EINTR;
			return -1;
		}
		most = world.bite < most ? world.bite : most;
	}
	if (most == 0 && (uint64_t)at < world.size * SECTOR) {
		errno = write_ ? ENOSPC : EIO;
		return -1;
	}
	return disk_move(iov, n, at, most, write_);
}

ssize_t
disk_read(const struct disk *d, const struct iovec *iov, int n, off_t at)
{
	(void)d;
	disk_asked(iov, n, at);
	return disk_call(iov, n, at, false);
}

ssize_t
disk_write(const struct disk *d, const struct iovec *iov, int n, off_t at)
{
	size_t len = disk_asked(iov, n, at);

	must(!world.readonly, "a write with -r");
	must((uint64_t)at + len <= world.size * SECTOR, "the file grows");
	pthread_mutex_lock(&world_lock);
	if (world.wet == 0 && !d->sync)
		world.wet_since = world.clock;
	for (uint64_t s = (uint64_t)at / SECTOR; !d->sync &&
	    s * SECTOR < (uint64_t)at + len; s++)
		world.wet |= 1ULL << s;
	pthread_mutex_unlock(&world_lock);
	return disk_call(iov, n, at, true);
}

ssize_t
disk_read_now(const struct disk *d, const struct iovec *iov, int n, off_t at)
{
	size_t most = disk_upto(world.bad | world.cold, at);

	(void)d;
	disk_asked(iov, n, at);
	if (most == 0) {
		errno = EAGAIN;
		return -1;
	}
	return disk_move(iov, n, at, most, false);
}

bool
disk_write_waits(const struct disk *d, off_t at, size_t len)
{
	(void)d;
	return disk_upto(world.cold, at) < len;
}

int
disk_flush(const struct disk *d)
{
	int result = 0;

	(void)d;
	pthread_mutex_lock(&world_lock);
	if (world.flush_fails) {
		world.lost = true;
		errno = EIO;
		result = -1;
	} else {
		world.wet = 0;
	}
	pthread_mutex_unlock(&world_lock);
	return result;
}

void
confine(const struct net *n, const struct disk *d)
{
	(void)n, (void)d;
}

/* Runs vblade from start to end; returns its exit status. */
static int
target_run(int argc, char *argv[])
{
	int status;

	world.maps = 0;
	stopping = 0;
	optind = 1;
	status = vblade_main(argc, argv);
	close(wake[0]);
	close(wake[1]);
	return status;
}
