/* SPDX-License-Identifier: ISC */
/*
 * random.c: random reads, writes and flushes on a disk so small that they
 * overlap and adjoin, which is slow, bad and short in parts, and changes size.
 *
 *	random seconds [seed]
 *
 * A seed is a life of vblade, from its start to its end.  One after another is
 * tried until the time is over; the first that fails is printed (with threads
 * it may not fail again).  Beside what fake-platform.c checks:
 *   - A write has an effect on its own sectors only, and after its reply none.
 *   - On a sector, writes take effect in order of arrival.  A read has what
 *     those left that came before it, and once it is answered no such follows.
 *   - A request has one reply, unless it was dropped by a full queue: to a
 *     write, when all is written; to a flush, or with -s, after a sync that
 *     began later; an error, if there was a reason while it was due.
 *   - No host has more requests waiting than its share, or one dropped with
 *     fewer.
 */
#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../fake-platform.h"

enum {
	SECTORS = 63,		/* the disk at its largest */
	COUNT_MAX = 12,		/* sectors of a request */
	REQUESTS_MAX = 1024,	/* until nothing may be under way */
	HOSTS = 10,		/* at most */
};

/* Each life has some of these only, so that those happen often. */
enum event {
	SIZE, BAD, COLD, HELD, HOLD_SYNCS, FAIL_SYNCS, SHORT, MISALIGNED, SLOW,
	ACCEPT, PASS, STALL
};

static struct request {
	enum op op;
	unsigned host;
	bool due;		/* it has no reply yet */
	bool beyond, bad;	/* it may fail: its sectors were so */
	bool doomed;		/* it must fail if it needs a sync */
	unsigned lba, count;	/* on the disk */
	size_t moved;		/* bytes written so far */
	uint64_t version;	/* of the disk that has to be synced */
	uint8_t *data;		/* to be written, or read */
} requests[REQUESTS_MAX];

static unsigned seed, turn, events;
static unsigned first, end;	/* the exported sectors */
static bool sync_writes, sync_failed, settling;
static uint32_t base, next;	/* numbers of requests[0] and the next one */
static unsigned due;		/* requests without a reply */
static unsigned due_of[HOSTS], dropped_of[HOSTS], ended_of[HOSTS];
static unsigned hosts, share;	/* requests of each that may wait */
static unsigned patience;	/* turns until it settles, about */
static uint64_t drops;		/* as of `base` */
static uint32_t latest[SECTORS];	/* no older write may follow */
static uint8_t disk[SECTORS * SECTOR];
static uint8_t data[REQUESTS_MAX][COUNT_MAX * SECTOR];
static uint8_t frame[BATCH][sizeof(struct aoe_ata) + COUNT_MAX * SECTOR];

void __sanitizer_set_death_callback(void (*)(void)) __attribute__((weak));

static void
report(void)
{
	fprintf(stderr, "random: seed %u, turn %u%s\n", seed, turn,
	    fake.pool ? ", with threads" : "");
}

static void
on_signal(int sig)
{
	report();
	_exit(sig);
}

static void
check(bool good, const char *what)
{
	if (!good)
		fake_fail(what);
}

static unsigned
below(unsigned limit)
{
	return (unsigned)random() % limit;
}

/* Does it happen now? */
static bool
on(enum event event)
{
	return events >> event & 1 && below(4) == 0;
}

static struct request *
request(uint32_t number)
{
	check(number - base < next - base, "a request that nobody made");
	return &requests[number - base];
}

/*
 * The disk.
 */

/* Each 8 bytes of a write name the request and their place in it. */
void
fake_move(bool write, uint8_t *p, size_t len, off_t offset)
{
	size_t at = (size_t)offset, after = at + len;
	uint32_t word[2];
	struct request *r;

	if (!write) {
		memcpy(p, disk + at, len);
		return;
	}
	memcpy(word, p, sizeof word);
	r = request(word[0]);
	check(r->op == OP_WRITE && r->due, "a write after its reply");
	at -= r->lba * SECTOR;	/* wraps if it is before them */
	check(at <= r->moved && at + len <= r->count * SECTOR &&
	    memcmp(p, r->data + at, len) == 0, "a write at a wrong place");
	r->moved = at + len;
	r->version = fake.written;
	for (size_t s = (size_t)offset / SECTOR; s * SECTOR < after; s++) {
		check(latest[s] <= word[0], "a write too late");
		latest[s] = word[0];
	}
	memcpy(disk + offset, p, len);
	for (uint32_t n = word[0] + 1; n != next; n++) {
		r = request(n);
		for (at = (size_t)offset; r->op == OP_READ && at < after;
		    at += 8)
			if (at - r->lba * SECTOR < r->count * SECTOR)
				memcpy(r->data + (at - r->lba * SECTOR),
				    disk + at, 8);
	}
}

/* Now and then let others arrive before the engine finishes more. */
void
fake_executed(const struct io *io, enum place place)
{
	(void)io;
	if (place == PLACE_ENGINE && !fake.pool && !settling)
		fake.stalled = on(STALL);
}

/*
 * Requests and replies.
 */

/* With which errors may it fail, as the disk is now? */
static void
expect(struct request *r)
{
	r->beyond |= r->lba + r->count > end ||
	    (off_t)(r->lba + r->count) * SECTOR > fake.size;
	r->bad |= (fake.bad >> r->lba & ((1U << r->count) - 1)) != 0;
}

/* A frame for a new request, often next to the one before it. */
static struct iovec
make(uint8_t *p, unsigned jumps, unsigned count)
{
	static const uint8_t opcodes[] = { [OP_READ] = ATA_READ_EXT,
	    [OP_WRITE] = ATA_WRITE_EXT, [OP_SYNC] = ATA_FLUSH };
	struct request *r = &requests[next - base];
	bool joins = r > requests && below(jumps) > 0;
	struct aoe_ata *a = (void *)p;
	size_t len;

	*r = (struct request){ .due = true, .count = 1 + below(count),
	    .host = below(2) ? 0 : below(hosts),
	    .op = joins && below(8) > 0 ? r[-1].op : below(16) == 0 ? OP_SYNC :
	    below(2) ? OP_READ : OP_WRITE,
	    .lba = joins ? r[-1].lba + r[-1].count : SECTORS,
	    .version = fake.written, .doomed = sync_failed,
	    .data = data[next - base] };
	if (r->lba + r->count > SECTORS)
		r->lba = first + below(end - first - COUNT_MAX + 1);
	expect(r);
	len = r->count * SECTOR;
	memcpy(r->data, disk + r->lba * SECTOR, len);
	for (uint32_t i = 0; r->op == OP_WRITE && i < len / 8; i++)
		memcpy(r->data + 8 * i, (uint32_t[]){ next, i }, 8);
	*a = (struct aoe_ata){ .aoe.src = { 2, [MAC_LEN - 1] =
	    (uint8_t)r->host }, .aoe.flags = AOE_VERSION,
	    .aflags = ATA_EXTENDED, .count = (uint8_t)r->count,
	    .command = opcodes[r->op] };
	memcpy(a->aoe.dst, fake.link.mac, MAC_LEN);
	memcpy(a->aoe.tag, &next, sizeof next);
	put16(a->aoe.type, AOE_TYPE);
	put_le(a->lba, 6, r->lba - first);
	next++;
	due++;
	due_of[r->host]++;
	if (r->op != OP_WRITE)
		len = 0;
	memcpy(a->data, r->data, len);
	return (struct iovec){ p, sizeof *a + len };
}

static void
check_reply(const struct request *r, const struct aoe_ata *a, size_t len)
{
	bool synced = r->op == OP_SYNC || (r->op == OP_WRITE && sync_writes);

	if (a->command & ATA_ERR) {
		check(a->feature == ATA_IDNF ? r->beyond :
		    a->feature == ATA_UNC ? r->op == OP_READ && r->bad :
		    (r->op == OP_WRITE && r->bad) ||
		    (synced && fake.sync_failed), "an error without a reason");
		return;
	}
	check(r->op == OP_SYNC || r->lba + r->count <= end,
	    "success beyond the export");
	check(r->op != OP_READ || (len == sizeof *a + r->count * SECTOR &&
	    memcmp(a->data, r->data, r->count * SECTOR) == 0),
	    "a read of wrong data");
	check(r->op != OP_WRITE || r->moved == r->count * SECTOR,
	    "a reply to a write that is not done");
	check(!synced || fake.synced >= r->version, "a reply before its sync");
	check(!synced || !r->doomed, "success after a sync that failed");
}

bool
fake_sent(const struct iovec *f)
{
	const struct aoe_ata *a = f->iov_base;
	struct request *r;
	uint32_t number;

	if (a->aoe.command != AOE_ATA)
		return true;
	memcpy(&number, a->aoe.tag, sizeof number);
	r = request(number);
	check(r->due, "a second reply");
	check_reply(r, a, f->iov_len);
	for (unsigned i = 0; r->op == OP_READ && i < r->count; i++)
		if (latest[r->lba + i] < number && !(a->command & ATA_ERR))
			latest[r->lba + i] = number;
	r->due = false;
	due--;
	due_of[r->host]--;
	ended_of[r->host] += sync_writes || (a->command & ATA_ERR) != 0;
	memset(f->iov_base, 0xa5, f->iov_len);
	return true;
}

/*
 * Turns.
 */

/* None, one or many of the sectors. */
static uint64_t
some(void)
{
	uint64_t set = (uint64_t)random() << 32 ^ (uint64_t)random();

	return below(2) ? 0 : below(2) ? set : 1ULL << (set % SECTORS);
}

static void
happen(int timeout)
{
	if (on(SIZE))
		fake.size = (below(2) ? SECTORS : below(SECTORS + 1)) * SECTOR;
	if (on(BAD)) {
		fake.bad = below(4) ? 0 : some();
		fake.whole = below(2);
	}
	if (on(COLD))
		fake.cold = below(4) ? some() : UINT64_MAX;
	if (on(HELD))
		fake.held = some();
	if (on(HOLD_SYNCS))
		fake.hold_syncs = below(2);
	if (on(FAIL_SYNCS))
		fake.sync_fails = below(32) == 0;
	if (on(SHORT))
		fake.max_io = below(2) * 8 * (25 + below(256));
	if (on(MISALIGNED))
		fake.misaligned = below(2);
	if (on(SLOW))
		fake.op_time = below(2) * below(3000);
	if (on(ACCEPT))
		fake.accept = below(4);
	if (on(PASS) && timeout > 0)
		fake.time += timeout * 1000;
	fake.order = below(3);
	fake.stalled = on(STALL);
	for (uint32_t n = base; n != next; n++)
		expect(request(n));
}

/* The loop, which must not be held up, executes a lone request. */
static int
make_batch(struct iovec frames[], int max)
{
	static int n;
	unsigned jumps = 1U << 2 * below(4), count = 1 + below(COUNT_MAX);

	memset(frame, 0xdd, (size_t)n * sizeof *frame);
	n = (int)below(below(4) == 0 ? BATCH + 1 : 8);
	if (n == 1 && (fake.held != 0 || fake.hold_syncs) &&
	    (fake.pool || fake_busy() == 0))
		n = 2;
	n = n < max ? n : max;
	for (int i = 0; i < n; i++)
		frames[i] = make(frame[i], jumps, count);
	return n;
}

/*
 * What has no reply and does not wait was dropped, at the latest after this
 * batch: its host had a full share, but for what has ended since (before, of
 * what came with a write with -s), or the queue was full, but for the batch and
 * some replies.
 */
static void
check_shares(void)
{
	unsigned waiting[HOSTS], all = 0;

	for (unsigned h = 0; h < hosts; h++)
		all += waiting[h] = fake_waiting((uint64_t)h << 40 | 2);
	for (unsigned h = 0; h < hosts; h++) {
		unsigned dropped = due_of[h] - waiting[h];

		check(waiting[h] <= share, "a host has more than its share");
		check(dropped == dropped_of[h] ||
		    waiting[h] + ended_of[h] >= share ||
		    all + BATCH + 2 * RUN_MAX > 4 * share,
		    "a drop from a queue with room");
		dropped_of[h] = dropped;
		ended_of[h] = 0;
	}
}

/* Release all, until nothing is under way: what has no reply was dropped. */
static void
settle(void)
{
	fake.hold_syncs = fake.stalled = false;
	fake.held = fake.accept = 0;
	if (fake_busy() > 0 || due != fake.drops - drops)
		return;
	drops = fake.drops;
	sync_failed = fake.sync_failed;
	base = next;
	due = 0;
	memset(due_of, 0, sizeof due_of);
	memset(dropped_of, 0, sizeof dropped_of);
	settling = false;
}

int
fake_recv(struct iovec frames[], int max, int timeout)
{
	int n = 0;

	fake_lock();
	check(++turn < 5000, "a reply is missing, or it does not end");
	fake.stalled = false;
	settling |= max == 0 || next - base > REQUESTS_MAX - BATCH;
	if (settling) {
		settle();
	} else if (turn > 200) {
		fake_raise(SIGTERM);
	} else {
		happen(timeout);
		n = make_batch(frames, max);
		settling = below(patience) == 0;
	}
	fake_unlock();
	return n;
}

static void
live(void)
{
	srandom(seed);
	first = below(2) ? 3 : 0;
	end = first > 0 ? 53 : SECTORS;
	sync_writes = below(3) == 0;
	hosts = 1 + below(below(2) ? HOSTS : 2);
	patience = below(2) ? 32 : 256;
	share = below(4) ? 128 : 140;
	events = (unsigned)random() & (below(2) ? ~0U : (unsigned)random());
	if (below(8) > 0)
		events &= ~(1U << FAIL_SYNCS);
	fake = (struct fake){ .quiet = true, .poison = true, .time = 1000000,
	    .waits = check_shares,
	    .size = (SECTORS - below(first > 0 ? 11 : SECTORS)) * SECTOR,
	    .unit = below(2) ? SECTOR : 4096, .depth = 1 + below(5),
	    .pool = below(8) == 0, .flaky = below(4) == 0, .mixed = below(2),
	    .link = { .updates = 1, .index = 1, .up = true, .name = "eth0",
	    .mtu = 9000, .mac = { 2, 2 } } };
	base = next = 1;
	drops = turn = due = 0;
	memset(due_of, 0, sizeof due_of);
	memset(dropped_of, 0, sizeof dropped_of);
	settling = sync_failed = false;
	memset(latest, 0, sizeof latest);
	alarm(60);
	/* "-t1" is the default. */
	check(fake_run(9, (char *[]){ "vblade", share == 140 ? "-b70" :
	    below(2) ? "-b2" : "-b16",
	    sync_writes ? "-s" : "-t1", first > 0 ? "-o3" : "-t1",
	    first > 0 ? "-l50" : "-t1", "0", "0", "eth0", "disk", NULL }) ==
	    (fake.sync_failed ? EXIT_TRANSIENT : 0), "the exit status");
	check(due == fake.drops - drops, "a reply is missing at the end");
	check(fake.sync_failed || fake.synced == fake.written,
	    "not all is synced at the end");
}

int
main(int argc, char *argv[])
{
	time_t over = time(NULL) + (argc > 1 ? atoi(argv[1]) : 0);
	uintmax_t sent = 0;

	if (argc < 2)
		errx(2, "usage: random seconds [seed]");
	signal(SIGABRT, on_signal);
	signal(SIGALRM, on_signal);
	if (__sanitizer_set_death_callback)
		__sanitizer_set_death_callback(report);
	seed = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 1;
	do {
		live();
		sent += next - 1;
		seed++;
	} while (time(NULL) < over);
	printf("%ju requests, to seed %u\n", sent, seed - 1);
	return 0;
}
