/*
 * powercut: what is left of acknowledged writes when the power fails?
 *
 *	powercut [-s] [-c cuts] [-F percent] [-l sectors] [-n requests]
 *	         [-o offset] [-p us] [-S seed] interface trace
 *
 * It writes to the target at e0.1, which has the shim of fault.c under it, and
 * notes when each request was sent and when its reply came.  Then it reads the
 * trace of the shim, and cuts the power at `cuts` moments.  At each it replays
 * the trace on an empty disk: what was durable then is applied; of all else
 * nothing, everything, or any part may be.  What the target had promised by
 * then must be there, or something newer.
 *
 * Requests leave as fast as the target takes them, or with pauses of -p.
 *
 * A promise is, with -s, every acknowledged write; without, those that were
 * acknowledged when a FLUSH was sent that is acknowledged too, or when a sync
 * began that has ended.  No write may lie outside of the `sectors` that the
 * target exports from `offset` on, with or without a cut.
 *
 * Every sector written names its request and its place, so a sector that was
 * mangled or misplaced is found in the trace.
 *
 * Exit status: 0 all promises kept, 1 some broken, 2 any trouble.
 */
#define _GNU_SOURCE 1
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
	TROUBLE = 2,
	AOE_TYPE = 0x88a2,
	HEADER = 36,
	SECTOR = 512,
	WORDS = SECTOR / 8,
	WINDOW = 16,		/* requests in flight */
	COUNT_MOST = 17,	/* sectors in one */
	WRITE_EXT = 0x34,
	FLUSH = 0xe7,
	DRDY = 0x40,
	PATIENCE = 10		/* s to wait for a reply */
};

/* As in fault.c. */
struct record {
	uint64_t begin, end;
	uint64_t offset;
	uint32_t length;
	uint32_t durable;
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
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

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
	opt.seed = mix(opt.seed);
	return opt.seed % limit;
}

/* What request `number` writes to a sector. */
static void
stamp(uint8_t *sector, uint64_t number, uint64_t lba)
{
	uint64_t words[WORDS] = { number, lba };

	for (unsigned i = 2; i < WORDS; i++)
		words[i] = mix(number * 1000003 + lba * 64 + i);
	memcpy(sector, words, SECTOR);
}

/* The number of the request whose sector this is; 0 when it is none's. */
static uint64_t
stamp_read(const uint8_t *sector, uint64_t lba)
{
	uint8_t wanted[SECTOR];
	uint64_t number;

	memcpy(&number, sector, sizeof number);
	stamp(wanted, number, lba);
	return memcmp(sector, wanted, SECTOR) == 0 ? number : 0;
}

/*
 * The initiator.
 */

static void
wire_open(const char *interface)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET,
	    .sll_protocol = htons(AOE_TYPE),
	    .sll_ifindex = (int)if_nametoindex(interface) };
	struct timeval wait = { .tv_sec = PATIENCE };
	struct ifreq r = { 0 };

	snprintf(r.ifr_name, sizeof r.ifr_name, "%s", interface);
	sock = socket(AF_PACKET, SOCK_RAW, 0);
	if (sock < 0 || ioctl(sock, SIOCGIFHWADDR, &r) < 0 ||
	    setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait) < 0 ||
	    bind(sock, (struct sockaddr *)&to, sizeof to) < 0)
		err(TROUBLE, "%s", interface);
	memcpy(own_mac, r.ifr_hwaddr.sa_data, sizeof own_mac);
}

static void
request_send(unsigned number)
{
	struct request *r = &requests[number];
	uint8_t f[HEADER + COUNT_MOST * SECTOR] = { 0 };
	size_t length = HEADER + r->count * SECTOR;

	memset(f, 0xff, 6);
	memcpy(f + 6, own_mac, 6);
	memcpy(f + 12, "\x88\xa2\x10\0\0\0\1\0", 8);
	for (int i = 0; i < 4; i++)
		f[20 + i] = (uint8_t)(number >> (24 - 8 * i));
	f[24] = r->count > 0 ? 0x41 : 0;
	f[26] = (uint8_t)r->count;
	f[27] = r->count > 0 ? WRITE_EXT : FLUSH;
	for (int i = 0; i < 6; i++)
		f[28 + i] = (uint8_t)(r->lba >> 8 * i);
	for (unsigned i = 0; i < r->count; i++)
		stamp(f + HEADER + i * SECTOR, number, r->lba + i);
	r->sent = now();
	if (send(sock, f, length, 0) != (ssize_t)length)
		err(TROUBLE, "send");
	waiting++;
}

static void
request_choose(struct request *r)
{
	if (below(100) < opt.flushes)
		return;
	r->count = 1 + (unsigned)below(COUNT_MOST);
	if (r->count > opt.sectors)
		r->count = (unsigned)opt.sectors;
	r->lba = below(opt.sectors - r->count + 1);
}

/* Takes one reply; it must be a success. */
static void
reply_take(void)
{
	uint8_t f[64];
	unsigned number;

	for (;;) {
		ssize_t n = recv(sock, f, sizeof f, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			err(TROUBLE, "no reply");
		if (n >= HEADER && f[14] == 0x18 && f[19] == 0)
			break;
	}
	number = (unsigned)f[20] << 24 | (unsigned)f[21] << 16 |
	    (unsigned)f[22] << 8 | f[23];
	if (number == 0 || number > opt.requests || f[27] != DRDY)
		errx(TROUBLE, "reply to %u: status %02x", number, f[27]);
	requests[number].acked = now();
	waiting--;
}

/* Takes the replies that come within the pause, and those that wait. */
static void
replies_take(void)
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
			reply_take();
	} while (left > 0 || p.revents != 0);
}

static void
drive(void)
{
	requests = calloc(opt.requests + 1, sizeof *requests);
	if (requests == NULL)
		err(TROUBLE, "memory");
	for (unsigned i = 1; i <= opt.requests; i++) {
		while (waiting == WINDOW)
			reply_take();
		request_choose(&requests[i]);
		request_send(i);
		replies_take();
	}
	while (waiting > 0)
		reply_take();
}

/*
 * The trace.
 */

/* Is every sector of the write ours, whole, and where it belongs? */
static bool
event_sane(const struct event *e)
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
		if (stamp_read(e->data + i * SECTOR,
		    first - opt.offset + i) == 0) {
			warnx("sector %" PRIu64 " mangled", first + i);
			return false;
		}
	return true;
}

static bool
trace_read(const char *path)
{
	int fd = open(path, O_RDONLY);
	struct stat st;
	uint8_t *p, *end;
	bool sane = true;

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
		sane = event_sane(e) && sane;
	}
	return sane;
}

/*
 * The cuts.
 */

/* When the last sync that had ended at `cut` began; 0 if there was none. */
static uint64_t
synced(uint64_t cut)
{
	uint64_t begin = 0;

	for (unsigned i = 0; i < nevents; i++) {
		const struct record *r = &events[i].record;

		if (r->length == 0 && r->end <= cut && r->begin > begin)
			begin = r->begin;
	}
	return begin;
}

/* Writes that were acknowledged before this are promised at `cut`. */
static uint64_t
promised(uint64_t cut)
{
	uint64_t limit = opt.dsync ? cut : synced(cut);

	for (unsigned i = 1; i <= opt.requests; i++) {
		const struct request *r = &requests[i];

		if (r->count == 0 && r->acked < cut && r->sent > limit)
			limit = r->sent;
	}
	return limit;
}

/* How many of 4 sectors survive that were not durable. */
enum fate { NONE = 0, SOME = 2, EVERY = 4 };

/* The disk after a cut: for each sector the request that it is of. */
static void
replay(uint64_t cut, enum fate fate, uint64_t *disk)
{
	uint64_t sync = synced(cut);

	memset(disk, 0, opt.sectors * sizeof *disk);
	for (unsigned i = 0; i < nevents; i++) {
		const struct record *r = &events[i].record;
		uint64_t lba = r->offset / SECTOR - opt.offset;
		bool durable = r->end <= sync || (r->durable && r->end <= cut);

		if (r->begin > cut)
			continue;
		for (unsigned k = 0; k < r->length / SECTOR; k++)
			if (durable || below(4) < (uint64_t)fate)
				disk[lba + k] = stamp_read(events[i].data +
				    k * SECTOR, lba + k);
	}
}

/* Is all there that was promised at the cut? */
static bool
kept(uint64_t cut, const uint64_t *disk)
{
	uint64_t limit = promised(cut);

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

/* Just after something happened is when it matters most. */
static uint64_t
moment(void)
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
cuts(void)
{
	static const enum fate fates[] = { NONE, SOME, EVERY };
	uint64_t *disk = calloc(opt.sectors, sizeof *disk);
	unsigned broken = 0;

	if (disk == NULL)
		err(TROUBLE, "memory");
	for (unsigned i = 0; i < opt.cuts && broken < 10; i++) {
		uint64_t cut = moment();

		replay(cut, fates[i % 3], disk);
		broken += !kept(cut, disk);
	}
	free(disk);
	return broken;
}

static uint64_t
number(const char *s)
{
	char *end;
	uint64_t n = strtoull(s, &end, 10);

	if (end == s || *end != '\0')
		errx(TROUBLE, "not a number: %s", s);
	return n;
}

static void
option(int c)
{
	switch (c) {
	case 'c':
		opt.cuts = (unsigned)number(optarg);
		break;
	case 'F':
		opt.flushes = (unsigned)number(optarg);
		break;
	case 'l':
		opt.sectors = number(optarg);
		break;
	case 'n':
		opt.requests = (unsigned)number(optarg);
		break;
	case 'o':
		opt.offset = number(optarg);
		break;
	case 'p':
		opt.pause = (unsigned)number(optarg);
		break;
	case 'S':
		opt.seed = number(optarg);
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
		option(c);
	if (argc - optind != 2)
		errx(TROUBLE, "want an interface and a trace");
	wire_open(argv[optind]);
	drive();
	if (!trace_read(argv[optind + 1]))
		return 1;
	if (nevents == 0)
		errx(1, "nothing was written");
	broken = cuts();
	printf("requests=%u writes=%u syncs=%u cuts=%u broken=%u\n",
	    opt.requests, nevents - nsyncs, nsyncs, opt.cuts, broken);
	return broken == 0 ? 0 : 1;
}
