/* SPDX-License-Identifier: ISC */
/*
 * promises: which acknowledged writes are on the disk after a failure?
 *
 *	promises [-s] [-l sectors] log trace
 *	promises -d [-s] [-l sectors] log disk
 *
 * The log is that of tests/load -L: when each request was sent, and when its
 * reply arrived.  The requests must all be writes and FLUSHes.
 *
 * In the first form the target ran with tests/shim.c, which wrote the trace.
 * The power is cut at 400 moments.  For each the trace is replayed on an
 * empty disk: what was on stable storage at that moment is applied; of
 * everything else, nothing, everything or any part may be.  What the target had
 * promised by then must be there, or something newer.  In the second form, what
 * it has promised must be on the disk.
 *
 * A promise is, with -s, every acknowledged write; without, those that were
 * acknowledged when a FLUSH was sent that succeeded, or when a sync began that
 * has ended.
 *
 * Every sector written contains the number of its request and its LBA, so a
 * corrupt or misplaced sector is found in the trace.
 *
 * Exit status: 0 all promises kept, 1 some broken, 2 any other failure.
 */
#define _GNU_SOURCE 1
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "../aoe-wire.h"

enum { TROUBLE = 2, BROKEN_MAX = 10, CUTS = 400, MAX = 1 << 15 };

struct request {
	uint64_t lba;
	unsigned count;		/* 0: a FLUSH */
	uint64_t sent, acked;	/* ns of CLOCK_MONOTONIC; 0: it failed */
};

struct event {
	struct record record;
	const uint8_t *data;	/* none: a sync */
};

static bool dsync;
static uint64_t sectors = 256, seed;

static struct request requests[MAX];	/* number 1 is the first */
static unsigned nrequests, npromised;
static struct event events[MAX];
static unsigned nevents, nsyncs;
/* After a failure: of each sector, the number of its request. */
static uint64_t disk[MAX];

static const uint8_t *
read_file(const char *path, size_t *size)
{
	int fd = open(path, O_RDONLY);
	struct stat st;
	uint8_t *p = NULL;

	if (fd < 0 || fstat(fd, &st) < 0 ||
	    (p = malloc((size_t)st.st_size)) == NULL ||
	    read(fd, p, (size_t)st.st_size) != st.st_size)
		err(TROUBLE, "%s", path);
	*size = (size_t)st.st_size;
	return p;
}

/* The requests are logged in the order of their replies. */
static void
read_log(const char *path)
{
	FILE *f = fopen(path, "r");
	struct request r;
	unsigned number;

	if (f == NULL)
		err(TROUBLE, "%s", path);
	while (fscanf(f, "%u %" SCNu64 " %u %" SCNu64 " %" SCNu64, &number,
	    &r.lba, &r.count, &r.sent, &r.acked) == 5) {
		if (number >= MAX || r.lba + r.count > sectors)
			errx(TROUBLE, "%s: request %u", path, number);
		requests[number] = r;
		nrequests++;
	}
	if (nrequests == 0 || requests[nrequests].sent == 0)
		errx(TROUBLE, "%s: requests are missing", path);
}

/* The number of the request that wrote this sector, or 0. */
static uint64_t
writer(const uint8_t *sector, uint64_t lba)
{
	uint8_t expected[SECTOR];
	uint64_t number = get_le(sector + 8, 8);

	stamp_sector(expected, lba, number);
	return memcmp(sector, expected, SECTOR) == 0 ? number : 0;
}

/* Every sector of a write must be one of ours, intact and in its place. */
static void
event_check(const struct event *e)
{
	uint64_t first = e->record.offset / SECTOR;
	uint64_t n = e->record.length / SECTOR;

	if (e->record.offset % SECTOR != 0 || e->record.length % SECTOR != 0 ||
	    first + n > sectors)
		errx(1, "%" PRIu64 " bytes written at %" PRIu64,
		    e->record.length, e->record.offset);
	for (uint64_t i = 0; i < n; i++)
		if (writer(e->data + i * SECTOR, first + i) == 0)
			errx(1, "sector %" PRIu64 " corrupt", first + i);
}

static void
read_trace(const char *path)
{
	size_t size;
	const uint8_t *p = read_file(path, &size), *end = p + size;

	while (p < end && nevents < MAX) {
		struct event *e = &events[nevents++];

		memcpy(&e->record, p, sizeof e->record);
		e->data = p += sizeof e->record;
		nsyncs += e->record.length == 0;
		p += e->record.length;
		event_check(e);
	}
	if (nevents == 0 || nevents == MAX)
		errx(TROUBLE, "%s: %u events", path, nevents);
}

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
	uint64_t limit = dsync ? cut : synced_until(cut);

	for (unsigned i = 1; i <= nrequests; i++) {
		const struct request *r = &requests[i];

		if (r->count == 0 && r->acked > 0 && r->acked < cut &&
		    r->sent > limit)
			limit = r->sent;
	}
	return limit;
}

/* Of what was not on stable storage, so many in 4 sectors survive. */
static void
replay(uint64_t cut, uint64_t survivors)
{
	uint64_t sync = synced_until(cut);

	memset(disk, 0, sizeof disk);
	for (unsigned i = 0; i < nevents; i++) {
		const struct record *r = &events[i].record;
		uint64_t lba = r->offset / SECTOR;

		if (r->begin > cut)
			continue;
		for (unsigned k = 0; k < r->length / SECTOR; k++)
			if (r->end <= sync ||
			    random_below(&seed, 4) < survivors)
				disk[lba + k] = writer(events[i].data +
				    k * SECTOR, lba + k);
	}
}

/* Does the disk hold the request, or something newer? */
static bool
on_disk(unsigned number)
{
	const struct request *r = &requests[number];

	for (unsigned k = 0; k < r->count; k++)
		if (disk[r->lba + k] < number) {
			warnx("sector %" PRIu64 " has request %" PRIu64 ", but "
			    "%u was promised", r->lba + k, disk[r->lba + k],
			    number);
			return false;
		}
	return true;
}

/* How many writes that were promised at the cut are not on the disk. */
static unsigned
count_lost(uint64_t cut)
{
	uint64_t limit = promised_until(cut);
	unsigned lost = 0;

	for (unsigned i = 1; i <= nrequests && lost < BROKEN_MAX; i++) {
		const struct request *r = &requests[i];

		if (r->count == 0 || r->acked == 0 || r->acked >= limit)
			continue;
		npromised++;
		lost += !on_disk(i);
	}
	return lost;
}

/* Most moments are just after an event, where errors are likely. */
static uint64_t
choose_moment(void)
{
	const struct request *r = &requests[1 + random_below(&seed, nrequests)];
	const struct record *e = &events[random_below(&seed, nevents)].record;

	switch (random_below(&seed, 4)) {
	case 0: return r->acked + 1;
	case 1: return e->begin + 1;
	case 2: return e->begin + random_below(&seed, e->end - e->begin + 1);
	default: return e->end;
	}
}

/* Returns how many cuts broke a promise. */
static unsigned
cut_power(void)
{
	unsigned broken = 0;

	for (unsigned i = 0; i < CUTS && broken < BROKEN_MAX; i++) {
		uint64_t cut = choose_moment();

		replay(cut, i % 3 * 2);
		broken += count_lost(cut) > 0;
	}
	printf("requests=%u writes=%u syncs=%u broken=%u\n", nrequests,
	    nevents - nsyncs, nsyncs, broken);
	return broken;
}

/* Returns how many promised writes are not on the disk. */
static unsigned
compare_disk(const char *path)
{
	size_t size;
	const uint8_t *p = read_file(path, &size);
	unsigned failed = 0, flushed = 0, lost;

	for (uint64_t i = 0; i < sectors && i < size / SECTOR; i++)
		disk[i] = writer(p + i * SECTOR, i);
	for (unsigned i = 1; i <= nrequests; i++)
		if (requests[i].count == 0)
			flushed += requests[i].acked > 0;
		else
			failed += requests[i].acked == 0;
	lost = count_lost(UINT64_MAX);
	printf("promised=%u failed=%u flushed=%u lost=%u\n", npromised, failed,
	    flushed, lost);
	return lost;
}

int
main(int argc, char **argv)
{
	bool final = false;
	int c;

	while ((c = getopt(argc, argv, "dl:s")) != -1) {
		switch (c) {
		case 'd': final = true; break;
		case 'l': sectors = strtoull(optarg, NULL, 10); break;
		case 's': dsync = true; break;
		default: return TROUBLE;
		}
	}
	if (argc - optind != 2 || sectors > MAX)
		errx(TROUBLE, "usage: promises [options] log trace-or-disk");
	read_log(argv[optind]);
	if (final)
		return compare_disk(argv[optind + 1]) > 0;
	read_trace(argv[optind + 1]);
	return cut_power() > 0;
}
