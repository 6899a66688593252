/* SPDX-License-Identifier: ISC */
/*
 * flood: send malformed AoE frames to the target at e0.1.
 *
 *	flood [-N frames] [-R frames a second] [-S seed] interface
 *
 * Each frame is malformed in one of the ways below and random otherwise.  None
 * may change anything: neither the disk nor the config string nor the MAC list.
 * Their tags begin with 0xf0, which no initiator of load.c uses.
 */
#define _GNU_SOURCE
#include "../aoe-wire.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum { FRAME_MIN = 14, FRAME_MAX = 1400, BATCH = 50 };

enum { ATA = AOE_ATA, CONFIG = AOE_CONFIG, MASK = AOE_MASK,
    RESERVE = AOE_RESERVE };
enum { FLAGS = AT_FLAGS, COUNT = AT_ATA_COUNT, COMMAND = AT_ATA_COMMAND,
    LBA = AT_ATA_LBA };

struct way {
	uint8_t command;
	uint8_t min, max;	/* bytes; 0: FRAME_MAX */
	struct { uint8_t at, value; } set[4];	/* unless `at` is 0 */
};

/* Otherwise every frame is a request of version 1 to e0.1. */
static const struct way ways[] = {
	{ ATA, 14, 23, { { 0 } } },			/* no AoE header */
	{ ATA, 24, 35, { { 0 } } },			/* no ATA header */
	{ ATA, 36, 0, { { FLAGS, 0x20 } } },		/* version 2 */
	{ ATA, 36, 0, { { FLAGS, 0x00 } } },		/* version 0 */
	{ ATA, 36, 0, { { FLAGS, 0x18 } } },		/* a response */
	{ CONFIG, 32, 0, { { FLAGS, 0x18 }, { 18, 2 } } },
	{ ATA, 36, 0, { { COUNT, 0 }, { COMMAND, 0x24 } } },
	{ ATA, 36, 0, { { COUNT, 255 }, { COMMAND, 0x24 } } },
	{ ATA, 36, 0, { { COUNT, 0 }, { COMMAND, 0x34 } } },
	{ ATA, 36, 0, { { COUNT, 200 }, { COMMAND, 0x34 } } },	/* short */
	{ ATA, 36, 0, { { COUNT, 1 }, { COMMAND, 0x24 }, { LBA + 5, 0xff } } },
	{ ATA, 36, 0, { { COUNT, 1 }, { COMMAND, 0x34 }, { LBA + 5, 0xff } } },
	{ ATA, 36, 0, { { COMMAND, 0x00 } } },
	{ ATA, 36, 0, { { COMMAND, 0xff } } },
	{ ATA, 36, 0, { { COMMAND, 0xef }, { 25, 0x99 } } },	/* feature */
	{ CONFIG, 24, 31, { { 0 } } },
	{ CONFIG, 32, 0, { { 29, 0x05 } } },			/* CCmd */
	{ CONFIG, 32, 0, { { 29, 0x0f } } },
	{ CONFIG, 32, 0, { { 29, 0x03 }, { 30, 0x05 } } },	/* > 1024 */
	{ CONFIG, 32, 99, { { 29, 0x04 }, { 30, 0x03 } } },	/* > frame */
	{ MASK, 24, 27, { { 0 } } },
	{ MASK, 28, 99, { { 25, 1 }, { 27, 200 } } },		/* > frame */
	{ MASK, 28, 0, { { 25, 7 } } },				/* MCmd */
	{ MASK, 36, 0, { { 25, 1 }, { 27, 1 }, { 29, 9 } } },	/* DCmd */
	{ RESERVE, 24, 25, { { 0 } } },
	{ RESERVE, 26, 99, { { 24, 1 }, { 25, 250 } } },	/* > frame */
	{ RESERVE, 26, 99, { { 24, 2 }, { 25, 250 } } },
	{ RESERVE, 26, 0, { { 24, 3 } } },			/* RCmd */
	{ 4, 24, 0, { { 0 } } },
	{ 0xf0, 24, 0, { { 0 } } },
	{ 0xff, 24, 0, { { 0 } } },
	{ ATA, 36, 0, { { 6, 0x01 } } },		/* from a group */
	{ ATA, 36, 0, { { 0, 0 }, { 18, 7 } } },	/* for another slot */
};

static int sock;
static uint8_t own_mac[6];
static uint64_t seed = 1;

/* Build a frame that is malformed in some way; returns its length. */
static size_t
build_malformed(uint8_t *f)
{
	const struct way *w = &ways[random_below(&seed,
	    sizeof ways / sizeof *ways)];
	size_t max = w->max > 0 ? w->max : FRAME_MAX;

	for (size_t i = AT_ARGUMENT; i < FRAME_MAX; i += 8) {
		uint64_t junk = random_below(&seed, UINT64_MAX);

		memcpy(f + i, &junk, sizeof junk);
	}
	request_header(f, own_mac, 0, 1, w->command, 0xf0000000);
	for (int i = 0; i < 4; i++)
		if (w->set[i].at > 0)
			f[w->set[i].at] = w->set[i].value;
	return w->min + random_below(&seed, max - w->min + 1);
}

static void
send_batch(void)
{
	static uint8_t frames[BATCH][FRAME_MAX + 8];
	struct mmsghdr m[BATCH];
	struct iovec iov[BATCH];
	int sent = 0;

	for (int i = 0; i < BATCH; i++) {
		iov[i].iov_base = frames[i];
		iov[i].iov_len = build_malformed(frames[i]);
		m[i].msg_hdr = (struct msghdr){ .msg_iov = &iov[i],
		    .msg_iovlen = 1 };
	}
	while (sent < BATCH) {
		int n = sendmmsg(sock, m + sent, (unsigned)(BATCH - sent), 0);

		if (n < 0 && errno != ENOBUFS && errno != EINTR)
			err(1, "send");
		sent += n > 0 ? n : 0;
	}
}

int
main(int argc, char **argv)
{
	unsigned long frames = 1000000, rate = 100000;
	struct timespec t;
	int c;

	while ((c = getopt(argc, argv, "N:R:S:")) != -1) {
		if (c == 'N')
			frames = strtoul(optarg, NULL, 10);
		else if (c == 'R')
			rate = strtoul(optarg, NULL, 10);
		else if (c == 'S')
			seed = strtoul(optarg, NULL, 10);
		else
			return 2;
	}
	if (argc - optind != 1 || rate == 0)
		errx(2, "usage: flood [-NRS number] interface");
	sock = wire_open(argv[optind], 0, own_mac, NULL, 1);
	clock_gettime(CLOCK_MONOTONIC, &t);
	for (unsigned long i = 0; i < frames; i += BATCH) {
		send_batch();
		t.tv_nsec += (long)(1000000000 / rate * BATCH);
		t.tv_sec += t.tv_nsec / 1000000000;
		t.tv_nsec %= 1000000000;
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
	}
	printf("frames=%lu\n", frames);
	return 0;
}
