/*
 * load: an AoE initiator that keeps a window of requests in flight, to
 * measure a target and to catch it at losing data.
 *
 * It shares no code with vblade, so that a mistake about the protocol cannot
 * cancel out.  It waits in recvmmsg and sends with sendmmsg.  It does not use
 * a receive ring: the copy into a ring would be made, and charged, in the
 * context of the target that sends the reply.
 *
 * Every sector that it writes is stamped: its own LBA, the initiator's number,
 * a generation, and a pattern that follows from these.  In mode "mixed" each
 * write has a generation of its own, and a model of the disk knows for each
 * sector the writes in the order in which they went over the wire.  A target
 * applies overlapping requests in the order of their arrival, so a read must
 * return what the last write before it left, copies included.
 */
#define _GNU_SOURCE 1
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	ETHERTYPE = 0x88a2,
	HEADER = 36,		/* bytes before the data of an ATA message */
	SECTOR = 512,
	WORDS = SECTOR / 8,
	BATCH = 64,		/* frames a system call */
	WINDOW_MAX = 4096,
	COPIES = 4,		/* transmissions that may share a tag */
	HORIZON = 1 << 14,	/* transmissions that are remembered */
	DELAYED_MAX = 1024,	/* duplicates that wait for their turn */
	COMPLAINTS = 10,	/* mismatches that are told in full */
};

enum { ATA = 0, CONFIG = 1 };
enum { READ_EXT = 0x24, WRITE_EXT = 0x34, IDENTIFY = 0xec, FLUSH = 0xe7 };
enum { FAILED = 0xa9, DRDY = 0x40 };	/* bits of the ATA status */

enum mode { MODE_READ, MODE_WRITE, MODE_VERIFY, MODE_MIXED, MODE_NOISE };
static const char *const mode_names[] = {
	"read", "write", "verify", "mixed", "noise"
};

/* What a request asks; all its transmissions ask the same. */
struct request {
	uint64_t lba;
	uint64_t generation;	/* of the data, for a write */
	uint64_t serial;	/* 0: no request */
	uint16_t sectors;
	uint8_t opcode;
};

/* A request that has no reply yet. */
struct flight {
	struct request request;
	uint64_t first;		/* ns, when it was sent first */
	uint64_t last;		/* ns, when it was sent last */
	uint32_t tag;		/* of the first transmission */
};

/* What went out under one tag: once, or more often with -T. */
struct sent {
	struct request request;
	uint32_t tag;
	unsigned slot;		/* in the window */
	unsigned copies, replies;
	uint64_t order[COPIES];	/* positions on the wire */
};

struct delayed {
	struct request request;
	unsigned slot;
	uint64_t due;		/* position on the wire */
	uint32_t tag;
};

/* A write to one sector.  Of a write without a reply nothing is known. */
struct event {
	struct event *older;
	uint64_t order;
	uint64_t generation;
	enum { UNKNOWN, APPLIED, LOST } state;
};

/* What the command line asks. */
static struct {
	enum mode mode;
	bool random, sizes, plain, same_tag;
	unsigned window, sectors, writes, duplicates, flushes, rate;
	unsigned shelf, slot, id, index, owners, chunk;
	uint64_t first, count, requests, seconds, timeout, seed, generation;
	const char *ifname, *expected;
} opt = {
	.writes = 50, .owners = 1, .chunk = 1, .timeout = 1000, .seed = 1,
	.generation = 1,
};

/* The target, as discovery found it. */
static struct {
	uint8_t mac[6];
	unsigned buffers, sectors;
	uint64_t size;
} target;

static int sock;
static uint8_t own_mac[6];
static unsigned mtu;

static struct flight flights[WINDOW_MAX];
static unsigned vacant[WINDOW_MAX], nvacant;
static struct sent log_of_sent[HORIZON];
static struct delayed delayed[DELAYED_MAX];
static unsigned ndelayed;
static struct event **model;	/* a list for each sector, newest first */
static struct event *spare_events;

static uint64_t order;		/* transmissions so far */
static uint64_t serial;		/* requests so far */
static uint64_t generation;
static uint64_t cursor;		/* next sector of a sequential pass */
static bool sweeping;		/* the last pass of mode mixed */
static volatile sig_atomic_t interrupted;

/* Frames that are being gathered for one sendmmsg. */
static struct mmsghdr out[BATCH];
static struct iovec out_iov[BATCH][2];
static uint8_t out_header[BATCH][HEADER];
static uint8_t *out_data[BATCH];
static unsigned nout;

static struct {
	uint64_t done, sectors, errors, bad, mismatches, retransmits;
	uint64_t duplicates, late, unchecked;
	uint64_t start, end;
} count;

static uint64_t
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* One step of splitmix64: a good scatter of any 64 bits. */
static uint64_t
mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

static uint64_t
random_below(uint64_t limit)
{
	opt.seed = mix(opt.seed);
	return opt.seed % limit;
}

static bool
chance(unsigned percent)
{
	return percent > 0 && random_below(100) < percent;
}

/*
 * Latencies: a histogram of 64 steps to each power of two, so that a
 * percentile is exact to 1.6 percent.
 */

static uint64_t histogram[64 * 64];
static uint64_t slowest;

static void
latency_add(uint64_t ns)
{
	unsigned octave = ns < 128 ? 0 : 57 - (unsigned)__builtin_clzll(ns);

	histogram[octave * 64 + (ns >> octave)]++;
	if (ns > slowest)
		slowest = ns;
}

/* The latency in microseconds that `share` of the replies did not exceed. */
static double
latency_at(double share)
{
	double wanted = share * (double)count.done, seen = 0;
	unsigned i;

	for (i = 0; i < 64 * 64; i++) {
		seen += (double)histogram[i];
		if (seen > 0 && seen >= wanted)
			break;
	}
	if (i < 128)
		return i / 1e3;
	return (double)((uint64_t)(64 + i % 64) << (i / 64 - 1)) / 1e3;
}

/*
 * Stamps.
 */

static void
stamp_words(uint64_t words[WORDS], uint64_t lba, uint64_t gen)
{
	uint64_t who = (uint64_t)opt.id << 56 | gen;
	uint64_t base = mix(mix(lba) ^ who);

	words[0] = lba;
	words[1] = who;
	for (unsigned i = 2; i < WORDS; i++)
		words[i] = base + i * 0x9e3779b97f4a7c15;
}

/* Generation 0 is a sector that was never written: zeroes. */
static void
stamp(uint8_t *sector, uint64_t lba, uint64_t gen)
{
	uint64_t words[WORDS] = { 0 };

	if (gen > 0)
		stamp_words(words, lba, gen);
	memcpy(sector, words, SECTOR);
}

/* Finds the generation of a sector; false if it is not a stamp of ours. */
static bool
stamp_read(const uint8_t *sector, uint64_t lba, uint64_t *gen)
{
	uint64_t who;
	uint8_t wanted[SECTOR];

	memcpy(&who, sector + 8, 8);
	*gen = who & 0xffffffffffffff;
	stamp(wanted, lba, *gen);
	return memcmp(sector, wanted, SECTOR) == 0;
}

/*
 * The sectors that this initiator owns.  With -O the range is cut into chunks
 * that belong to the initiators in turn.
 */

static uint64_t
chunk_end(uint64_t lba)
{
	uint64_t end = opt.first + opt.count;
	uint64_t next = lba - lba % opt.chunk + opt.chunk;

	return opt.owners > 1 && next < end ? next : end;
}

static bool
owned(uint64_t lba)
{
	return opt.owners == 1 || lba / opt.chunk % opt.owners == opt.index;
}

/* Shortens a request at the end of what is owned. */
static void
clip(struct request *r)
{
	uint64_t room = chunk_end(r->lba) - r->lba;

	if (r->sectors > room)
		r->sectors = (uint16_t)room;
}

static void
place_sequential(struct request *r)
{
	uint64_t end = opt.first + opt.count;

	if (cursor >= end)
		cursor = opt.first;
	while (!owned(cursor)) {
		cursor = chunk_end(cursor);
		if (cursor >= end)
			cursor = opt.first;
	}
	r->lba = cursor;
	clip(r);
	cursor += r->sectors;
}

static void
place_random(struct request *r)
{
	uint64_t unit = opt.sizes ? 1 : opt.sectors;
	uint64_t units = opt.count > unit ? opt.count / unit : 1;

	do
		r->lba = opt.first + random_below(units) * unit;
	while (!owned(r->lba));
	clip(r);
}

/* Whether a sequential pass has come to the end of what is owned. */
static bool
pass_over(void)
{
	uint64_t lba = cursor;

	while (lba < opt.first + opt.count && !owned(lba))
		lba = chunk_end(lba);
	return lba >= opt.first + opt.count;
}

/*
 * The model of the disk.
 */

static struct event *
event_new(void)
{
	struct event *e = spare_events;

	if (e == NULL) {
		e = calloc(HORIZON, sizeof *e);
		if (e == NULL)
			err(1, "model");
		for (unsigned i = 0; i + 1 < HORIZON; i++)
			e[i].older = &e[i + 1];
	}
	spare_events = e->older;
	return e;
}

/*
 * Forgets the events that no read can return any more: those before an
 * applied one that is older than everything in flight.
 */
static void
events_trim(struct event *e)
{
	struct event *rest;

	while (e != NULL
	    && !(e->state == APPLIED && e->order + HORIZON < order))
		e = e->older;
	if (e == NULL)
		return;
	while ((rest = e->older) != NULL) {
		e->older = rest->older;
		rest->older = spare_events;
		spare_events = rest;
	}
}

static void
model_sent(const struct request *r, uint64_t when)
{
	for (uint64_t i = r->lba; i < r->lba + r->sectors; i++) {
		struct event **list = &model[i - opt.first];
		struct event *e = event_new();

		e->older = *list;
		e->order = when;
		e->generation = r->generation;
		e->state = UNKNOWN;
		*list = e;
		events_trim(e->older);
	}
}

static void
complain(const char *what, uint64_t lba, uint64_t gen, uint64_t when)
{
	if (count.mismatches + count.bad < COMPLAINTS) {
		warnx("%s: sector %" PRIu64 ", generation %" PRIu64
		    ", read or written as frame %" PRIu64,
		    what, lba, gen, when);
		for (struct event *e = model ? model[lba - opt.first] : NULL;
		    e != NULL && e->order + 400 > when; e = e->older)
			warnx("  frame %" PRIu64 " wrote %" PRIu64 ": %s",
			    e->order, e->generation,
			    e->state == APPLIED ? "applied" :
			    e->state == LOST ? "not seen" : "no reply");
	}
}

/* The write that was frame `when` has its reply: it must be seen from now. */
static void
model_applied(const struct request *r, uint64_t when)
{
	for (uint64_t i = r->lba; i < r->lba + r->sectors; i++) {
		struct event *e = model[i - opt.first];

		while (e != NULL && e->order != when)
			e = e->older;
		if (e == NULL)
			continue;
		if (e->state == LOST) {
			complain("overtaken write", i, e->generation, when);
			count.mismatches++;
		}
		e->state = APPLIED;
	}
}

/*
 * Whether a read that was frame `when` may return `gen`.  If so, the writes
 * between the one seen and the read cannot have been applied, and with `sure`
 * they are marked: a reply to one of them would be a lie.  A copy of a write
 * carries the same generation; the newest is taken, which claims the least.
 */
static bool
model_allows(uint64_t lba, uint64_t gen, uint64_t when, bool sure)
{
	struct event *newest = model[lba - opt.first], *e;

	while (newest != NULL && newest->order > when)
		newest = newest->older;
	for (e = newest; e != NULL; e = e->older) {
		if (e->generation == gen && e->state != LOST)
			break;
		if (e->state == APPLIED)
			return false;
	}
	if (e == NULL && gen != 0)
		return false;
	for (; sure && newest != e; newest = newest->older)
		newest->state = LOST;
	return true;
}

static bool
model_allows_any(const struct sent *s, uint64_t lba, uint64_t gen)
{
	for (unsigned i = 0; i < s->copies; i++)
		if (model_allows(lba, gen, s->order[i], s->copies == 1))
			return true;
	return false;
}

static void
check_sector(const struct sent *s, const uint8_t *data, uint64_t lba)
{
	uint64_t gen;

	if (!stamp_read(data, lba, &gen)) {
		complain("bad sector", lba, gen, s->order[0]);
		count.bad++;
	} else if (model == NULL && gen != opt.generation) {
		complain("wrong generation", lba, gen, s->order[0]);
		count.bad++;
	} else if (model != NULL && !model_allows_any(s, lba, gen)) {
		complain("stale or future data", lba, gen, s->order[0]);
		count.mismatches++;
	}
}

static void
check_data(const struct sent *s, const uint8_t *data)
{
	if (opt.mode != MODE_VERIFY && opt.mode != MODE_MIXED)
		return;
	if (s->order[0] + HORIZON <= order) {
		count.unchecked++;
		return;
	}
	for (unsigned i = 0; i < s->request.sectors; i++)
		check_sector(s, data + i * SECTOR, s->request.lba + i);
}

/* Writes what the disk must hold into a file, for cmp. */
static void
model_save(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT, 0644);
	uint8_t sector[SECTOR];

	if (fd < 0)
		err(1, "%s", path);
	for (uint64_t i = opt.first; i < opt.first + opt.count; i++) {
		uint64_t gen = model == NULL ? opt.generation : 0;

		if (!owned(i))
			continue;
		for (struct event *e = model ? model[i - opt.first] : NULL;
		    e != NULL && gen == 0; e = e->older)
			gen = e->state == LOST ? 0 : e->generation;
		stamp(sector, i, gen);
		if (pwrite(fd, sector, SECTOR, (off_t)i * SECTOR) != SECTOR)
			err(1, "%s", path);
	}
	if (close(fd) != 0)
		err(1, "%s", path);
}

/*
 * Sending.
 */

static void
put_header(uint8_t h[HEADER], unsigned command, uint32_t tag)
{
	memset(h, 0, HEADER);
	memcpy(h, target.mac, 6);
	memcpy(h + 6, own_mac, 6);
	h[12] = ETHERTYPE >> 8;
	h[13] = ETHERTYPE & 0xff;
	h[14] = 0x10;
	h[16] = (uint8_t)(opt.shelf >> 8);
	h[17] = (uint8_t)opt.shelf;
	h[18] = (uint8_t)opt.slot;
	h[19] = (uint8_t)command;
	for (unsigned i = 0; i < 4; i++)
		h[20 + i] = (uint8_t)(tag >> (24 - 8 * i));
}

static void
put_ata(uint8_t h[HEADER], const struct request *r)
{
	if (r->opcode == READ_EXT || r->opcode == WRITE_EXT)
		h[24] = r->opcode == WRITE_EXT ? 0x41 : 0x40;
	h[26] = (uint8_t)r->sectors;
	h[27] = r->opcode;
	for (unsigned i = 0; i < 6; i++)
		h[28 + i] = (uint8_t)(r->lba >> 8 * i);
}

/* A frame that cannot be sent counts as lost; the timer sends it again. */
static void
batch_send(void)
{
	unsigned done = 0;

	while (done < nout) {
		int n = sendmmsg(sock, out + done, nout - done, 0);

		if (n > 0)
			done += (unsigned)n;
		else if (errno == ENOBUFS || errno == ENETDOWN)
			done++;
		else if (errno != EINTR)
			err(1, "%s: send", opt.ifname);
	}
	nout = 0;
}

static void
batch_add(const struct request *r, uint32_t tag)
{
	uint8_t *h = out_header[nout];

	put_header(h, ATA, tag);
	put_ata(h, r);
	out[nout].msg_hdr.msg_iovlen = 1;
	if (r->opcode == WRITE_EXT) {
		for (unsigned i = 0; i < r->sectors && !opt.plain; i++)
			stamp(out_data[nout] + i * SECTOR, r->lba + i,
			    r->generation);
		out_iov[nout][1].iov_len = (size_t)r->sectors * SECTOR;
		out[nout].msg_hdr.msg_iovlen = 2;
	}
	if (++nout == BATCH)
		batch_send();
}

/* The top byte tells initiators on one interface apart. */
static uint32_t
tag_new(void)
{
	static uint32_t n;

	return opt.id << 24 | (++n & 0xffffff);
}

/* The record of a tag; with -T, a second copy joins the first one's. */
static struct sent *
sent_record(const struct request *r, unsigned slot, uint32_t tag)
{
	struct sent *s = &log_of_sent[tag % HORIZON];

	if (tag != 0 && opt.same_tag && s->tag == tag && s->copies < COPIES)
		return s;
	tag = tag_new();
	s = &log_of_sent[tag % HORIZON];
	*s = (struct sent){ .request = *r, .tag = tag, .slot = slot };
	return s;
}

/* Puts a request on the wire; `tag` is 0, or that of an earlier copy. */
static uint32_t
transmit(const struct request *r, unsigned slot, uint32_t tag)
{
	struct sent *s = sent_record(r, slot, tag);

	order++;
	s->order[s->copies++] = order;
	if (model != NULL && r->opcode == WRITE_EXT)
		model_sent(r, order);
	batch_add(r, s->tag);
	return s->tag;
}

static void
delay_copy(const struct request *r, unsigned slot, uint32_t tag)
{
	if (ndelayed == DELAYED_MAX)
		return;
	delayed[ndelayed++] = (struct delayed){
		.request = *r, .slot = slot, .tag = tag,
		.due = order + random_below(2 * opt.window),
	};
}

/* Sends the duplicates whose turn has come, or all of them. */
static void
send_delayed(bool all)
{
	unsigned i = 0;

	while (i < ndelayed) {
		struct delayed d = delayed[i];

		if (!all && d.due > order) {
			i++;
			continue;
		}
		delayed[i] = delayed[--ndelayed];
		transmit(&d.request, d.slot, d.tag);
		count.duplicates++;
	}
}

static void
choose_opcode(struct request *r)
{
	bool writes = opt.mode == MODE_WRITE
	    || (opt.mode == MODE_MIXED && !sweeping && chance(opt.writes));

	r->opcode = writes ? WRITE_EXT : READ_EXT;
	r->generation = opt.generation;
	if (writes && opt.mode == MODE_MIXED)
		r->generation = ++generation;
}

static struct request
next_request(void)
{
	struct request r = { .serial = ++serial };

	if (opt.flushes > 0 && serial % opt.flushes == 0) {
		r.opcode = FLUSH;
		return r;
	}
	choose_opcode(&r);
	r.sectors = (uint16_t)opt.sectors;
	if (opt.sizes && !sweeping)
		r.sectors = (uint16_t)(1 + random_below(opt.sectors));
	if (opt.random && !sweeping)
		place_random(&r);
	else
		place_sequential(&r);
	return r;
}

static void
send_next(uint64_t at)
{
	unsigned slot = vacant[--nvacant];
	struct flight *f = &flights[slot];

	f->request = next_request();
	f->first = f->last = at;
	f->tag = transmit(&f->request, slot, 0);
	if (chance(opt.duplicates))
		delay_copy(&f->request, slot, f->tag);
}

static void
retransmit(uint64_t at)
{
	for (unsigned i = 0; i < opt.window; i++) {
		struct flight *f = &flights[i];

		if (f->request.serial == 0 || at - f->last < opt.timeout)
			continue;
		f->last = at;
		f->tag = transmit(&f->request, i, f->tag);
		count.retransmits++;
	}
}

/*
 * Receiving.
 */

static struct mmsghdr in[BATCH];
static struct iovec in_iov[BATCH];
static uint8_t *in_frame[BATCH];

/* The record that a reply answers, or NULL. */
static struct sent *
reply_match(const uint8_t *f, unsigned length)
{
	uint32_t tag = (uint32_t)f[20] << 24 | (uint32_t)f[21] << 16
	    | (uint32_t)f[22] << 8 | f[23];
	struct sent *s = &log_of_sent[tag % HORIZON];

	if (length < HEADER || f[19] != ATA || f[18] != opt.slot
	    || f[16] != opt.shelf >> 8 || f[17] != (opt.shelf & 0xff)
	    || memcmp(f + 6, target.mac, 6) != 0)
		return NULL;
	if (s->tag != tag || s->replies == s->copies) {
		count.late++;
		return NULL;
	}
	return s;
}

/* Whether the reply has the length and the registers of a success. */
static bool
reply_good(const struct sent *s, const uint8_t *f, unsigned length)
{
	unsigned wanted = s->request.opcode == READ_EXT ?
	    HEADER + (unsigned)s->request.sectors * SECTOR : 60;

	if ((f[14] & 4) == 0 && (f[27] & FAILED) == 0 && length == wanted)
		return true;
	if (count.errors++ < COMPLAINTS)
		warnx("opcode %02x, LBA %" PRIu64 ", %u sectors: %u bytes, "
		    "flags %02x, AoE error %u, status %02x, error %02x",
		    s->request.opcode, s->request.lba, s->request.sectors,
		    length, f[14], f[15], f[27], f[25]);
	return false;
}

static void
request_done(const struct sent *s, uint64_t at)
{
	struct flight *f = &flights[s->slot];

	if (f->request.serial != s->request.serial)
		return;
	f->request.serial = 0;
	vacant[nvacant++] = s->slot;
	if (sweeping)
		return;
	count.done++;
	count.sectors += s->request.sectors;
	latency_add(at - f->first);
}

/* With copies under one tag only the last reply says that all took effect. */
static void
write_done(const struct sent *s)
{
	if (model == NULL || s->replies < s->copies)
		return;
	for (unsigned i = 0; i < s->copies; i++)
		model_applied(&s->request, s->order[i]);
}

static void
reply_take(const uint8_t *f, unsigned length, uint64_t at)
{
	struct sent *s = reply_match(f, length);

	if (s == NULL)
		return;
	s->replies++;
	if (reply_good(s, f, length)) {
		if (s->request.opcode == READ_EXT)
			check_data(s, f + HEADER);
		else if (s->request.opcode == WRITE_EXT)
			write_done(s);
	}
	request_done(s, at);
}

/* Takes what has come, or waits a while; false if nothing came. */
static bool
receive(void)
{
	int n = recvmmsg(sock, in, BATCH, MSG_WAITFORONE | MSG_TRUNC, NULL);
	uint64_t at = now();

	if (n < 0) {
		if (errno != EAGAIN && errno != EINTR && errno != ENETDOWN)
			err(1, "%s: receive", opt.ifname);
		return false;
	}
	for (int i = 0; i < n; i++)
		reply_take(in_frame[i], in[i].msg_len, at);
	return true;
}

/*
 * The run.
 */

static bool
enough(uint64_t at)
{
	if (interrupted)
		return true;
	if (sweeping)
		return pass_over();
	if (opt.requests > 0)
		return serial >= opt.requests;
	if (opt.seconds > 0)
		return at - count.start >= opt.seconds * 1000000000;
	return pass_over();
}

/* Keeps the window full until enough is sent, then waits for the rest. */
static void
run(void)
{
	uint64_t at = now(), checked = at;
	bool enough_sent = false;

	while (!enough_sent || nvacant < opt.window) {
		while (!enough_sent && nvacant > 0) {
			enough_sent = enough(at);
			if (!enough_sent)
				send_next(at);
		}
		send_delayed(enough_sent);
		batch_send();
		receive();
		at = now();
		if (at - checked > opt.timeout / 8) {
			retransmit(at);
			checked = at;
		}
		if (interrupted > 1)
			break;
	}
}

/* Replies to copies and to retransmissions may still come: they count too. */
static void
drain(void)
{
	while (!interrupted && receive())
		;
}

/* Sends a read for somebody else at a steady rate; no reply is expected. */
static void
noise(void)
{
	struct timespec t;
	struct request r = { .opcode = READ_EXT, .sectors = 1 };
	uint64_t n = opt.seconds * opt.rate;

	memset(target.mac, 0xff, 6);
	clock_gettime(CLOCK_MONOTONIC, &t);
	for (uint64_t i = 0; i < n && !interrupted; i++) {
		batch_add(&r, tag_new());
		batch_send();
		t.tv_nsec += 1000000000 / (long)opt.rate;
		if (t.tv_nsec >= 1000000000) {
			t.tv_sec++;
			t.tv_nsec -= 1000000000;
		}
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
	}
}

/*
 * Start-up.
 */

/* Replies to this initiator: of type AoE, R set, its number in the tag. */
static void
filter_attach(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 14),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x08, 0, 3),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 20),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, opt.id, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog program = {
		.len = sizeof code / sizeof *code, .filter = code
	};

	if (setsockopt(sock, SOL_SOCKET, SO_ATTACH_FILTER, &program,
	    sizeof program) != 0)
		err(1, "filter");
}

static void
interface_query(void)
{
	struct ifreq ifr;

	memset(&ifr, 0, sizeof ifr);
	snprintf(ifr.ifr_name, sizeof ifr.ifr_name, "%s", opt.ifname);
	if (ioctl(sock, SIOCGIFHWADDR, &ifr) != 0)
		err(1, "%s", opt.ifname);
	memcpy(own_mac, ifr.ifr_hwaddr.sa_data, 6);
	if (ioctl(sock, SIOCGIFMTU, &ifr) != 0)
		err(1, "%s", opt.ifname);
	mtu = (unsigned)ifr.ifr_mtu;
}

static void
socket_open(void)
{
	struct sockaddr_ll sll = {
		.sll_family = AF_PACKET, .sll_protocol = htons(ETHERTYPE)
	};
	struct timeval wait = { .tv_usec = 50000 };
	int room = 32 << 20;

	sock = socket(AF_PACKET, SOCK_RAW, 0);
	if (sock < 0)
		err(1, "socket");
	filter_attach();
	interface_query();
	if (setsockopt(sock, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room)
	    != 0)
		warn("SO_RCVBUFFORCE");
	if (setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait)
	    != 0)
		err(1, "SO_RCVTIMEO");
	sll.sll_ifindex = (int)if_nametoindex(opt.ifname);
	if (bind(sock, (struct sockaddr *)&sll, sizeof sll) != 0)
		err(1, "%s", opt.ifname);
}

/* Sends one frame until a reply to it comes; its length, or the end. */
static size_t
ask(uint8_t *h, size_t length, uint8_t *answer, size_t room)
{
	uint64_t start = now();

	while (now() - start < 10000000000 && !interrupted) {
		if (send(sock, h, length, 0) < 0 && errno != ENOBUFS)
			err(1, "%s", opt.ifname);
		for (unsigned tries = 0; tries < 20; tries++) {
			ssize_t n = recv(sock, answer, room, 0);

			if (n < 0)
				break;
			if (n >= 32 && memcmp(answer + 16, h + 16, 8) == 0)
				return (size_t)n;
		}
	}
	errx(1, "e%u.%u does not answer on %s", opt.shelf, opt.slot,
	    opt.ifname);
}

static void
discover(void)
{
	uint8_t h[HEADER], answer[2048];
	const struct request identify = { .opcode = IDENTIFY, .sectors = 1 };
	size_t n;

	memset(target.mac, 0xff, 6);
	put_header(h, CONFIG, tag_new());
	ask(h, 32, answer, sizeof answer);
	memcpy(target.mac, answer + 6, 6);
	target.buffers = (unsigned)answer[24] << 8 | answer[25];
	target.sectors = answer[28] > 0 ? answer[28] : 2;
	put_header(h, ATA, tag_new());
	put_ata(h, &identify);
	n = ask(h, HEADER, answer, sizeof answer);
	if (n < HEADER + SECTOR)
		errx(1, "IDENTIFY: %zu bytes", n);
	for (unsigned i = 0; i < 6; i++)
		target.size |= (uint64_t)answer[HEADER + 200 + i] << 8 * i;
}

/* What was not asked follows from the target and the interface. */
static void
settle(void)
{
	unsigned fit = (mtu - HEADER) / SECTOR;

	if (fit > target.sectors)
		fit = target.sectors;
	if (opt.sectors == 0)
		opt.sectors = fit;
	if (opt.window == 0)
		opt.window = target.buffers;
	if (opt.window == 0 || opt.window > WINDOW_MAX)
		opt.window = 16;
	if (opt.first >= target.size)
		errx(1, "the target has %" PRIu64 " sectors", target.size);
	if (opt.count == 0 || opt.count > target.size - opt.first)
		opt.count = target.size - opt.first;
	opt.timeout *= 1000000;
	cursor = opt.first;
	nvacant = opt.window;
	for (unsigned i = 0; i < opt.window; i++)
		vacant[i] = opt.window - 1 - i;
	if (opt.mode == MODE_MIXED) {
		model = calloc(opt.count, sizeof *model);
		if (model == NULL)
			err(1, "model");
	}
}

/*
 * Data that nobody looks at is not even copied: the buffers are too short for
 * it, and MSG_TRUNC tells the length that the reply had.
 */
static void
buffers_make(void)
{
	bool looks = opt.mode == MODE_VERIFY || opt.mode == MODE_MIXED;
	size_t data = (size_t)opt.sectors * SECTOR;
	size_t room = looks ? HEADER + data : 64;

	for (unsigned i = 0; i < BATCH; i++) {
		out_data[i] = calloc(1, data);
		in_frame[i] = calloc(1, room);
		if (out_data[i] == NULL || in_frame[i] == NULL)
			err(1, "buffers");
		out_iov[i][0] = (struct iovec){ out_header[i], HEADER };
		out_iov[i][1] = (struct iovec){ out_data[i], data };
		out[i].msg_hdr.msg_iov = out_iov[i];
		out[i].msg_hdr.msg_iovlen = 1;
		in_iov[i] = (struct iovec){ in_frame[i], room };
		in[i].msg_hdr.msg_iov = &in_iov[i];
		in[i].msg_hdr.msg_iovlen = 1;
	}
}

static void
interrupt(int sig)
{
	(void)sig;
	interrupted++;
}

static void
report(void)
{
	double seconds = (double)(count.end - count.start) / 1e9;
	struct rusage ru;
	double cpu;

	getrusage(RUSAGE_SELF, &ru);
	cpu = (double)(ru.ru_utime.tv_sec + ru.ru_stime.tv_sec) * 1e6
	    + (double)(ru.ru_utime.tv_usec + ru.ru_stime.tv_usec);
	printf("mode=%s window=%u sectors=%u requests=%" PRIu64
	    " seconds=%.3f rps=%.0f mbps=%.1f errors=%" PRIu64 " bad=%" PRIu64
	    " mismatches=%" PRIu64 " retransmits=%" PRIu64 " duplicates=%"
	    PRIu64 " late=%" PRIu64 " unchecked=%" PRIu64, mode_names[opt.mode],
	    opt.window, opt.sectors, count.done, seconds,
	    (double)count.done / seconds,
	    (double)count.sectors * SECTOR / 1e6 / seconds, count.errors,
	    count.bad, count.mismatches, count.retransmits, count.duplicates,
	    count.late, count.unchecked);
	printf(" p50_us=%.1f p99_us=%.1f p999_us=%.1f max_us=%.1f"
	    " load_cpu_us=%.2f\n", latency_at(0.5), latency_at(0.99),
	    latency_at(0.999), (double)slowest / 1e3,
	    count.done > 0 ? cpu / (double)count.done : 0);
}

static void
usage(void)
{
	fprintf(stderr,
"usage: load [-qrTu] [-c sectors] [-d seconds] [-F requests] [-f first]\n"
"            [-g generation] [-i id] [-m mode] [-N requests] [-n sectors]\n"
"            [-O index/owners/chunk] [-o file] [-p percent] [-R rate]\n"
"            [-S seed] [-t ms] [-W percent] [-w window]\n"
"            shelf slot interface\n"
"  -c  sectors in the range (default: to the end of the disk)\n"
"  -d  stop after so many seconds (default: after one pass of the range)\n"
"  -F  every so many requests one FLUSH CACHE\n"
"  -f  first sector of the range\n"
"  -g  generation to write, or to verify (default 1)\n"
"  -i  number of this initiator, 0 to 127, in its tags and its stamps\n"
"  -m  read (data unchecked), write, verify, mixed (with a model of the\n"
"      disk, which must be zeroes at first), noise (frames nobody answers)\n"
"  -N  stop after so many requests\n"
"  -n  sectors a request (default: what the target advertises)\n"
"  -O  own only each owners-th chunk of so many sectors\n"
"  -o  save what the disk must hold, for cmp\n"
"  -p  chance that a request is sent a second time, now or later\n"
"  -q  write without stamps: the cost of making them is saved\n"
"  -R  frames a second, in mode noise\n"
"  -r  random order instead of sequential, aligned to -n\n"
"  -S  seed of everything random\n"
"  -T  copies keep their tag instead of getting a new one\n"
"  -t  send again after so many milliseconds (default 1000)\n"
"  -u  random sizes of 1 to -n sectors, and no alignment\n"
"  -W  percentage of writes in mode mixed (default 50)\n"
"  -w  requests in flight (default: what the target advertises)\n");
	exit(2);
}

static uint64_t
number(const char *s, const char *what, uint64_t min, uint64_t max)
{
	char *end;
	uint64_t n;

	errno = 0;
	n = strtoull(s, &end, 10);
	if (s[0] < '0' || s[0] > '9' || *end != '\0' || errno != 0 || n < min
	    || n > max)
		errx(2, "%s: %s must be from %" PRIu64 " to %" PRIu64, s, what,
		    min, max);
	return n;
}

static enum mode
mode_parse(const char *s)
{
	for (unsigned i = 0; i <= MODE_NOISE; i++)
		if (strcmp(s, mode_names[i]) == 0)
			return (enum mode)i;
	usage();
	return MODE_READ;
}

static void
owner_parse(const char *s)
{
	if (sscanf(s, "%u/%u/%u", &opt.index, &opt.owners, &opt.chunk) != 3
	    || opt.index >= opt.owners || opt.chunk == 0)
		errx(2, "%s: must be index/owners/chunk", s);
}

static void
option(int c, const char *s)
{
	const uint64_t most = UINT64_MAX >> 17, n32 = UINT32_MAX >> 4;

	switch (c) {
	case 'c': opt.count = number(s, "-c", 1, most); break;
	case 'd': opt.seconds = number(s, "-d", 1, 86400); break;
	case 'F': opt.flushes = (unsigned)number(s, "-F", 1, n32); break;
	case 'f': opt.first = number(s, "-f", 0, most); break;
	case 'g': opt.generation = number(s, "-g", 1, most); break;
	case 'i': opt.id = (unsigned)number(s, "-i", 0, 127); break;
	case 'm': opt.mode = mode_parse(s); break;
	case 'N': opt.requests = number(s, "-N", 1, most); break;
	case 'n': opt.sectors = (unsigned)number(s, "-n", 1, 255); break;
	case 'O': owner_parse(s); break;
	case 'o': opt.expected = s; break;
	case 'p': opt.duplicates = (unsigned)number(s, "-p", 0, 100); break;
	case 'q': opt.plain = true; break;
	case 'R': opt.rate = (unsigned)number(s, "-R", 2, 1000000); break;
	case 'r': opt.random = true; break;
	case 'S': opt.seed = number(s, "-S", 0, most); break;
	case 'T': opt.same_tag = true; break;
	case 't': opt.timeout = number(s, "-t", 1, 600000); break;
	case 'u': opt.sizes = true; break;
	case 'W': opt.writes = (unsigned)number(s, "-W", 0, 100); break;
	case 'w': opt.window = (unsigned)number(s, "-w", 1, WINDOW_MAX); break;
	default: usage();
	}
}

static void
options(int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv,
	    "c:d:F:f:g:i:m:N:n:O:o:p:qR:rS:Tt:uW:w:")) != -1)
		option(c, optarg);
	if (argc - optind != 3)
		usage();
	opt.shelf = (unsigned)number(argv[optind], "shelf", 0, 65534);
	opt.slot = (unsigned)number(argv[optind + 1], "slot", 0, 254);
	opt.ifname = argv[optind + 2];
	if (opt.random && opt.requests == 0 && opt.seconds == 0)
		errx(2, "-r needs -N or -d");
	if (opt.mode == MODE_NOISE && (opt.rate == 0 || opt.seconds == 0))
		errx(2, "mode noise needs -R and -d");
}

int
main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = interrupt };

	options(argc, argv);
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	socket_open();
	if (opt.mode == MODE_NOISE) {
		opt.sectors = 1;
		buffers_make();
		noise();
		return 0;
	}
	discover();
	settle();
	buffers_make();
	count.start = now();
	run();
	count.end = now();
	drain();
	if (opt.mode == MODE_MIXED && !interrupted) {
		sweeping = true;
		cursor = opt.first;
		run();
		drain();
	}
	if (opt.expected != NULL)
		model_save(opt.expected);
	report();
	return count.errors + count.bad + count.mismatches > 0 || interrupted;
}
