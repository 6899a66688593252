/*
 * flood: sends malformed AoE frames to the target at e0.1.
 *
 *	flood [-N frames] [-R frames a second] [-S seed] interface
 *
 * Each frame takes one of the ways below to be wrong, the rest of it being
 * junk.  None of them may change anything: not the disk, not the config
 * string, not who may use the target.  Their tags begin with 0xf0, which no
 * initiator of load.c uses.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	AOE_TYPE = 0x88a2,
	FLAGS = 14, COMMAND = 19, TAG = 20, ARGUMENT = 24,	/* offsets */
	COUNT = 26, OPCODE = 27, LBA = 28, DATA = 36,
	LEAST = 14,
	MOST = 1400,
	BATCH = 50
};

enum { ATA, CONFIG, MASK, RESERVE };

struct way {
	uint8_t command;
	uint8_t shortest, longest;	/* bytes; 0: up to MOST */
	struct { uint8_t at, value; } set[4];	/* at 0: none */
};

/* Beside these, every frame is for e0.1, of version 1, and no response. */
static const struct way ways[] = {
	{ ATA, 14, 23, { { 0 } } },			/* no AoE header */
	{ ATA, 24, 35, { { 0 } } },			/* no ATA header */
	{ ATA, 36, 0, { { FLAGS, 0x20 } } },		/* version 2 */
	{ ATA, 36, 0, { { FLAGS, 0x00 } } },		/* version 0 */
	{ ATA, 36, 0, { { FLAGS, 0x18 } } },		/* a response */
	{ CONFIG, 32, 0, { { FLAGS, 0x18 }, { 18, 2 } } },
	{ ATA, 36, 0, { { COUNT, 0 }, { OPCODE, 0x24 } } },
	{ ATA, 36, 0, { { COUNT, 255 }, { OPCODE, 0x24 } } },
	{ ATA, 36, 0, { { COUNT, 0 }, { OPCODE, 0x34 } } },
	{ ATA, 36, 0, { { COUNT, 200 }, { OPCODE, 0x34 } } },	/* short */
	{ ATA, 36, 0, { { COUNT, 1 }, { OPCODE, 0x24 }, { LBA + 5, 0xff } } },
	{ ATA, 36, 0, { { COUNT, 1 }, { OPCODE, 0x34 }, { LBA + 5, 0xff } } },
	{ ATA, 36, 0, { { OPCODE, 0x00 } } },
	{ ATA, 36, 0, { { OPCODE, 0xff } } },
	{ ATA, 36, 0, { { OPCODE, 0xef }, { 25, 0x99 } } },	/* feature */
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

/* One step of splitmix64. */
static uint64_t
mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

static uint64_t
below(uint64_t limit)
{
	seed = mix(seed);
	return seed % limit;
}

static void
wire_open(const char *interface)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET,
	    .sll_ifindex = (int)if_nametoindex(interface) };
	struct ifreq r = { 0 };

	snprintf(r.ifr_name, sizeof r.ifr_name, "%s", interface);
	sock = socket(AF_PACKET, SOCK_RAW, 0);
	if (sock < 0 || ioctl(sock, SIOCGIFHWADDR, &r) < 0 ||
	    bind(sock, (struct sockaddr *)&to, sizeof to) < 0)
		err(1, "%s", interface);
	memcpy(own_mac, r.ifr_hwaddr.sa_data, sizeof own_mac);
}

/* Makes a frame that is wrong in some way; returns its length. */
static size_t
malformed(uint8_t *f)
{
	const struct way *w = &ways[below(sizeof ways / sizeof *ways)];
	size_t longest = w->longest > 0 ? w->longest : MOST;

	for (size_t i = ARGUMENT; i < MOST; i += 8) {
		uint64_t junk = below(UINT64_MAX);

		memcpy(f + i, &junk, sizeof junk);
	}
	memset(f, 0xff, 6);
	memcpy(f + 6, own_mac, sizeof own_mac);
	memcpy(f + 12, "\x88\xa2\x10\0\0\0\1", 7);
	f[COMMAND] = w->command;
	f[TAG] = 0xf0;
	for (int i = 0; i < 4; i++)
		if (w->set[i].at > 0)
			f[w->set[i].at] = w->set[i].value;
	return w->shortest + below(longest - w->shortest + 1);
}

static void
batch_send(void)
{
	static uint8_t frames[BATCH][MOST + 8];
	struct mmsghdr m[BATCH];
	struct iovec iov[BATCH];
	int sent = 0;

	for (int i = 0; i < BATCH; i++) {
		iov[i] = (struct iovec){ frames[i], malformed(frames[i]) };
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
		errx(2, "want an interface");
	wire_open(argv[optind]);
	clock_gettime(CLOCK_MONOTONIC, &t);
	for (unsigned long i = 0; i < frames; i += BATCH) {
		batch_send();
		t.tv_nsec += (long)(1000000000 / rate * BATCH);
		t.tv_sec += t.tv_nsec / 1000000000;
		t.tv_nsec %= 1000000000;
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
	}
	printf("frames=%lu\n", frames);
	return 0;
}
