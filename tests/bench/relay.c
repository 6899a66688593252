/* SPDX-License-Identifier: ISC */
/*
 * relay.c: an unreliable wire.  It relays frames between two interfaces, and
 * drops some, duplicates some and reorders some.
 *
 *	relay [-d permille] [-r permille] [-u permille] [-S seed] one other
 *
 *	-d	drop this many of a thousand frames
 *	-r	hold this many back until up to eight others have been sent or
 *		HOLD has passed
 *	-u	send this many twice, one right after the other
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

struct frame {
	size_t length;			/* 0: no frame */
	uint8_t bytes[FRAME_MAX];
};

/* One interface, and the frame to be sent there that is held back. */
struct end {
	int fd;
	struct frame held;
	unsigned left;			/* frames to be sent first */
};

static struct {
	unsigned drop, reorder, duplicate;	/* of a thousand */
	uint64_t seed;
} opt = { .seed = 1 };

static struct {
	unsigned long sent, dropped, reordered, duplicated, failed;
} count;

static volatile sig_atomic_t stopped;

static bool
chance(unsigned permille)
{
	return random_below(&opt.seed, 1000) < permille;
}

/* A frame that cannot be sent is lost: interface down, MTU too small. */
static void
send_frame(const struct end *to, const uint8_t *bytes, size_t length)
{
	if (send(to->fd, bytes, length, 0) < 0)
		count.failed++;
	else
		count.sent++;
}

static void
send_held(struct end *to)
{
	if (to->held.length > 0)
		send_frame(to, to->held.bytes, to->held.length);
	to->held.length = 0;
}

static void
forward(struct end *to, const uint8_t *bytes, size_t length)
{
	if (chance(opt.drop)) {
		count.dropped++;
	} else if (to->held.length == 0 && chance(opt.reorder)) {
		memcpy(to->held.bytes, bytes, length);
		to->held.length = length;
		to->left = 1 + (unsigned)random_below(&opt.seed, OVERTAKE_MAX);
		count.reordered++;
	} else {
		send_frame(to, bytes, length);
		if (chance(opt.duplicate)) {
			send_frame(to, bytes, length);
			count.duplicated++;
		}
		if (to->held.length > 0 && --to->left == 0)
			send_held(to);
	}
}

/* Forward all frames that have arrived at one end. */
static void
receive(const struct end *from, struct end *to)
{
	static uint8_t bytes[BATCH][FRAME_MAX];
	struct mmsghdr m[BATCH] = { 0 };
	struct iovec iov[BATCH];
	struct sockaddr_ll source[BATCH] = { 0 };
	int n;

	for (int i = 0; i < BATCH; i++) {
		iov[i] = (struct iovec){ bytes[i], FRAME_MAX };
		m[i].msg_hdr = (struct msghdr){ .msg_iov = &iov[i],
		    .msg_iovlen = 1, .msg_name = &source[i],
		    .msg_namelen = sizeof source[i] };
	}
	n = recvmmsg(from->fd, m, BATCH, MSG_DONTWAIT, NULL);
	for (int i = 0; i < n; i++)
		if (source[i].sll_pkttype != PACKET_OUTGOING)
			forward(to, bytes[i], m[i].msg_len);
}

static void
relay(struct end end[2])
{
	struct pollfd p[2] = { { .fd = end[0].fd, .events = POLLIN },
	    { .fd = end[1].fd, .events = POLLIN } };
	bool holding;

	while (!stopped) {
		holding = end[0].held.length > 0 || end[1].held.length > 0;
		if (poll(p, 2, holding ? HOLD : 1000) == 0) {
			send_held(&end[0]);
			send_held(&end[1]);
		}
		receive(&end[0], &end[1]);
		receive(&end[1], &end[0]);
	}
}

static void
stop(int sig)
{
	(void)sig;
	stopped = 1;
}

static unsigned
parse_number(const char *s)
{
	char *last;
	unsigned long n = strtoul(s, &last, 10);

	if (last == s || *last != '\0' || n > UINT32_MAX)
		errx(2, "%s: not a number", s);
	return (unsigned)n;
}

int
main(int argc, char **argv)
{
	static struct end end[2];
	struct sigaction a = { .sa_handler = stop };
	int c;

	while ((c = getopt(argc, argv, "d:r:S:u:")) != -1) {
		if (c == 'd')
			opt.drop = parse_number(optarg);
		else if (c == 'r')
			opt.reorder = parse_number(optarg);
		else if (c == 'u')
			opt.duplicate = parse_number(optarg);
		else if (c == 'S')
			opt.seed = parse_number(optarg);
		else
			return 2;
	}
	if (argc - optind != 2)
		errx(2, "usage: relay [options] interface interface");
	sigaction(SIGTERM, &a, NULL);
	for (int i = 0; i < 2; i++) {
		end[i].fd = wire_open(argv[optind + i], AOE_TYPE, NULL, NULL,
		    1);
		wire_receive_buffer(end[i].fd, BUFFER);
	}
	relay(end);
	printf("sent=%lu dropped=%lu reordered=%lu duplicated=%lu failed=%lu\n",
	    count.sent, count.dropped, count.reordered, count.duplicated,
	    count.failed);
	return 0;
}
