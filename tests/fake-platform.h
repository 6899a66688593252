/* SPDX-License-Identifier: ISC */
/*
 * fake-platform.h: vblade on a platform that a test program controls: no
 * network, no device, no rights, and a clock that stands still.
 *
 * A program is linked with fake-platform.c, which includes vblade.c.  It sets
 * up `fake`, calls vblade_main and provides the functions below.  With the
 * engine everything happens in one thread and in a fixed order.  With
 * fake.pool vblade has to use its threads; the lock is for that.
 */
#ifndef FAKE_PLATFORM_H
#define FAKE_PLATFORM_H

#include "../aoe.h"

/* What the engine finishes before a net_recv. */
enum order { ORDER_ALL, ORDER_OLDEST, ORDER_NEWEST };

/* Who executed an operation. */
enum place { PLACE_ENGINE, PLACE_LOOP, PLACE_CACHE };

struct fake {
	struct link link;
	bool pool;		/* the platform has no engine */
	bool quiet;		/* discard standard output and error */
	bool poison;		/* fresh memory is poisoned */
	unsigned depth;		/* runs under way at a time, 0: vblade's own */

	off_t size;		/* of the disk; -1: it cannot be determined */
	unsigned unit;
	/* Sets of sectors: one bit each, the last for all from 63 on. */
	uint64_t bad;		/* transfers fail there, */
	bool whole;		/* or all of each transfer */
	uint64_t cold;		/* not in the page cache */
	uint64_t held;		/* transfers do not finish, */
	bool hold_syncs;	/* nor do syncs */
	bool misaligned;	/* direct I/O fails with EINVAL */
	unsigned invalid;	/* the next so many operations do */
	bool flaky;		/* every other one: EINTR, then EAGAIN */
	unsigned max_io;	/* bytes that a transfer moves, 0: no limit */
	bool sync_fails;
	enum order order;
	bool stalled;		/* the engine finishes nothing */
	bool mixed;		/* frames arrive beside what it finishes */
	unsigned accept;	/* operations that a submit takes, 0: all */

	int64_t time;		/* microseconds */
	int64_t op_time;	/* that an operation takes */

	uint64_t written;	/* writes that moved data so far, */
	uint64_t synced;	/* and how many of them a sync has covered */
	bool sync_failed;
	uint64_t drops;		/* requests that vblade has dropped */
	void (*waits)(void);	/* called whenever vblade waits, or NULL */
};

extern struct fake fake;

int vblade_main(int argc, char *argv[]);

/* Run vblade_main from its first line to its end, as often as you like. */
int fake_run(int argc, char *argv[]);

/*
 * Let the use of memory before it is written to be seen: by the memory
 * sanitizer and, if it is filled, in frames.
 */
void fake_poison(void *p, size_t len, bool fill);

/* Call vblade's handler of a signal. */
void fake_raise(int sig);

/* Operations that the engine or the pool has not finished. */
unsigned fake_busy(void);

/* Requests of a host, its address as in struct request, without a reply. */
unsigned fake_waiting(uint64_t host);

/* Change what pool threads look at only between these two. */
void fake_lock(void);
void fake_unlock(void);

/* Print a message and abort. */
_Noreturn void fake_fail(const char *what);

/*
 * Provided by the program.
 */

/* Move bytes between memory and the disk, within its size. */
void fake_move(bool write, uint8_t *p, size_t len, off_t offset);

/* An operation has been executed, its result set; the lock is held. */
void fake_executed(const struct io *, enum place);

/*
 * net_recv, when the engine and the pool have nothing to return, or `mixed`.
 * Not called with operations to execute: those that are left are held.
 */
int fake_recv(struct iovec frames[], int max, int timeout);

/* A frame to be sent; returns false to drop it. */
bool fake_sent(const struct iovec *);

#endif
