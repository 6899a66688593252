/* SPDX-License-Identifier: ISC */
/*
 * relay.c: an unreliable wire.  It relays frames between two interfaces, and
 * of a thousand drops PERMILLE, duplicates as many and reorders as many: it
 * holds them back until up to eight others have been sent or HOLD has passed.
 *
 * usage: relay permille one other
 *
 * A duplicate is never held: one that arrived late could undo a newer write,
 * which no target can prevent.  On SIGTERM it prints its counters and ends.
 */
#define _GNU_SOURCE 1
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>
#include "../aoe-wire.h"

enum {
	FRAME_MAX = 9600,
	BATCH = 64,
	OVERTAKE_MAX = 8,
	HOLD = 2,			/* ms, if nothing overtakes */
	BUFFER = 16 << 20,
};

/* One interface, and the frame to be sent there that is held back. */
static struct end {
	int fd;
	size_t length;			/* of the frame; 0: none */
	uint8_t held[FRAME_MAX];
	uint64_t left;			/* frames to be sent first */
} end[2];

static unsigned long sent, dropped, reordered, duplicated, failed;
static uint64_t permille, seed = 1;
static volatile sig_atomic_t stopped;

static bool
chance(void)
{
	return random_below(&seed, 1000) < permille;
}

/* A frame that cannot be sent is lost: interface down, MTU too small. */
static void
send_frame(const struct end *to, const uint8_t *bytes, size_t length)
{
	if (send(to->fd, bytes, length, 0) < 0)
		failed++;
	else
		sent++;
}

static void
send_held(struct end *to)
{
	if (to->length > 0)
		send_frame(to, to->held, to->length);
	to->length = 0;
}

static void
forward(struct end *to, const uint8_t *bytes, size_t length)
{
	if (chance()) {
		dropped++;
	} else if (to->length == 0 && chance()) {
		memcpy(to->held, bytes, length);
		to->length = length;
		to->left = 1 + random_below(&seed, OVERTAKE_MAX);
		reordered++;
	} else {
		send_frame(to, bytes, length);
		if (chance()) {
			send_frame(to, bytes, length);
			duplicated++;
		}
		if (to->length > 0 && --to->left == 0)
			send_held(to);
	}
}

/* Forward frames that have arrived at one end. */
static void
receive(const struct end *from, struct end *to)
{
	static uint8_t bytes[FRAME_MAX];
	ssize_t n;

	for (int i = 0; i < BATCH; i++) {
		n = recv(from->fd, bytes, sizeof bytes, MSG_DONTWAIT);
		if (n < 0)
			return;
		forward(to, bytes, (size_t)n);
	}
}

static void
stop(int sig)
{
	(void)sig;
	stopped = 1;
}

int
main(int argc, char **argv)
{
	struct sigaction a = { .sa_handler = stop };
	struct pollfd p[2];
	bool holding;

	if (argc != 4)
		errx(2, "usage: relay permille interface interface");
	permille = strtoul(argv[1], NULL, 10);
	sigaction(SIGTERM, &a, NULL);
	for (int i = 0; i < 2; i++) {
		end[i].fd = wire_open(argv[2 + i], AOE_TYPE, NULL, NULL, 1);
		wire_receive_buffer(end[i].fd, BUFFER);
		p[i] = (struct pollfd){ .fd = end[i].fd, .events = POLLIN };
	}
	while (!stopped) {
		holding = end[0].length > 0 || end[1].length > 0;
		if (poll(p, 2, holding ? HOLD : 1000) == 0) {
			send_held(&end[0]);
			send_held(&end[1]);
		}
		receive(&end[0], &end[1]);
		receive(&end[1], &end[0]);
	}
	printf("sent=%lu dropped=%lu reordered=%lu duplicated=%lu failed=%lu\n",
	    sent, dropped, reordered, duplicated, failed);
	return 0;
}
