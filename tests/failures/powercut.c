/* SPDX-License-Identifier: ISC */
/*
 * powercut: which acknowledged writes survive a power failure?
 *
 *	powercut [-s] [-c cuts] [-F percent] [-l sectors] [-n requests]
 *	         [-o offset] [-p us] [-S seed] interface trace
 *
 * It writes to the target at e0.1, which runs with tests/shim.c preloaded, and
 * records when each request was sent and when its reply arrived.  Then it reads
 * the shim's trace and cuts the power at `cuts` moments.  For each it replays
 * the trace on an empty disk: what was on stable storage at that moment is
 * applied; of everything else, nothing, everything or any part may be.  What
 * the target had promised by then must be there, or something newer.
 *
 * Requests are sent as fast as the target accepts them, or with pauses of -p.
 *
 * A promise is, with -s, every acknowledged write; without, those that were
 * acknowledged when a FLUSH was sent that was acknowledged too, or when a sync
 * began that has ended.  No write may lie outside of the `sectors` that the
 * target exports from `offset` on, with or without a cut.
 *
 * Every sector written contains the number of its request and its LBA, so a
 * corrupt or misplaced sector is found in the trace.
 *
 * Exit status: 0 all promises kept, 1 some broken, 2 any other failure.
 */
#define _GNU_SOURCE 1
#include "../aoe-wire.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	TROUBLE = 2,
	WORDS = SECTOR / 8,
	WINDOW = 16,		/* requests in flight */
	COUNT_MAX = 17,		/* sectors in one */
	REPLY_TIMEOUT = 10	/* s */
};

struct request {
	uint64_t lba;
	unsigned count;		/* 0: a FLUSH */
	uint64_t sent, acked;	/* ns of CLOCK_MONOTONIC */
};

struct event {
	struct record record;
	const uint8_t *data;	/* none: a sync */
};

static struct {
	bool dsync;
	unsigned cuts, flushes, requests, pause;
	uint64_t offset, sectors, seed;
} opt = { .cuts = 1000, .flushes = 5, .requests = 2000, .sectors = 256 };

static int sock;
static uint8_t own_mac[6];
static struct request *requests;	/* number 1 is the first */
static struct event *events;
static unsigned nevents, nsyncs;
static unsigned waiting;		/* requests without a reply */

static uint64_t
below(uint64_t limit)
{
	return random_below(&opt.seed, limit);
}

/* What request `number` writes to a sector. */
static void
stamp(uint8_t *sector, uint64_t number, uint64_t lba)
{
	uint64_t words[WORDS] = { number, lba };

	for (unsigned i = 2; i < WORDS; i++)
		words[i] = splitmix64(number * 1000003 + lba * 64 + i);
	memcpy(sector, words, SECTOR);
}

/* The number of the request that wrote this sector, or 0. */
static uint64_t
stamp_check(const uint8_t *sector, uint64_t lba)
{
	uint8_t expected[SECTOR];
	uint64_t number;

	memcpy(&number, sector, sizeof number);
	stamp(expected, number, lba);
	return memcmp(sector, expected, SECTOR) == 0 ? number : 0;
}

/*
 * The initiator.
 */

static void
sock_open(const char *ifname)
{
	struct timeval timeout = { .tv_sec = REPLY_TIMEOUT };

	sock = wire_open(ifname, AOE_TYPE, own_mac, NULL, TROUBLE);
	if (setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &timeout,
	    sizeof timeout) < 0)
		err(TROUBLE, "SO_RCVTIMEO");
}

static void
send_request(unsigned number)
{
	struct request *r = &requests[number];
	uint8_t f[AT_ATA_DATA + COUNT_MAX * SECTOR] = { 0 };
	size_t length = AT_ATA_DATA + r->count * SECTOR;

	request_header(f, own_mac, 0, 1, AOE_ATA, number);
	if (r->count > 0)
		request_ata(f, ATA_LBA48 | ATA_WRITING, ATA_WRITE_EXT,
		    r->count, r->lba);
	else
		request_ata(f, 0, ATA_FLUSH, 0, 0);
	for (unsigned i = 0; i < r->count; i++)
		stamp(f + AT_ATA_DATA + i * SECTOR, number, r->lba + i);
	r->sent = now();
	if (send(sock, f, length, 0) != (ssize_t)length)
		err(TROUBLE, "send");
	waiting++;
}

static void
choose_request(struct request *r)
{
	if (below(100) < opt.flushes)
		return;
	r->count = 1 + (unsigned)below(COUNT_MAX);
	if (r->count > opt.sectors)
		r->count = (unsigned)opt.sectors;
	r->lba = below(opt.sectors - r->count + 1);
}

/* Receive one reply, which must report success. */
static void
receive_reply(void)
{
	uint8_t f[64];
	unsigned number;

	for (;;) {
		ssize_t n = recv(sock, f, sizeof f, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			err(TROUBLE, "no reply");
		if (n >= AT_ATA_DATA && f[AT_FLAGS] == AOE_REPLY &&
		    f[AT_COMMAND] == AOE_ATA)
			break;
	}
	number = get_be(f + AT_TAG, 4);
	if (number == 0 || number > opt.requests ||
	    f[AT_ATA_COMMAND] != ATA_READY)
		errx(TROUBLE, "reply to %u: status %02x", number,
		    f[AT_ATA_COMMAND]);
	requests[number].acked = now();
	waiting--;
}

/* Receive replies until the pause is over, then those that are queued. */
static void
receive_replies(void)
{
	struct pollfd p = { .fd = sock, .events = POLLIN };
	uint64_t end = now() + opt.pause * 1000ULL, left;

	do {
		uint64_t at = now();
		struct timespec t = { 0 };

		left = end > at ? end - at : 0;
		t.tv_nsec = (long)(left % 1000000000);
		t.tv_sec = (time_t)(left / 1000000000);
		if (ppoll(&p, 1, &t, NULL) > 0)
			receive_reply();
	} while (left > 0 || p.revents != 0);
}

static void
run_requests(void)
{
	requests = calloc(opt.requests + 1, sizeof *requests);
	if (requests == NULL)
		err(TROUBLE, "memory");
	for (unsigned i = 1; i <= opt.requests; i++) {
		while (waiting == WINDOW)
			receive_reply();
		choose_request(&requests[i]);
		send_request(i);
		receive_replies();
	}
	while (waiting > 0)
		receive_reply();
}

/*
 * The trace.
 */

/* Is every sector of the write one of ours, intact and in its place? */
static bool
event_valid(const struct event *e)
{
	uint64_t first = e->record.offset / SECTOR;
	uint64_t n = e->record.length / SECTOR;

	if (e->record.length == 0)
		return true;
	if (e->record.offset % SECTOR != 0 || e->record.length % SECTOR != 0 ||
	    first < opt.offset || first + n > opt.offset + opt.sectors) {
		warnx("%" PRIu32 " bytes written at %" PRIu64,
		    e->record.length, e->record.offset);
		return false;
	}
	for (uint64_t i = 0; i < n; i++)
		if (stamp_check(e->data + i * SECTOR,
		    first - opt.offset + i) == 0) {
			warnx("sector %" PRIu64 " corrupt", first + i);
			return false;
		}
	return true;
}

static bool
read_trace(const char *path)
{
	int fd = open(path, O_RDONLY);
	struct stat st;
	uint8_t *p, *end;
	bool valid = true;

	if (fd < 0 || fstat(fd, &st) < 0 ||
	    (p = malloc((size_t)st.st_size)) == NULL ||
	    read(fd, p, (size_t)st.st_size) != st.st_size)
		err(TROUBLE, "%s", path);
	end = p + st.st_size;
	events = calloc((size_t)st.st_size / sizeof(struct record),
	    sizeof *events);
	if (events == NULL)
		err(TROUBLE, "memory");
	while (p < end) {
		struct event *e = &events[nevents++];

		memcpy(&e->record, p, sizeof e->record);
		e->data = p += sizeof e->record;
		nsyncs += e->record.length == 0;
		p += e->record.length;
		valid = event_valid(e) && valid;
	}
	return valid;
}

/*
 * The cuts.
 */

/* When the last sync that had ended by `cut` began; 0 if there was none. */
static uint64_t
synced_until(uint64_t cut)
{
	uint64_t begin = 0;

	for (unsigned i = 0; i < nevents; i++) {
		const struct record *r = &events[i].record;

		if (r->length == 0 && r->end <= cut && r->begin > begin)
			begin = r->begin;
	}
	return begin;
}

/* Writes acknowledged before this time are promised at `cut`. */
static uint64_t
promised_until(uint64_t cut)
{
	uint64_t limit = opt.dsync ? cut : synced_until(cut);

	for (unsigned i = 1; i <= opt.requests; i++) {
		const struct request *r = &requests[i];

		if (r->count == 0 && r->acked < cut && r->sent > limit)
			limit = r->sent;
	}
	return limit;
}

/* How many in 4 sectors survive that were not on stable storage. */
enum fate { NONE = 0, SOME = 2, ALL = 4 };

/* The disk after a cut: for each sector, the number of its request. */
static void
replay(uint64_t cut, enum fate fate, uint64_t *disk)
{
	uint64_t sync = synced_until(cut);

	memset(disk, 0, opt.sectors * sizeof *disk);
	for (unsigned i = 0; i < nevents; i++) {
		const struct record *r = &events[i].record;
		uint64_t lba = r->offset / SECTOR - opt.offset;
		bool durable = r->end <= sync || (r->durable && r->end <= cut);

		if (r->begin > cut)
			continue;
		for (unsigned k = 0; k < r->length / SECTOR; k++)
			if (durable || below(4) < (uint64_t)fate)
				disk[lba + k] = stamp_check(events[i].data +
				    k * SECTOR, lba + k);
	}
}

/* Does the disk hold what was promised at the cut? */
static bool
promises_kept(uint64_t cut, const uint64_t *disk)
{
	uint64_t limit = promised_until(cut);

	for (unsigned i = 1; i <= opt.requests; i++) {
		const struct request *r = &requests[i];

		if (r->acked >= limit)
			continue;
		for (unsigned k = 0; k < r->count; k++)
			if (disk[r->lba + k] < i) {
				warnx("sector %" PRIu64 " has request %" PRIu64
				    " after a cut, but %u was promised",
				    r->lba + k, disk[r->lba + k], i);
				return false;
			}
	}
	return true;
}

/* Most moments are just after an event, where errors are likely. */
static uint64_t
choose_moment(void)
{
	const struct request *r = &requests[1 + below(opt.requests)];
	const struct record *e = &events[below(nevents)].record;

	switch (below(4)) {
	case 0:
		return r->acked + 1;
	case 1:
		return e->begin + 1;
	case 2:
		return e->begin + below(e->end - e->begin + 1);
	}
	return e->end;
}

/* Returns how many cuts broke a promise. */
static unsigned
run_cuts(void)
{
	static const enum fate fates[] = { NONE, SOME, ALL };
	uint64_t *disk = calloc(opt.sectors, sizeof *disk);
	unsigned broken = 0;

	if (disk == NULL)
		err(TROUBLE, "memory");
	for (unsigned i = 0; i < opt.cuts && broken < 10; i++) {
		uint64_t cut = choose_moment();

		replay(cut, fates[i % 3], disk);
		broken += !promises_kept(cut, disk);
	}
	free(disk);
	return broken;
}

static uint64_t
parse_number(const char *s)
{
	char *end;
	uint64_t n = strtoull(s, &end, 10);

	if (end == s || *end != '\0')
		errx(TROUBLE, "invalid number: %s", s);
	return n;
}

static void
parse_option(int c)
{
	switch (c) {
	case 'c':
		opt.cuts = (unsigned)parse_number(optarg);
		break;
	case 'F':
		opt.flushes = (unsigned)parse_number(optarg);
		break;
	case 'l':
		opt.sectors = parse_number(optarg);
		break;
	case 'n':
		opt.requests = (unsigned)parse_number(optarg);
		break;
	case 'o':
		opt.offset = parse_number(optarg);
		break;
	case 'p':
		opt.pause = (unsigned)parse_number(optarg);
		break;
	case 'S':
		opt.seed = parse_number(optarg);
		break;
	case 's':
		opt.dsync = true;
		break;
	default:
		exit(TROUBLE);
	}
}

int
main(int argc, char **argv)
{
	unsigned broken;
	int c;

	while ((c = getopt(argc, argv, "c:F:l:n:o:p:S:s")) != -1)
		parse_option(c);
	if (argc - optind != 2)
		errx(TROUBLE, "usage: powercut [options] interface trace");
	sock_open(argv[optind]);
	run_requests();
	if (!read_trace(argv[optind + 1]))
		return 1;
	if (nevents == 0)
		errx(1, "the trace is empty");
	broken = run_cuts();
	printf("requests=%u writes=%u syncs=%u cuts=%u broken=%u\n",
	    opt.requests, nevents - nsyncs, nsyncs, opt.cuts, broken);
	return broken == 0 ? 0 : 1;
}
