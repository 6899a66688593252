/* SPDX-License-Identifier: ISC */
/*
 * baddisk: are writes that a disk failed reported as done?
 *
 *	baddisk -p [-n one in] [-S seed] file	make a disk that will fail
 *	baddisk [-f writes] [-S seed] interface file
 *
 * The first form allocates the pages of a sparse file, except one in n at
 * random.  Once its file system is full, writes to those fail.
 *
 * The second form writes every page once, in random order, 32 requests in
 * flight, to the target at e0.1, and sends a FLUSH after so many writes (-f; 0:
 * none).  Promised are pages whose write was reported as done before a FLUSH
 * was sent that succeeded, or, without FLUSH, whose write was reported as done.
 * Then it compares them with the file, which the target must have as a loop
 * device, so that the file holds only what has reached the "disk".
 *
 * Prints the counts.  Exit status: 0 every promise kept, 1 some broken, 2 any
 * other failure.
 */
#define _GNU_SOURCE
#include "../aoe-wire.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	FAILURE = 2,
	PAGE = 4096,
	WINDOW = 32,
	FLUSH_TAG = 1 << 30,
	REPLY_TIMEOUT = 20,	/* s */
};

enum { UNKNOWN, DONE, PROMISED, FAILED };

static int sock;
static uint8_t own_mac[6];
static uint64_t seed = 1;
static unsigned pages, *order;
static uint8_t *state;		/* of each page */
static unsigned sent, in_flight, flush_at;	/* requests of `order` */
static unsigned count[FAILED + 1], flushes, flushed;
static bool flushing;

static void
shuffle(void)
{
	for (unsigned i = 0; i < pages; i++)
		order[i] = i;
	for (unsigned i = pages; i > 1; i--) {
		unsigned j = (unsigned)random_below(&seed, i), t = order[j];

		order[j] = order[i - 1];
		order[i - 1] = t;
	}
}

static void
stamp(uint8_t *p, unsigned page)
{
	for (unsigned i = 0; i < PAGE; i += 8) {
		uint64_t x = splitmix64(page * 4096ULL + i + seed);

		memcpy(p + i, &x, sizeof x);
	}
}

/* Allocate all pages but one in n. */
static void
prepare(int fd, unsigned n)
{
	static const uint8_t zeroes[PAGE];

	for (unsigned i = 0; i < pages; i++)
		if (random_below(&seed, n) != 0 && pwrite(fd, zeroes, PAGE,
		    (off_t)i * PAGE) != PAGE)
			err(FAILURE, "write");
}

static void
send_frame(const uint8_t *f, size_t len)
{
	if (send(sock, f, len, 0) != (ssize_t)len)
		err(FAILURE, "send");
	in_flight++;
}

static void
send_write(unsigned page)
{
	uint8_t f[AT_ATA_DATA + PAGE];

	request_header(f, own_mac, 0, 1, AOE_ATA, page);
	request_ata(f, ATA_LBA48 | ATA_WRITING, ATA_WRITE_EXT, PAGE / SECTOR,
	    (uint64_t)page * (PAGE / SECTOR));
	stamp(f + AT_ATA_DATA, page);
	send_frame(f, sizeof f);
}

/* What has been reported as done so far is what this FLUSH promises. */
static uint8_t *promise;

static void
send_flush(void)
{
	uint8_t f[60] = { 0 };

	request_header(f, own_mac, 0, 1, AOE_ATA, FLUSH_TAG);
	request_ata(f, 0, ATA_FLUSH, 0, 0);
	memcpy(promise, state, pages);
	flushing = true;
	flushes++;
	send_frame(f, sizeof f);
}

static void
flush_replied(bool ok)
{
	flushing = false;
	flushed += ok;
	for (unsigned i = 0; ok && i < pages; i++)
		if (promise[i] == DONE)
			state[i] = PROMISED;
}

static void
receive_reply(void)
{
	uint8_t f[128];
	uint32_t tag;
	bool ok;

	do {
		if (recv(sock, f, sizeof f, 0) < AT_ATA_DATA)
			err(FAILURE, "no reply");
	} while (f[AT_FLAGS] != AOE_REPLY || f[AT_COMMAND] != AOE_ATA);
	in_flight--;
	ok = (f[AT_ATA_COMMAND] & ATA_ERR) == 0;
	tag = get_be(f + AT_TAG, 4);
	if (tag == FLUSH_TAG)
		flush_replied(ok);
	else if (tag < pages)
		state[tag] = ok ? flush_at > 0 ? DONE : PROMISED : FAILED;
	else
		errx(FAILURE, "tag %#x", tag);
}

static void
write_all(void)
{
	shuffle();
	for (sent = 0; sent < pages; sent++) {
		while (in_flight >= WINDOW)
			receive_reply();
		if (flush_at > 0 && sent % flush_at == 0) {
			while (flushing)
				receive_reply();
			send_flush();
		}
		send_write(order[sent]);
	}
	while (in_flight > 0)
		receive_reply();
	if (flush_at == 0)
		return;
	send_flush();
	receive_reply();
}

/* Count the promised pages that are not in the file. */
static unsigned
count_lost(int fd)
{
	uint8_t expected[PAGE], got[PAGE];
	unsigned lost = 0;

	for (unsigned i = 0; i < pages; i++) {
		count[state[i]]++;
		if (state[i] != PROMISED)
			continue;
		stamp(expected, i);
		if (pread(fd, got, PAGE, (off_t)i * PAGE) != PAGE)
			err(FAILURE, "read");
		lost += memcmp(expected, got, PAGE) != 0;
	}
	return lost;
}

int
main(int argc, char **argv)
{
	struct timeval timeout = { .tv_sec = REPLY_TIMEOUT };
	unsigned one_in = 3, lost;
	bool preparing = false;
	struct stat st;
	int c, fd;

	while ((c = getopt(argc, argv, "f:n:pS:")) != -1) {
		if (c == 'f')
			flush_at = (unsigned)atoi(optarg);
		else if (c == 'n')
			one_in = (unsigned)atoi(optarg);
		else if (c == 'p')
			preparing = true;
		else if (c == 'S')
			seed = strtoull(optarg, NULL, 10);
		else
			return FAILURE;
	}
	if (argc - optind != 2 - preparing)
		errx(FAILURE, "usage: baddisk [-p] [options] interface file");
	fd = open(argv[argc - 1], O_RDWR);
	if (fd < 0 || fstat(fd, &st) < 0)
		err(FAILURE, "%s", argv[argc - 1]);
	pages = (unsigned)(st.st_size / PAGE);
	if (preparing) {
		prepare(fd, one_in);
		return 0;
	}
	order = calloc(pages, sizeof *order);
	state = calloc(pages, 1);
	promise = calloc(pages, 1);
	sock = wire_open(argv[optind], AOE_TYPE, own_mac, NULL, FAILURE);
	if (order == NULL || state == NULL || promise == NULL ||
	    setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &timeout,
	    sizeof timeout) < 0)
		err(FAILURE, "set-up");
	write_all();
	lost = count_lost(fd);
	printf("promised=%u done=%u failed=%u flushes=%u flushed=%u lost=%u\n",
	    count[PROMISED], count[DONE], count[FAILED], flushes, flushed,
	    lost);
	return lost > 0;
}
