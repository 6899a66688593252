/* SPDX-License-Identifier: ISC */
/*
 * load.c: an AoE initiator that keeps a window of requests in flight, to
 * measure a target and to detect lost, stale and reordered writes.
 *
 * It shares no code with vblade, so that an error about the protocol cannot
 * cancel out.  It waits in recvmmsg and sends with sendmmsg.  It does not use
 * a receive ring: the copy into a ring would be made, and charged, in the
 * context of the target that sends the reply.
 *
 * Every sector that it writes is stamped: its own LBA, the initiator's number,
 * a generation, and a pattern derived from these.  In mode "mixed" each write
 * has a generation of its own, and a model of the disk has for each sector its
 * writes in the order in which they were sent.  A target applies overlapping
 * requests in the order of their arrival, so a read must return what the last
 * write before it left, duplicates included.
 *
 *	load [option ...] shelf slot interface
 *
 * -c	sectors in the range (default: to the end of the disk)
 * -d	stop after this many seconds (default: after one pass of the range)
 * -F	send a FLUSH CACHE after this many requests
 * -f	first sector of the range
 * -g	generation to write or to verify (default 1)
 * -i	number of this initiator, 0 to 127, in its tags and its stamps
 * -L	log every request; the generation of a write is then its number
 * -m	read (data unchecked), write, verify, or mixed (half of it writes,
 *	checked by a model of the disk, which must be all zeroes at first)
 * -N	stop after this many requests
 * -n	sectors per request (default: what the target advertises)
 * -o	write the expected content of the disk to a file, for cmp
 * -p	percentage of requests after which an earlier one is sent again
 * -q	write without stamps, to save the time of making them
 * -r	random order instead of sequential, aligned to -n
 * -t	retransmit after this many milliseconds (default 1000)
 * -u	random sizes from 1 to -n sectors, unaligned
 * -w	requests in flight (default: what the target advertises)
 *
 * A target that has not replied for a while (see TIMEOUT) is given up.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>
#include "aoe-wire.h"

enum {
	HEADER = AT_ATA_DATA,	/* bytes before the data of an ATA message */
	BATCH = 64,		/* frames per system call */
	WINDOW_MAX = 4096,
	HISTORY = 1 << 14,	/* transmissions that are recorded */
	REPORTS_MAX = 10,	/* errors that are reported one by one */
	TIMEOUT = 10,		/* seconds without a reply, beside -t twice */
};

static const uint64_t NS = 1000000000;	/* a second */

/* Bits of the ATA status that mean failure: BSY, DF, DRQ, ERR. */
enum { STATUS_FAILED = 0xa9 };

enum mode { MODE_READ, MODE_WRITE, MODE_VERIFY, MODE_MIXED, MODES };
static const char *const mode_names[] = { "read", "write", "verify", "mixed" };

/* A request; it is the same in all its transmissions. */
struct request {
	uint64_t lba;
	uint64_t generation;	/* of the data, for a write */
	uint64_t serial;	/* 0: no request */
	unsigned slot;		/* in the window */
	uint16_t sectors;
	uint8_t opcode;
};

/* A request that has no reply yet. */
struct flight {
	struct request request;
	uint64_t first;		/* ns, its first transmission */
	uint64_t last;		/* ns, its last transmission */
};

/* A transmission. */
struct sent {
	struct request request;
	uint64_t order;		/* its number, the tag's low bits */
	bool replied;
};

/* A write of one sector, which a read may return. */
struct event {
	struct event *older;
	uint64_t order;		/* of its transmission */
	uint64_t generation;
	bool applied;		/* else it may have been, or not */
};

/* The command line. */
static struct {
	enum mode mode;
	bool random, sizes, plain;
	uint64_t window, sectors, duplicates, flushes, id;
	unsigned shelf, slot;
	uint64_t first, count, requests, seconds, timeout, generation;
	const char *ifname, *expected;
	FILE *log;
} opt = { .timeout = 1000, .generation = 1 };

static int sock;
static uint8_t own_mac[6], target_mac[6];
static unsigned mtu;

static struct flight flights[WINDOW_MAX];
static unsigned free_slots[WINDOW_MAX], nfree;
static struct sent sent_log[HISTORY];
static struct event **model;	/* a list for each sector, newest first */

static uint64_t order;		/* transmissions so far */
static uint64_t serial;		/* requests so far */
static uint64_t last_reply;	/* ns */
static uint64_t seed;		/* of everything random */
static uint64_t cursor;		/* next sector of a sequential pass */
static bool final_pass;		/* of mode mixed: reads everything */
/* If not, it is not even copied; MSG_TRUNC gives the length of a reply. */
static bool checks_data;
static volatile sig_atomic_t interrupted;

/* Frames for one sendmmsg, and of one recvmmsg. */
static struct batch {
	struct mmsghdr message[BATCH];
	struct iovec frame[BATCH];
} out, in;
static unsigned nout;

static struct {
	uint64_t done, sectors, errors, bad, mismatches, retransmits;
	uint64_t duplicates, start, end;
} count;

static bool
chance(uint64_t percent)
{
	return percent > 0 && random_below(&seed, 100) < percent;
}

/* A histogram of latencies in steps of 0.1 us; the last is for all above. */
static uint32_t histogram[1 << 24];
static const uint64_t LATENCY_MAX = (1 << 24) - 1;

/* The latency in microseconds that this share of the replies did not exceed. */
static double
latency_at(double share)
{
	double left = share * (double)count.done;
	unsigned i = 0;

	while (i < LATENCY_MAX && (left -= histogram[i]) > 0)
		i++;
	return i / 10.0;
}

/* Generation 0 is a sector that was never written: zeroes. */
static void
stamp(uint8_t *sector, uint64_t lba, uint64_t gen)
{
	if (gen > 0)
		stamp_sector(sector, lba, opt.id << 56 | gen);
	else
		memset(sector, 0, SECTOR);
}

/* The first sector beyond the range. */
static uint64_t
range_end(void)
{
	return opt.first + opt.count;
}

static uint64_t
choose_random(void)
{
	uint64_t unit = opt.sizes ? 1 : opt.sectors;
	uint64_t units = opt.count > unit ? opt.count / unit : 1;

	return opt.first + random_below(&seed, units) * unit;
}

/*
 * The model of the disk.
 */

static void
drop_event(struct event **list)
{
	struct event *e = *list;

	*list = e->older;
	free(e);
}

/* Drop what is older than an applied write older than everything in flight. */
static void
drop_old_events(struct event *e)
{
	while (e != NULL && !(e->applied && e->order + HISTORY < order))
		e = e->older;
	while (e != NULL && e->older != NULL)
		drop_event(&e->older);
}

static void
model_add_write(const struct request *r, uint64_t when)
{
	for (uint64_t i = r->lba; i < r->lba + r->sectors; i++) {
		struct event **list = &model[i - opt.first];
		struct event *e = malloc(sizeof *e);

		if (e == NULL)
			err(1, "model");
		*e = (struct event){ .older = *list, .order = when,
		    .generation = r->generation };
		*list = e;
		drop_old_events(e->older);
	}
}

static void
report_sector(const char *what, uint64_t lba, uint64_t gen, uint64_t when,
    uint64_t *counter)
{
	if ((*counter)++ < REPORTS_MAX)
		warnx("%s: sector %" PRIu64 ", generation %" PRIu64
		    ", in frame %" PRIu64, what, lba, gen, when);
}

/* The write in frame `when` was acknowledged: later reads must return it. */
static void
model_applied(const struct request *r, uint64_t when)
{
	for (uint64_t i = r->lba; i < r->lba + r->sectors; i++) {
		struct event *e = model[i - opt.first];

		while (e != NULL && e->order != when)
			e = e->older;
		if (e != NULL)
			e->applied = true;
		else
			report_sector("lost write", i, r->generation, when,
			    &count.mismatches);
	}
}

/*
 * May a read in frame `when` return `gen`?  If so, the writes between that one
 * and the read have not been applied: they are dropped, and must not be
 * acknowledged.  A duplicate of a write has the same generation; the newest is
 * assumed, since that drops the fewest.
 */
static bool
model_allows(uint64_t lba, uint64_t gen, uint64_t when)
{
	struct event **list = &model[lba - opt.first], *e;

	while (*list != NULL && (*list)->order > when)
		list = &(*list)->older;
	for (e = *list; e != NULL && e->generation != gen; e = e->older)
		if (e->applied)
			return false;
	if (e == NULL && gen != 0)
		return false;
	while (*list != e)
		drop_event(list);
	return true;
}

static void
check_sector(const struct sent *s, const uint8_t *data, uint64_t lba)
{
	uint64_t gen = get_le(data + 8, 7);
	uint8_t expected[SECTOR];

	stamp(expected, lba, gen);
	if (memcmp(data, expected, SECTOR) != 0)
		report_sector("no stamp", lba, gen, s->order, &count.bad);
	else if (model == NULL && gen != opt.generation)
		report_sector("wrong generation", lba, gen, s->order,
		    &count.bad);
	else if (model != NULL && !model_allows(lba, gen, s->order))
		report_sector("stale or future data", lba, gen, s->order,
		    &count.mismatches);
}

/* Write the expected content of the disk to a file, for cmp. */
static void
model_save(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT, 0644);
	uint8_t sector[SECTOR];

	if (fd < 0)
		err(1, "%s", path);
	for (uint64_t i = opt.first; i < range_end(); i++) {
		const struct event *e = model ? model[i - opt.first] : NULL;
		uint64_t gen = model == NULL ? opt.generation :
		    e == NULL ? 0 : e->generation;

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

/* A frame that cannot be sent counts as lost and is retransmitted. */
static void
batch_send(void)
{
	unsigned done = 0;

	while (done < nout) {
		int n = sendmmsg(sock, out.message + done, nout - done, 0);

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
put_request(uint8_t h[HEADER], const struct request *r, uint32_t tag)
{
	unsigned flags = 0;

	if (r->opcode == ATA_READ_EXT)
		flags = ATA_LBA48;
	else if (r->opcode == ATA_WRITE_EXT)
		flags = ATA_LBA48 | ATA_WRITING;
	request_header(h, own_mac, opt.shelf, opt.slot, AOE_ATA, tag);
	memcpy(h + AT_DST, target_mac, 6);
	request_ata(h, flags, r->opcode, r->sectors, r->lba);
}

static void
batch_add(const struct request *r, uint32_t tag)
{
	struct iovec *frame = &out.frame[nout];
	uint8_t *f = frame->iov_base;

	put_request(f, r, tag);
	frame->iov_len = HEADER;
	if (r->opcode == ATA_WRITE_EXT) {
		for (unsigned i = 0; i < r->sectors && !opt.plain; i++)
			stamp(f + HEADER + i * SECTOR, r->lba + i,
			    r->generation);
		frame->iov_len += (size_t)r->sectors * SECTOR;
	}
	if (++nout == BATCH)
		batch_send();
}

/* The top byte is the number of the initiator. */
static uint32_t
tag_of(uint64_t transmission)
{
	return (uint32_t)(opt.id << 24 | (transmission & 0xffffff));
}

/* Send a request, for the first time or again. */
static void
transmit(const struct request *r)
{
	order++;
	sent_log[order % HISTORY] = (struct sent){ *r, order, false };
	if (model != NULL && r->opcode == ATA_WRITE_EXT)
		model_add_write(r, order);
	batch_add(r, tag_of(order));
}

/* Send one of the last requests again, which may have a reply or not. */
static void
send_duplicate(void)
{
	uint64_t back = random_below(&seed, 2 * opt.window);
	struct request again = sent_log[(order - back) % HISTORY].request;

	if (again.serial == 0)
		return;
	transmit(&again);
	count.duplicates++;
}

static struct request
next_request(unsigned slot)
{
	struct request r = { .serial = ++serial, .slot = slot,
	    .opcode = ATA_READ_EXT };

	if (opt.flushes > 0 && serial % opt.flushes == 0) {
		r.opcode = ATA_FLUSH;
		return r;
	}
	if (opt.mode == MODE_WRITE ||
	    (opt.mode == MODE_MIXED && !final_pass && chance(50)))
		r.opcode = ATA_WRITE_EXT;
	r.generation = opt.mode == MODE_MIXED || opt.log != NULL ? serial :
	    opt.generation;
	r.sectors = (uint16_t)opt.sectors;
	if (opt.sizes && !final_pass)
		r.sectors = (uint16_t)(1 + random_below(&seed,
		    opt.sectors));
	if (cursor >= range_end())
		cursor = opt.first;
	r.lba = opt.random && !final_pass ? choose_random() : cursor;
	if (r.sectors > range_end() - r.lba)
		r.sectors = (uint16_t)(range_end() - r.lba);
	cursor = r.lba + r.sectors;
	return r;
}

static void
send_next(uint64_t at)
{
	unsigned slot = free_slots[--nfree];
	struct flight *f = &flights[slot];

	f->request = next_request(slot);
	f->first = f->last = at;
	transmit(&f->request);
	if (chance(opt.duplicates))
		send_duplicate();
}

static void
retransmit_overdue(uint64_t at)
{
	for (unsigned i = 0; i < opt.window; i++) {
		struct flight *f = &flights[i];

		if (f->request.serial == 0 || at - f->last < opt.timeout)
			continue;
		f->last = at;
		transmit(&f->request);
		count.retransmits++;
	}
}

/*
 * Receiving.
 */

/* The record of the request that a frame replies to, or NULL. */
static struct sent *
find_request(const uint8_t *f, unsigned length)
{
	uint32_t tag = get_be(f + AT_TAG, 4);
	struct sent *s = &sent_log[tag % HISTORY];

	if (length < HEADER || f[AT_COMMAND] != AOE_ATA
	    || f[AT_SLOT] != opt.slot || get_be(f + AT_SHELF, 2) != opt.shelf
	    || memcmp(f + AT_SRC, target_mac, 6) != 0)
		return NULL;
	return s->order > 0 && tag_of(s->order) == tag && !s->replied ? s :
	    NULL;
}

/* Does a reply have the length and the registers of a success? */
static bool
is_success(const struct sent *s, const uint8_t *f, unsigned length)
{
	unsigned expected = s->request.opcode == ATA_READ_EXT ?
	    HEADER + (unsigned)s->request.sectors * SECTOR : 60;

	if ((f[AT_FLAGS] & 4) == 0 && length == expected
	    && (f[AT_ATA_COMMAND] & STATUS_FAILED) == 0)
		return true;
	if (count.errors++ < REPORTS_MAX)
		warnx("opcode %02x, LBA %" PRIu64 ", %u sectors: %u bytes, "
		    "flags %02x, AoE error %u, status %02x, error %02x",
		    s->request.opcode, s->request.lba, s->request.sectors,
		    length, f[AT_FLAGS], f[AT_ERROR], f[AT_ATA_COMMAND],
		    f[AT_ATA_FEATURE]);
	return false;
}

/* The log has the time of the reply, or 0 if it reported a failure. */
static void
complete_request(const struct sent *s, bool success, uint64_t at)
{
	const struct request *r = &s->request;
	struct flight *f = &flights[r->slot];
	uint64_t latency = (at - f->first) / 100;

	if (f->request.serial != r->serial)
		return;
	if (opt.log != NULL)
		fprintf(opt.log, "%" PRIu64 " %" PRIu64 " %u %" PRIu64 " %"
		    PRIu64 "\n", r->serial, r->lba, r->sectors, f->first,
		    success ? at : 0);
	f->request.serial = 0;
	free_slots[nfree++] = r->slot;
	last_reply = at;
	if (final_pass)
		return;
	count.done++;
	count.sectors += r->sectors;
	histogram[latency < LATENCY_MAX ? latency : LATENCY_MAX]++;
}

static void
handle_reply(const uint8_t *f, unsigned length, uint64_t at)
{
	struct sent *s = find_request(f, length);
	const struct request *r;
	bool success;

	if (s == NULL)
		return;
	s->replied = true;
	r = &s->request;
	success = is_success(s, f, length);
	if (success && r->opcode == ATA_READ_EXT && checks_data)
		for (unsigned i = 0; i < r->sectors; i++)
			check_sector(s, f + HEADER + i * SECTOR, r->lba + i);
	if (success && r->opcode == ATA_WRITE_EXT && model != NULL)
		model_applied(r, s->order);
	complete_request(s, success, at);
}

/* Wait a moment for replies and handle them; false if there were none. */
static bool
receive(void)
{
	int n = recvmmsg(sock, in.message, BATCH, MSG_WAITFORONE | MSG_TRUNC,
	    NULL);
	uint64_t at = now();

	if (n < 0) {
		if (errno != EAGAIN && errno != EINTR && errno != ENETDOWN)
			err(1, "%s: receive", opt.ifname);
		return false;
	}
	for (int i = 0; i < n; i++)
		handle_reply(in.frame[i].iov_base, in.message[i].msg_len, at);
	return true;
}

/*
 * The run.
 */

static bool
should_stop(uint64_t at)
{
	if (interrupted)
		return true;
	if (opt.requests > 0 && !final_pass)
		return serial >= opt.requests;
	if (opt.seconds > 0 && !final_pass)
		return at - count.start >= opt.seconds * NS;
	return cursor >= range_end();
}

static _Noreturn void
give_up(void)
{
	errx(1, "%s: no reply from e%u.%u", opt.ifname, opt.shelf, opt.slot);
}

/*
 * Keep the window full until all is sent, then wait for the last replies; those
 * to duplicates and retransmissions may come later still, and other frames too.
 */
static void
run(void)
{
	uint64_t at = now(), checked = at;
	bool all_sent = false;

	last_reply = at;
	while ((!all_sent || nfree < opt.window) && interrupted <= 1) {
		while (nfree > 0 && !(all_sent = all_sent || should_stop(at)))
			send_next(at);
		batch_send();
		receive();
		at = now();
		if (at - checked > opt.timeout / 8) {
			retransmit_overdue(at);
			checked = at;
		}
		if (at > last_reply + TIMEOUT * NS + 2 * opt.timeout)
			give_up();
	}
	if (!final_pass)
		count.end = at;
	while (!interrupted && now() - at < NS && receive())
		;
}

/*
 * Start-up.
 */

static void
open_socket(void)
{
	struct timeval timeout = { .tv_usec = 50000 };

	sock = wire_open(opt.ifname, AOE_TYPE, own_mac, &mtu, 1);
	wire_receive_buffer(sock, 32 << 20);
	if (setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout)
	    != 0)
		err(1, "SO_RCVTIMEO");
}

/* Send a request, each 50 ms, until a reply of so many bytes at least comes. */
static void
query(const uint8_t *f, size_t length, uint8_t *reply, size_t size)
{
	uint64_t start = now(), sent = 0, at;
	ssize_t n;

	while ((at = now()) - start < TIMEOUT * NS && !interrupted) {
		if (at - sent > NS / 20) {
			if (send(sock, f, length, 0) < 0 && errno != ENOBUFS)
				err(1, "%s", opt.ifname);
			sent = at;
		}
		n = recv(sock, reply, size, 0);
		if (n == (ssize_t)size && memcmp(reply + AT_SHELF,
		    f + AT_SHELF, AT_ARGUMENT - AT_SHELF) == 0)
			return;
	}
	give_up();
}

/* Find the target; what it reports is the default of some options. */
static void
discover(void)
{
	uint8_t f[HEADER] = { 0 }, reply[HEADER + SECTOR];
	const struct request identify = {
		.opcode = ATA_IDENTIFY, .sectors = 1
	};
	uint64_t size, fit = (mtu - HEADER) / SECTOR;

	request_header(f, own_mac, opt.shelf, opt.slot, AOE_CONFIG, tag_of(0));
	query(f, AT_CONFIG_STRING, reply, AT_CONFIG_STRING);
	memcpy(target_mac, reply + AT_SRC, 6);
	if (opt.sectors == 0)
		opt.sectors = fit < reply[AT_CONFIG_SECTORS] ? fit :
		    reply[AT_CONFIG_SECTORS];
	if (opt.window == 0)
		opt.window = get_be(reply + AT_CONFIG_BUFFERS, 2);
	if (opt.window == 0 || opt.window > WINDOW_MAX)
		opt.window = 16;
	put_request(f, &identify, tag_of(0));
	query(f, HEADER, reply, sizeof reply);
	size = get_le(reply + HEADER + 200, 6);	/* words 100 to 102 */
	if (opt.first >= size)
		errx(1, "the target has only %" PRIu64 " sectors", size);
	if (opt.count == 0 || opt.count > size - opt.first)
		opt.count = size - opt.first;
}

static void
prepare(void)
{
	checks_data = opt.mode == MODE_VERIFY || opt.mode == MODE_MIXED;
	opt.timeout *= 1000000;
	cursor = opt.first;
	seed = opt.id;
	for (unsigned i = 0; i < opt.window; i++)
		free_slots[nfree++] = i;
	if (opt.mode == MODE_MIXED) {
		model = calloc(opt.count, sizeof *model);
		if (model == NULL)
			err(1, "model");
	}
}

static void
alloc_frames(struct batch *b, size_t size)
{
	uint8_t *memory = calloc(BATCH, size);

	if (memory == NULL)
		err(1, "frames");
	for (unsigned i = 0; i < BATCH; i++) {
		b->frame[i] = (struct iovec){ memory + i * size, size };
		b->message[i].msg_hdr.msg_iov = &b->frame[i];
		b->message[i].msg_hdr.msg_iovlen = 1;
	}
}

static void
interrupt(int sig)
{
	(void)sig;
	interrupted++;
}

static void
print_report(void)
{
	double seconds = (double)(count.end - count.start) / 1e9;

	printf("mode=%s window=%" PRIu64 " sectors=%" PRIu64 " requests=%"
	    PRIu64 " seconds=%.3f rps=%.0f mbps=%.1f errors=%" PRIu64 " bad=%"
	    PRIu64 " mismatches=%" PRIu64 " retransmits=%" PRIu64
	    " duplicates=%" PRIu64 " p50_us=%.1f p99_us=%.1f p999_us=%.1f\n",
	    mode_names[opt.mode], opt.window, opt.sectors, count.done, seconds,
	    (double)count.done / seconds,
	    (double)count.sectors * SECTOR / 1e6 / seconds, count.errors,
	    count.bad, count.mismatches, count.retransmits, count.duplicates,
	    latency_at(0.5), latency_at(0.99), latency_at(0.999));
}

static _Noreturn void
usage(void)
{
	errx(2, "usage: load [option ...] shelf slot interface; see load.c");
}

static enum mode
parse_mode(const char *s)
{
	enum mode m = MODE_READ;

	while (strcmp(s, mode_names[m]) != 0)
		if (++m == MODES)
			usage();
	return m;
}

/* The argument of an option, which must not exceed max. */
static uint64_t
number(uint64_t max)
{
	char *end;
	uint64_t n = strtoull(optarg, &end, 10);

	if (end == optarg || *end != '\0' || n > max)
		errx(2, "%s: not a number up to %" PRIu64, optarg, max);
	return n;
}

static void
parse_options(int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv,
	    "c:d:F:f:g:i:L:m:N:n:o:p:qrt:uw:")) != -1) {
		switch (c) {
		case 'c': opt.count = number(UINT64_MAX); break;
		case 'd': opt.seconds = number(86400); break;
		case 'F': opt.flushes = number(UINT64_MAX); break;
		case 'f': opt.first = number(UINT64_MAX); break;
		case 'g': opt.generation = number(UINT64_MAX >> 8); break;
		case 'i': opt.id = number(127); break;
		case 'L':
			if ((opt.log = fopen(optarg, "w")) == NULL)
				err(1, "%s", optarg);
			break;
		case 'm': opt.mode = parse_mode(optarg); break;
		case 'N': opt.requests = number(UINT64_MAX); break;
		case 'n': opt.sectors = number(255); break;
		case 'o': opt.expected = optarg; break;
		case 'p': opt.duplicates = number(100); break;
		case 'q': opt.plain = true; break;
		case 'r': opt.random = true; break;
		case 't': opt.timeout = number(600000); break;
		case 'u': opt.sizes = true; break;
		case 'w': opt.window = number(WINDOW_MAX); break;
		default: usage();
		}
	}
	if (argc - optind != 3 ||
	    sscanf(argv[optind], "%u", &opt.shelf) != 1 ||
	    sscanf(argv[optind + 1], "%u", &opt.slot) != 1)
		usage();
	opt.ifname = argv[optind + 2];
	if (opt.random && opt.requests == 0 && opt.seconds == 0)
		errx(2, "-r requires -N or -d");
}

int
main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = interrupt };

	parse_options(argc, argv);
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	open_socket();
	discover();
	prepare();
	alloc_frames(&out, HEADER + opt.sectors * SECTOR);
	alloc_frames(&in, checks_data ? HEADER + opt.sectors * SECTOR : 64);
	count.start = now();
	run();
	if (opt.mode == MODE_MIXED && !interrupted) {
		final_pass = true;
		cursor = opt.first;
		run();
	}
	if (opt.expected != NULL)
		model_save(opt.expected);
	if (opt.log != NULL && fclose(opt.log) != 0)
		err(1, "log");
	print_report();
	return count.errors + count.bad + count.mismatches > 0 || interrupted;
}
