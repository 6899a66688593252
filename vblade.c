/* SPDX-License-Identifier: ISC */
/*
 * vblade.c: export a file or disk on an Ethernet by ATA over Ethernet.
 *
 * One thread handles all events, and waits for them in net_recv.  A function
 * follows those that it calls: read upwards from main, along HACKING.md, which
 * names the functions that a request passes.
 */
#include <sys/mman.h>
#include <sys/param.h>
#include <sys/select.h>
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "aoe.h"

#ifndef MAP_NORESERVE
#define MAP_NORESERVE 0		/* FreeBSD never reserves */
#endif

#define LBA_MAX ((1ULL << 48) - 1)	/* sectors that IDENTIFY may report */

enum {
	BUFFERS = 64,		/* advertised unless -b says otherwise */
	INITIATORS = 8,		/* whose full windows may wait */
	ENGINE_DEPTH = 32,	/* runs under way in the engine */
	POOL_MAX = 16,		/* threads, where the platform has no engine */
	WINDOW_MIN = 64,	/* of a host: some ignore -b, and send 64 */
	WINDOW_MAX = 512,
	REQUESTS_MAX = INITIATORS * WINDOW_MAX + BATCH,
	DELAY = 1,		/* seconds until a background sync, see -t */
	FAST = 1000,		/* us: the loop may wait for a faster disk */
	SIGNAL_MAX = 10000,	/* us: how long one may have to wait */
	ADVERTISE_MAX = 10000,	/* us: then give up on a queue that is stuck */
	PAGE = 4096,		/* alignment of payloads */
	/* of a reply: headers that end with a page, then data */
	CELL = PAGE + (SECTORS_MAX * SECTOR + PAGE - 1) / PAGE * PAGE,
};

struct mac_list {
	unsigned count;
	uint8_t mac[255][MAC_LEN];
};

/* Not in its cell: the heads of all cells share few lines of the CPU cache. */
struct request {
	struct aoe_ata *reply;	/* in its cell, the data aligned */
	enum op op;
	uint64_t host;		/* the address of the initiator */
	unsigned count;		/* sectors to read or write, if any */
	uint64_t lba;
	uint64_t begin, end;	/* sectors of the disk, a write's whole units */
	unsigned blockers;	/* earlier requests that overlap this one */
	struct io *run;		/* the operation that includes it, or NULL */
	uint8_t *payload;	/* in the frame, then in the reply */
	size_t moved;		/* bytes transferred */
	bool tried;		/* in the loop, in vain or in part */
	bool alone;		/* begins no larger run, since one failed */
	bool buffered;		/* since direct I/O of it is not aligned */
	uint8_t opcode;		/* ATA command, for -v */
	int64_t received;	/* microseconds, for -v */
	size_t len;		/* bytes of the reply */
};

struct target {
	unsigned shelf, slot, buffers;
	uint64_t offset;	/* sectors before the first exported one */
	uint64_t length;	/* maximum of sectors; LBA_MAX: no -l */
	int delay;		/* ms until a background sync, 0: none */
	bool readonly, sync_writes, verbose;

	struct net *net;
	struct link link;	/* as of the last net_recv */
	struct link logged;	/* as of the last link_update */
	struct disk *disk;
	unsigned unit;		/* of overlap, bytes */
	uint64_t sectors;	/* size of the export, as last looked up */
	char serial[300];	/* of which IDENTIFY has 20 characters */
	bool write_cache;	/* as SET FEATURES left it; IDENTIFY only */

	struct mac_list allowed;	/* these hosts only; empty: all */
	bool allowed_locked;		/* by -m: no remote edits */
	struct mac_list reserved_for;
	unsigned config_len;
	uint8_t config[CONFIG_MAX];

	const struct engine *engine;
	struct request *free[REQUESTS_MAX];
	unsigned free_count;
	unsigned host_max;		/* of a host that may wait */
	struct request *list[REQUESTS_MAX];	/* reads and writes, in order */
	unsigned list_count;
	unsigned fresh;			/* the last of them: of this batch */
	struct io runs[ENGINE_DEPTH];	/* with count 0 it is free */
	bool lone;			/* see serve() */
	bool stopped;			/* receive no more */
	int64_t latency[OP_COUNT];	/* of the latest of each kind, us; of
					   OP_NONE: perhaps to the cache only */

	struct io sync;			/* OP_SYNC: under way, else OP_NONE */
	struct request *unsynced[REQUESTS_MAX]; /* wait for a sync, in order */
	unsigned unsynced_count;
	unsigned syncing;		/* the first of them: for that sync */
	int64_t dirty_since;		/* oldest unsynced write, 0: none */
	bool sync_failed;		/* for good: the lost data is unknown */

	int batch_count;
	struct iovec reply[BATCH];
	struct request *batched[BATCH];

	/* counters since the start; SIGUSR1 logs all but the last */
	uint64_t requests[OP_COUNT], transferred[OP_COUNT];	/* sectors */
	uint64_t errors;	/* replies that reported one */
	uint64_t disk_errors;	/* reads and writes that failed */
	uint64_t queue_drops;	/* requests dropped by a full queue */
	uint64_t send_drops;	/* replies that could not be sent */
	uint64_t duplicates;	/* responses of other targets at our address */
};

/* Set at the start. */
static struct {
	int fd;			/* -1: log no more */
	bool journal;		/* stderr is the journal: prefix priorities */
	char prefix[64];	/* "e0.1: eth0: " */
} logging = { .fd = STDERR_FILENO };

/* The log. */

/*
 * Write a short message; drop it, or its end, rather than block: a pipe that is
 * writable has room for it, but others send to the same datagram socket, too.
 * (poll(2) fails once confined.)
 */
static void
emit(int fd, const char *text)
{
	fd_set set = { 0 };

	if (send(fd, text, strlen(text), MSG_DONTWAIT) >= 0 ||
	    errno != ENOTSOCK)
		return;
	FD_SET((unsigned)fd, &set);
	if (select(fd + 1, NULL, &set, NULL, &(struct timeval){ 0 }) == 1)
		(void)!write(fd, text, strlen(text));
}

void
logmsg(int priority, const char *fmt, ...)
{
	char line[512], *text = logging.journal ? line : line + 3;
	va_list ap;
	int n;

	n = snprintf(line, sizeof line, "<%d>vblade: %s", priority,
	    logging.prefix);
	va_start(ap, fmt);
	vsnprintf(line + n, sizeof line - 1 - (size_t)n, fmt, ap);
	va_end(ap);
	strcat(line, "\n");
	emit(logging.fd, text);
}

_Noreturn void
fail(int status, int error, const char *fmt, ...)
{
	const char *why = strerror(error);
	char text[400], line[512];
	va_list ap;

	if (status == EXIT_DISK && (error == EBUSY || error == EWOULDBLOCK))
		why = "in use: mounted, or exported by another process; end "
		    "that first (-f exports it regardless)";
	if (status == EXIT_DISK && error == EROFS)
		why = "read-only: export it with -r";
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	snprintf(line, sizeof line, error != 0 ? "%s: %s" : "%s", text, why);
	*logging.prefix = '\0';
	logmsg(LOG_ERR, "%s", line);
	notify(false, line);
	exit(error == EACCES || error == EPERM ? EXIT_NOPERM : status);
}

/* Count an event; true if it is to be logged: the 1st, 2nd, 4th, 8th ... */
static bool
count_event(uint64_t *n)
{
	++*n;
	return (*n & (*n - 1)) == 0;
}

static void
log_counters(struct target *t)
{
	logmsg(LOG_NOTICE, "reads=%ju read_bytes=%ju writes=%ju "
	    "write_bytes=%ju flushes=%ju others=%ju errors=%ju "
	    "disk_errors=%ju kernel_drops=%ju queue_drops=%ju send_drops=%ju",
	    t->requests[OP_READ], t->transferred[OP_READ] * SECTOR,
	    t->requests[OP_WRITE], t->transferred[OP_WRITE] * SECTOR,
	    t->requests[OP_SYNC], t->requests[OP_NONE], t->errors,
	    t->disk_errors, net_drops(t->net), t->queue_drops, t->send_drops);
}

/* Clock and size. */

/* Microseconds; only differences mean anything. */
static int64_t
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* Update the size of the export, unless that is unknown. */
static void
look_up_size(struct target *t)
{
	off_t size = disk_size(t->disk);
	uint64_t n = (uint64_t)size / SECTOR;

	if (size >= 0)
		t->sectors = n < t->offset ? 0 : MIN(n - t->offset, t->length);
}

/* MAC addresses. */

static const uint8_t broadcast[MAC_LEN] = { 255, 255, 255, 255, 255, 255 };

/* Valid until the next call. */
static const char *
mac_text(const uint8_t *mac)
{
	static char text[3 * MAC_LEN];

	snprintf(text, sizeof text, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0],
	    mac[1], mac[2], mac[3], mac[4], mac[5]);
	return text;
}

static bool
mac_equal(const uint8_t *a, const uint8_t *b)
{
	return memcmp(a, b, MAC_LEN) == 0;
}

/* An address in the list, or NULL. */
static uint8_t *
mac_find(struct mac_list *l, const uint8_t *mac)
{
	for (unsigned i = 0; i < l->count; i++)
		if (mac_equal(l->mac[i], mac))
			return l->mac[i];
	return NULL;
}

/* Carry out a directive of MAC Mask List; returns its error, or 0. */
static uint8_t
mac_edit(struct mac_list *l, const uint8_t *mac, unsigned directive)
{
	uint8_t *at = mac_find(l, mac);

	if (directive > MASK_DELETE)
		return MASK_BAD_DIRECTIVE;
	if (directive == MASK_DELETE && at != NULL)
		memmove(at, at + MAC_LEN, (size_t)(l->mac[--l->count] - at));
	if (directive != MASK_ADD || at != NULL)
		return 0;
	if (l->count == sizeof l->mac / sizeof *l->mac)
		return MASK_FULL;
	memcpy(l->mac[l->count++], mac, MAC_LEN);
	return 0;
}

/*
 * Requests and replies.  A handler gets the request req of len bytes, at least
 * ETH_MIN, and the reply rep, with a complete AoE header and zeroes up to the
 * size of struct aoe_ata; it returns the reply's length, or 0 to send none.
 */

/*
 * Let a request wait, beside those before it.  False if it was dropped, and is
 * free: the initiator will retransmit.  No host gets more than its share, and a
 * batch is reserved for what need not wait.
 */
static bool
queue_admit(struct target *t, struct request *r)
{
	unsigned n = 0;

	for (unsigned i = 0; i < t->list_count && t->list[i] != r; i++)
		n += t->list[i]->host == r->host;
	for (unsigned i = 0; i < t->unsynced_count; i++)
		n += t->unsynced[i]->host == r->host;
	if (n < t->host_max && t->free_count >= BATCH)
		return true;
	if (count_event(&t->queue_drops))
		logmsg(LOG_WARNING, "request queue full: %ju requests "
		    "dropped so far", t->queue_drops);
	t->free[t->free_count++] = r;
	return false;
}

/* Zero-pad a frame to the minimum length of Ethernet. */
static struct iovec
pad_frame(uint8_t *data, size_t len)
{
	if (len < ETH_MIN)
		memset(data + len, 0, ETH_MIN - len);
	return (struct iovec){ data, MAX(len, ETH_MIN) };
}

static size_t
aoe_error(struct aoe *rep, uint8_t error, size_t len)
{
	rep->flags |= AOE_ERROR;
	rep->error = error;
	return len;
}

static size_t
ata_error(struct aoe_ata *rep, uint8_t error)
{
	rep->command = ATA_READY | ATA_ERR;
	rep->feature = error;
	return sizeof *rep;
}

/* How many items of a size fit in a frame after a header. */
static size_t
items_that_fit(const struct target *t, size_t header, size_t size)
{
	return (MAX(t->link.mtu + ETH_HEADER, header) - header) / size;
}

/* Fill in the header of a frame of zeroes. */
static void
init_header(const struct target *t, struct aoe *a, const uint8_t *dst,
    uint8_t flags, uint8_t command)
{
	memcpy(a->dst, dst, MAC_LEN);
	memcpy(a->src, t->link.mac, MAC_LEN);
	put16(a->type, AOE_TYPE);
	a->flags = AOE_VERSION | flags;
	put16(a->shelf, t->shelf);
	a->slot = (uint8_t)t->slot;
	a->command = command;
}

/* ATA.  The opcode, not the flags, determines direction and address width. */

static void
identify(const struct target *t, uint8_t *id)
{
	const uint16_t words[256] = {
		[0] = 0x0040,	/* fixed disk */
		[47] = 0x8000,	/* no READ MULTIPLE */
		[49] = 0x0200,	/* LBA */
		[50] = 0x4000,	/* valid */
		[80] = 0x01f0,	/* ATA/ATAPI-4 to ATA8-ACS */
		[82] = 0x0020,	/* write cache */
		[83] = 0x7400,	/* valid; FLUSH, FLUSH EXT, LBA48 */
		[84] = 0x4000,	/* valid */
		[85] = t->write_cache ? 0x0020 : 0,
		[86] = 0x3400,	/* as 83 */
		[87] = 0x4000,	/* valid */
		[93] = 0x400b,	/* valid; hardware reset result */
		[255] = 0x00a5,	/* integrity: all bytes add up to 0 */
	};
	char text[75];

	for (int i = 0; i < 256; i++)
		put_le(id + 2 * i, 2, words[i]);
	/* words of text have the first character in the high byte */
	snprintf(text, sizeof text, "%-20.20s%6s%-8.8s%-40s", t->serial, "",
	    VERSION, "vblade");
	for (int i = 0; i < 74; i++)
		id[2 * 10 + (i ^ 1)] = (uint8_t)text[i];
	put_le(id + 2 * 20, 6, 0);	/* retired */
	put_le(id + 2 * 60, 4, MIN(t->sectors, 0x0fffffff));	/* LBA28 */
	put_le(id + 2 * 100, 8, t->sectors);
	for (int i = 0; i < SECTOR - 1; i++)
		id[SECTOR - 1] = (uint8_t)(id[SECTOR - 1] - id[i]);
}

/* Validate a read or write; the reply is the one to send on success. */
static size_t
ata_check_transfer(struct target *t, struct request *r, struct aoe_ata *req,
    size_t len, uint64_t lba_max)
{
	bool write = req->command == ATA_WRITE || req->command == ATA_WRITE_EXT;
	uint64_t end = r->lba + req->count;
	size_t max = write ? (len - sizeof *req) / SECTOR :
	    items_that_fit(t, sizeof *req, SECTOR);

	if (req->count == 0 || req->count > max || (write && t->readonly))
		return ata_error(r->reply, ATA_ABRT);
	if (end > t->sectors)
		look_up_size(t);
	if (end > t->sectors || end > lba_max + 1)
		return ata_error(r->reply, ATA_IDNF);
	r->op = write ? OP_WRITE : OP_READ;
	r->count = req->count;
	r->payload = write ? req->data : r->reply->data;
	return sizeof *req + (write ? 0 : r->count * SECTOR);
}

static size_t
handle_ata(struct target *t, struct request *r, struct aoe_ata *req, size_t len)
{
	struct aoe_ata *rep = r->reply;
	uint64_t lba_max = req->command == ATA_READ_EXT ||
	    req->command == ATA_WRITE_EXT ? LBA_MAX : 0x0fffffff;

	rep->aflags = req->aflags & ATA_FLAGS;
	rep->count = req->count;
	rep->command = ATA_READY;
	memcpy(rep->lba, req->lba, sizeof rep->lba);
	r->opcode = req->command;
	r->lba = get_le(req->lba, 6) & lba_max;	/* above: device, mode */
	if (req->command != ATA_IDENTIFY && t->reserved_for.count > 0 &&
	    mac_find(&t->reserved_for, req->aoe.src) == NULL)
		return aoe_error(&rep->aoe, AOE_RESERVED,
		    ata_error(rep, ATA_ABRT));
	switch (req->command) {
	case ATA_READ:
	case ATA_READ_EXT:
	case ATA_WRITE:
	case ATA_WRITE_EXT:
		return ata_check_transfer(t, r, req, len, lba_max);
	case ATA_FLUSH:
	case ATA_FLUSH_EXT:
		r->op = OP_SYNC;
		return sizeof *rep;
	case ATA_IDENTIFY:
		if (items_that_fit(t, sizeof *rep, SECTOR) < 1)
			break;
		look_up_size(t);
		identify(t, rep->data);
		return sizeof *rep + SECTOR;
	case ATA_CHECK_POWER:
		rep->count = 0xff;	/* active */
		return sizeof *rep;
	case ATA_SET_FEATURES:
		if (req->feature != ATA_CACHE_ON &&
		    !(req->feature == ATA_CACHE_OFF && t->sync_writes))
			break;
		t->write_cache = req->feature == ATA_CACHE_ON;
		return sizeof *rep;
	}
	return ata_error(rep, ATA_ABRT);
}

/* Query/Config, MAC Mask List and Reserve/Release. */

/* Sectors of a request: initiators count the Ethernet header twice. */
static uint8_t
config_sectors(const struct target *t)
{
	return (uint8_t)MAX(1U, MIN(SECTORS_MAX, items_that_fit(t,
	    ETH_HEADER + sizeof(struct aoe_ata), SECTOR)));
}

static size_t
config_reply(const struct target *t, struct aoe_config *rep, unsigned command)
{
	size_t n = MIN(t->config_len, items_that_fit(t, sizeof *rep, 1));

	put16(rep->buffers, t->buffers);
	rep->firmware[0] = (uint8_t)(VERSION[0] - '0');	/* "major.minor" */
	rep->firmware[1] = (uint8_t)(VERSION[2] - '0');
	rep->sectors = config_sectors(t);
	rep->command = (uint8_t)(AOE_VERSION | command);
	put16(rep->length, (unsigned)n);
	memcpy(rep->string, t->config, n);
	return sizeof *rep + n;
}

static size_t
handle_config(struct target *t, const struct aoe_config *req, size_t len,
    struct aoe_config *rep)
{
	unsigned command = req->command & 0x0f;
	unsigned n = command == CONFIG_READ ? 0 : get16(req->length);
	bool prefix, same;

	if (command > CONFIG_FORCE)
		return aoe_error(&rep->aoe, AOE_BAD_ARGUMENT, sizeof *rep);
	if (n > CONFIG_MAX || n > len - sizeof *req)
		return 0;
	prefix = n <= t->config_len && memcmp(req->string, t->config, n) == 0;
	same = prefix && n == t->config_len;
	if ((command == CONFIG_TEST && !same) ||
	    (command == CONFIG_PREFIX && !prefix))
		return 0;
	if (command == CONFIG_SET && t->config_len > 0 && !same) {
		aoe_error(&rep->aoe, AOE_CONFIG_SET, 0);
	} else if (command == CONFIG_SET || command == CONFIG_FORCE) {
		memcpy(t->config, req->string, n);
		t->config_len = n;
	}
	return config_reply(t, rep, command);
}

static size_t
handle_mask(struct target *t, const struct aoe_mask *req, size_t len,
    struct aoe_mask *rep)
{
	struct mac_list *l = &t->allowed;
	unsigned edits = req->command == MASK_EDIT ? req->count : 0;

	rep->command = req->command;
	if (req->command > MASK_EDIT ||
	    edits * sizeof *req->list > len - sizeof *req)
		return aoe_error(&rep->aoe, AOE_BAD_ARGUMENT, sizeof *rep);
	for (; rep->count < edits; rep->count++) {
		const struct aoe_directive *d = &req->list[rep->count];

		rep->error = t->allowed_locked ? MASK_UNSPECIFIED :
		    mac_edit(l, d->mac, d->command);
		if (rep->error != 0)
			return sizeof *rep;
	}
	rep->count = (uint8_t)MIN(l->count,
	    items_that_fit(t, sizeof *rep, sizeof *rep->list));
	memset(rep->list, 0, rep->count * sizeof *rep->list);
	for (unsigned i = 0; i < rep->count; i++)
		memcpy(rep->list[i].mac, l->mac[i], MAC_LEN);
	return sizeof *rep + rep->count * sizeof *rep->list;
}

static size_t
handle_reserve(struct target *t, const struct aoe_reserve *req, size_t len,
    struct aoe_reserve *rep)
{
	struct mac_list *l = &t->reserved_for;

	rep->command = req->command;
	if (req->command > RESERVE_FORCE || (req->command != RESERVE_READ &&
	    (size_t)req->count * MAC_LEN > len - sizeof *req))
		return aoe_error(&rep->aoe, AOE_BAD_ARGUMENT, sizeof *rep);
	if (req->command == RESERVE_SET && l->count > 0 &&
	    mac_find(l, req->aoe.src) == NULL) {
		aoe_error(&rep->aoe, AOE_RESERVED, 0);
	} else if (req->command != RESERVE_READ) {
		l->count = 0;
		for (unsigned i = 0; i < req->count; i++)
			mac_edit(l, req->mac[i], MASK_ADD);
	}
	rep->count = (uint8_t)MIN(l->count,
	    items_that_fit(t, sizeof *rep, sizeof *rep->mac));
	memcpy(rep->mac, l->mac, rep->count * sizeof *rep->mac);
	return sizeof *rep + rep->count * sizeof *rep->mac;
}

/* The batch of replies. */

/* -v: log one line per request; the reply still holds its registers. */
static void
log_request(const struct request *r, const struct aoe_ata *rep)
{
	static const char *const command[256] = { [AOE_CONFIG] = "config",
	    [AOE_MASK] = "mask", [AOE_RESERVE] = "reserve" };
	static const char *const opcode[256] = { [ATA_READ] = "read",
	    [ATA_READ_EXT] = "read", [ATA_WRITE] = "write",
	    [ATA_WRITE_EXT] = "write", [ATA_IDENTIFY] = "IDENTIFY",
	    [ATA_FLUSH] = "FLUSH", [ATA_FLUSH_EXT] = "FLUSH" };
	bool ata = rep->aoe.command == AOE_ATA;
	const char *name = ata ? opcode[r->opcode] : command[rep->aoe.command];
	char what[64], result[16] = "ok";

	if (name == NULL)
		snprintf(what, sizeof what, ata ? "ATA %02x" : "command %u",
		    ata ? r->opcode : rep->aoe.command);
	else
		snprintf(what, sizeof what, ata && *name >= 'a' ?
		    "%s of %u sectors at %ju" : "%s", name, rep->count, r->lba);
	if (rep->aoe.flags & AOE_ERROR)
		snprintf(result, sizeof result, "AoE error %u", rep->aoe.error);
	else if (ata && rep->command & ATA_ERR)
		strcpy(result, rep->feature == ATA_IDNF ? "IDNF" :
		    rep->feature == ATA_UNC ? "UNC" : "ABRT");
	logmsg(LOG_INFO, "%s %s: %s, %jd us", mac_text(rep->aoe.dst), what,
	    result, now() - r->received);
}

/* Send the replies of the batch; free their requests. */
static void
batch_send(struct target *t)
{
	t->send_drops += (unsigned)net_send(t->net, t->reply, t->batch_count);
	while (t->batch_count > 0)
		t->free[t->free_count++] = t->batched[--t->batch_count];
}

/* Count and log a finished reply, and add it to the batch. */
static void
batch_add(struct target *t, struct request *r)
{
	const struct aoe_ata *rep = r->reply;
	bool error = rep->aoe.flags & AOE_ERROR ||
	    (rep->aoe.command == AOE_ATA && rep->command & ATA_ERR);

	t->requests[r->op]++;
	t->transferred[r->op] += error ? 0 : r->count;
	t->errors += error;
	if (t->verbose)
		log_request(r, rep);
	if (t->batch_count == BATCH)
		batch_send(t);
	t->reply[t->batch_count] = pad_frame((void *)r->reply, r->len);
	t->batched[t->batch_count++] = r;
}

/*
 * Disk operations are executed by the platform's engine, or by this one, a pool
 * of threads, which use only the disk and struct io; pipes pass its address.
 */

static struct {
	int work[2], done[2];	/* pipes of struct io * */
	unsigned threads, active;
} pool;

static void *
pool_thread(void *disk)
{
	struct io *io;

	while (read(pool.work[0], &io, sizeof io) == sizeof io) {
		io->result = disk_execute(disk, io);
		(void)!write(pool.done[1], &io, sizeof io);
	}
	return NULL;
}

/*
 * If all threads are busy, start another one.  Without any the operation is
 * executed here.  No write blocks: few pointers are in the pipes at a time.
 */
static void
pool_start(struct disk *d, struct io *io)
{
	pthread_t thread;

	if (pool.active++ >= pool.threads &&
	    pthread_create(&thread, NULL, pool_thread, d) == 0)
		pool.threads++;
	if (pool.threads == 0)
		io->result = disk_execute(d, io);
	(void)!write(pool.threads == 0 ? pool.done[1] : pool.work[1], &io,
	    sizeof io);
}

static struct io *
pool_finished(struct disk *d)
{
	struct io *io;

	(void)d;
	if (pool.active == 0 || read(pool.done[0], &io, sizeof io) != sizeof io)
		return NULL;
	pool.active--;
	return io;
}

const struct engine *
pool_engine(void)
{
	static struct engine engine = { "threads", -1, POOL_MAX, pool_start,
	    NULL, pool_finished };

	if (pipe(pool.work) < 0 || pipe2(pool.done, O_NONBLOCK) < 0)
		fail(EXIT_TRANSIENT, errno, "pipe");
	engine.fd = pool.done[0];
	return &engine;
}

/*
 * The list of reads and writes, in order of arrival.  Those of a batch that
 * continue one another are tried together; what cannot be executed at once
 * stays in the list until it is done.  One that overlaps an earlier one waits.
 */

/*
 * Must the later of two requests wait for the earlier?  Writes have whole units
 * of the disk, so that direct I/O and the page cache never share one.  Reads
 * wait as well: else retransmissions of one that hangs would fill the engine.
 */
static bool
overlap(const struct request *a, const struct request *b)
{
	return a->begin < b->end && b->begin < a->end;
}

/* Remove n requests from i on; later ones that they blocked may go on. */
static void
list_remove(struct target *t, unsigned i, unsigned n)
{
	struct request **r = t->list + i;

	for (unsigned k = i + n; k < t->list_count; k++)
		for (unsigned m = 0; t->list[k]->blockers > 0 && m < n; m++)
			t->list[k]->blockers -= overlap(r[m], t->list[k]);
	t->list_count -= n;
	memmove(r, r + n, (t->list_count - i) * sizeof *r);
}

/* Make the reply an error: an errno, or 0 for the end of the disk. */
static void
request_fail(struct target *t, struct request *r, int error)
{
	if (count_event(&t->disk_errors))
		logmsg(LOG_ERR, "%s of %u sectors at %ju failed: %s (%ju "
		    "errors so far)", r->op == OP_WRITE ? "write" : "read",
		    r->count, r->lba, error != 0 ? strerror(error) :
		    "beyond the end", t->disk_errors);
	r->len = ata_error(r->reply, error == 0 ? ATA_IDNF :
	    r->op == OP_READ ? ATA_UNC : ATA_ABRT);
}

/*
 * Take the result of a run, and reply to the requests that are done; others are
 * repeated.  If it fails for several, each is repeated by itself, so that only
 * those fail that must.  EINVAL: direct I/O that is not aligned.
 */
static void
run_end(struct target *t, struct io *run)
{
	ssize_t n = run->result;
	size_t left = n > 0 ? (size_t)n : 0;
	unsigned count = (unsigned)run->count, done = 0, i = t->list_count;
	bool failed = n <= 0 && n != -EINTR && n != -EAGAIN &&
	    (n != -EINVAL || run->buffered);
	bool fatal = failed && count == 1;

	while (t->list[--i] != run->first)
		continue;
	run->count = 0;
	if (n > 0 && run->op == OP_WRITE && t->dirty_since == 0)
		t->dirty_since = now();
	if (n == 0 && disk_size(t->disk) < 0)
		n = -errno;			/* a device has vanished */
	for (unsigned k = 0; k < count; k++) {
		struct request *r = t->list[i + k];
		size_t len = run->iov[k].iov_len;
		bool complete = left >= len;

		r->run = NULL;
		r->alone |= failed;
		r->buffered |= n == -EINVAL;
		r->moved += complete ? len : left;
		left -= complete ? len : left;
		done += complete || fatal;
		if (fatal)
			request_fail(t, r, (int)-n);
		if (complete && r->op == OP_WRITE && t->sync_writes)
			t->unsynced[t->unsynced_count++] = r;
		else if (complete || fatal)
			batch_add(t, r);
	}
	list_remove(t, i, done);
}

/*
 * Make a run of request i and of those next to it in the list that continue it
 * and wait for none outside of it.  False if it would make the file grow: then
 * it has ended already, as a read beyond the end does.
 */
static bool
run_fill(struct target *t, struct io *run, unsigned i)
{
	struct request *first = run->first = t->list[i];
	uint64_t at = first->lba * SECTOR + first->moved;
	int max = first->alone ? 1 : RUN_MAX;

	run->timed = first->op == OP_READ || first->tried ? first->op : OP_NONE;
	run->op = first->op;
	run->buffered = first->buffered;
	run->offset = (off_t)(t->offset * SECTOR + at);
	run->len = 0;
	run->count = 0;
	for (; i < t->list_count && run->count < max; i++) {
		struct request *r = t->list[i];
		unsigned blockers = r->blockers;

		if (r->run != NULL || r->op != run->op ||
		    r->lba * SECTOR + r->moved != at + run->len)
			break;
		for (int n = 1; blockers > 0 && n <= run->count; n++)
			blockers -= overlap(t->list[i - (unsigned)n], r);
		if (blockers > 0)
			break;
		r->run = run;
		run->iov[run->count] = (struct iovec){ r->payload + r->moved,
		    r->count * SECTOR - r->moved };
		run->len += run->iov[run->count++].iov_len;
	}
	if (run->op == OP_READ ||
	    run->offset + (off_t)run->len <= disk_size(t->disk))
		return true;
	run->result = 0;
	run_end(t, run);
	return false;
}

/*
 * May a write have to wait in the loop: for the lock of the file, which one
 * under way may hold, or to read metadata?  Not for long if the disk is fast.
 */
static bool
write_waits(const struct target *t)
{
	int64_t since = t->latency[OP_WRITE] > FAST ? INT64_MAX : now() - FAST;

	for (unsigned i = 0; i < t->list_count; i++)
		if (t->list[i]->run != NULL && t->list[i]->run->start <= since)
			return true;
	return t->latency[OP_NONE] > FAST;
}

/* Execute what need not wait for the disk of a run that begins at i. */
static void
run_try(struct target *t, unsigned i)
{
	struct io run;

	if (!run_fill(t, &run, i))
		return;
	for (int n = 0; n < run.count; n++)
		t->list[i++]->tried = true;
	run.start = run.op == OP_WRITE ? now() : 0;
	run.result = disk_try(t->disk, &run);
	if (run.op == OP_WRITE && run.result > 0)
		t->latency[OP_NONE] = now() - run.start;
	if (run.result <= 0)
		run.result = -EAGAIN;	/* the engine will do it */
	run_end(t, &run);
}

/*
 * Try what has arrived.  What is left waits, or if too many wait already, is
 * dropped.  A write that waits keeps a copy of its data, since frames do not
 * outlive their batch and are not aligned for direct I/O.
 */
static void
list_try(struct target *t)
{
	for (unsigned i = t->list_count - t->fresh; i < t->list_count;) {
		struct request *r = t->list[i];

		if (!r->tried && r->blockers == 0 &&
		    !(r->op == OP_WRITE && write_waits(t))) {
			run_try(t, i);
		} else if (!queue_admit(t, r)) {
			list_remove(t, i, 1);
		} else {
			if (r->op == OP_WRITE)
				r->payload = memcpy(r->reply->data, r->payload,
				    r->count * SECTOR);
			i++;
		}
	}
	t->fresh = 0;
}

/* Append a request, which waits for those that it overlaps. */
static void
list_add(struct target *t, struct request *r)
{
	uint64_t mask = r->op == OP_READ ? 0 : t->unit / SECTOR - 1;

	r->begin = (t->offset + r->lba) & ~mask;
	r->end = (t->offset + r->lba + r->count + mask) & ~mask;
	for (unsigned i = 0; i < t->list_count; i++)
		r->blockers += overlap(t->list[i], r);
	t->list[t->list_count++] = r;
	t->fresh++;
}

/*
 * Operations and syncs.  A FLUSH, a write with -s, the background sync and the
 * one at exit are the same: a reply, or none, that waits for a sync that starts
 * after its data was written.  What arrives during one shares the next.
 */

/*
 * The sync has ended: reply to all that waited for it.  After an error every
 * sync counts as failed: the kernel reports it once, and not what was lost.
 */
static void
sync_end(struct target *t)
{
	t->sync.op = OP_NONE;
	if (t->sync.result < 0 && !t->sync_failed) {
		t->sync_failed = true;
		logmsg(LOG_CRIT, "sync failed: %s: written data may be lost; "
		    "every FLUSH and write with -s will fail until restart",
		    strerror((int)-t->sync.result));
	}
	for (unsigned i = 0; i < t->syncing; i++) {
		struct request *r = t->unsynced[i];

		if (t->sync_failed)
			r->len = ata_error(r->reply, ATA_ABRT);
		batch_add(t, r);
	}
	t->unsynced_count -= t->syncing;
	memmove(t->unsynced, t->unsynced + t->syncing,
	    t->unsynced_count * sizeof *t->unsynced);
}

/* Take the result of an operation that has finished. */
static void
io_end(struct target *t, struct io *io)
{
	t->latency[io->timed] = now() - io->start;
	if (io->op != OP_SYNC)
		run_end(t, io);
	else if (io->result == -EINTR || io->result == -EAGAIN)
		t->engine->start(t->disk, io);
	else
		sync_end(t);
}

/*
 * Start an operation.  A lone request is executed here: sleeping until a fast
 * disk is done would cost more than it takes.
 */
static void
io_start(struct target *t, struct io *io)
{
	io->start = now();
	if (t->lone && t->latency[io->timed] < FAST) {
		io->result = disk_execute(t->disk, io);
		t->lone = io->result >= 0;	/* else the engine repeats it */
		io_end(t, io);
	} else {
		t->engine->start(t->disk, io);
	}
}

/* Start what waits for nothing, as runs; one operation is left for a sync. */
static void
list_start(struct target *t)
{
	struct io *run = t->runs, *end = run + t->engine->depth - 1;

	for (unsigned i = 0; i < t->list_count && run < end;) {
		if (run->count > 0)
			run++;
		else if (t->list[i]->run != NULL || t->list[i]->blockers > 0)
			i++;
		else if (run_fill(t, run, i))
			io_start(t, run);
	}
}

/*
 * Start a sync, unless one is under way, if a request waits for it or it is due
 * in the background, or at exit once all writes have ended.  Return in how many
 * milliseconds the next will be due, or -1.  The loop may wait for that of a
 * lone write only: a FLUSH may have gigabytes.
 */
static int
sync_start(struct target *t)
{
	int64_t left;

	if (t->sync.op == OP_SYNC)
		return -1;
	if (t->unsynced_count == 0) {
		if (t->dirty_since == 0 ||
		    (t->stopped ? t->list_count > 0 : t->delay == 0))
			return -1;
		left = t->delay - (now() - t->dirty_since) / 1000;
		if (left > 0 && !t->stopped)
			return (int)left;
	}
	t->lone &= t->unsynced_count > 0 && t->unsynced[0]->op == OP_WRITE;
	t->sync.op = t->sync.timed = OP_SYNC;
	t->syncing = t->unsynced_count;
	t->dirty_since = 0;
	io_start(t, &t->sync);
	return -1;
}

/* Advertisement, link and signals. */

/* Query for duplicates, and advertise to the hosts that may use the target. */
static void
advertise(struct target *t)
{
	uint8_t query[ETH_MIN] = { 0 };
	uint8_t advert[sizeof(struct aoe_config) + CONFIG_MAX] = { 0 };
	struct aoe *q = (void *)query, *a = (void *)advert;
	struct iovec f = { query, sizeof query };
	int64_t start = now();
	unsigned i = 0;

	init_header(t, q, broadcast, 0, AOE_CONFIG);
	q->tag[0] = 0x80;	/* bit 31 set: no tag that Linux uses */
	net_send(t->net, &f, 1);
	init_header(t, a, broadcast, AOE_RESPONSE, AOE_CONFIG);
	f = pad_frame(advert, config_reply(t, (void *)a, CONFIG_READ));
	do {
		if (t->allowed.count > 0)
			memcpy(a->dst, t->allowed.mac[i], MAC_LEN);
		net_send(t->net, &f, 1);
	} while (++i < t->allowed.count && now() - start < ADVERTISE_MAX);
}

/*
 * Log a change of the link, or at the start why no frames will arrive, and
 * advertise (again) if initiators should know.
 */
static void
link_update(struct target *t)
{
	const struct link old = t->logged, *link = &t->link;
	bool first = old.updates == 0, moved = link->index != old.index ||
	    link->mtu != old.mtu || !mac_equal(link->mac, old.mac);

	t->logged = *link;
	if (link->index == 0 && old.index != 0)
		logmsg(LOG_WARNING, "interface is gone");
	if (link->index == 0)
		return;
	if (first ? !link->up : moved || link->up != old.up ||
	    strcmp(link->name, old.name) != 0)
		logmsg(LOG_NOTICE, "link %s: %s, address %s, MTU %u",
		    link->up ? "up" : "down", link->name,
		    mac_text(link->mac), link->mtu);
	if (strcmp(link->master, old.master) != 0 && *link->master != '\0')
		logmsg(LOG_WARNING, "interface is a port of %s: if no requests "
		    "arrive, use %s instead", link->master, link->master);
	if (link->up && (moved || !old.up))
		advertise(t);
}

static struct target *served;	/* for on_signal */

/* Called only where the loop waits, or right after that: see serve(). */
static void
on_signal(int sig)
{
	struct target *t = served;
	int saved = errno;

	if (sig == SIGHUP) {
		advertise(t);
	} else if (sig != SIGTERM && sig != SIGINT) {
		log_counters(t);
	} else if (t->stopped) {
		_exit(EXIT_TRANSIENT);
	} else {
		logmsg(LOG_NOTICE, "stopping on SIG%s",
		    sig == SIGINT ? "INT" : "TERM");
		t->stopped = true;
		t->dirty_since = t->readonly ? 0 : now(); /* a last sync */
	}
	errno = saved;
}

/*
 * Block all signals: serve() lets them in, and the pool's threads inherit that.
 * A SIGINT that is ignored at the start, as by `command &`, stays so.
 */
static void
catch_signals(struct target *t)
{
	struct sigaction a = { .sa_handler = on_signal };

	served = t;
	sigfillset(&a.sa_mask);
	sigprocmask(SIG_BLOCK, &a.sa_mask, NULL);
	if (signal(SIGINT, SIG_IGN) != SIG_IGN)
		sigaction(SIGINT, &a, NULL);
	sigaction(SIGTERM, &a, NULL);
	sigaction(SIGHUP, &a, NULL);
	sigaction(SIGUSR1, &a, NULL);
#ifdef SIGINFO
	sigaction(SIGINFO, &a, NULL);
#endif
}

/* The serve loop. */

/* Is the frame AoE, for this target, from another host that may use it? */
static bool
accept_frame(struct target *t, const struct aoe *req)
{
	const uint8_t *mac = t->link.mac;
	bool own = mac_equal(req->src, mac);	/* always on loopback */
	unsigned shelf = get16(req->shelf);

	if (get16(req->type) != AOE_TYPE || (req->flags & 0xf0) != AOE_VERSION)
		return false;
	if ((shelf != t->shelf && shelf != AOE_ANY_SHELF) ||
	    (req->slot != t->slot && req->slot != AOE_ANY_SLOT))
		return false;
	if ((!mac_equal(req->dst, mac) && !mac_equal(req->dst, broadcast)) ||
	    (req->src[0] & 1) != 0 || (own && get_le(mac, MAC_LEN) != 0))
		return false;
	if (req->flags & AOE_RESPONSE) {
		if (req->command == AOE_CONFIG && !own &&
		    count_event(&t->duplicates))
			logmsg(LOG_WARNING, "duplicate address: %s also "
			    "exports e%u.%u; initiators spread requests over "
			    "both, so each gets only part of the writes",
			    mac_text(req->src), t->shelf, t->slot);
		return false;
	}
	return t->allowed.count == 0 || mac_find(&t->allowed, req->src) != NULL;
}

/* Returns the reply's length, 0 for none; if r->op is set, that on success. */
static size_t
build_reply(struct target *t, struct request *r, const struct iovec *f)
{
	const struct aoe *req = f->iov_base;
	struct aoe *rep = &r->reply->aoe;

	memset(r->reply, 0, sizeof *r->reply);
	init_header(t, rep, req->src, AOE_RESPONSE, req->command);
	memcpy(rep->tag, req->tag, sizeof rep->tag);
	switch (req->command) {
	case AOE_ATA:
		return handle_ata(t, r, f->iov_base, f->iov_len);
	case AOE_CONFIG:
		return handle_config(t, f->iov_base, f->iov_len, (void *)rep);
	case AOE_MASK:
		return handle_mask(t, f->iov_base, f->iov_len, (void *)rep);
	case AOE_RESERVE:
		return handle_reserve(t, f->iov_base, f->iov_len, (void *)rep);
	}
	if (get16(req->shelf) == AOE_ANY_SHELF || req->slot == AOE_ANY_SLOT)
		return 0;	/* not an error from every target */
	return aoe_error(rep, AOE_BAD_COMMAND, sizeof *rep);
}

static void
serve_frame(struct target *t, struct iovec f)
{
	uint8_t padded[ETH_MIN];
	struct request *r;
	bool sync;		/* the reply waits for one */

	if (f.iov_len < ETH_MIN)	/* a virtual Ethernet does not pad */
		f = pad_frame(memcpy(padded, f.iov_base, f.iov_len), f.iov_len);
	if (!accept_frame(t, f.iov_base))
		return;
	r = t->free[--t->free_count];
	*r = (struct request){ .reply = r->reply,
	    .host = get_le(((struct aoe *)f.iov_base)->src, MAC_LEN),
	    .received = t->verbose ? now() : 0 };
	r->len = build_reply(t, r, &f);
	sync = !t->readonly && (r->op == OP_SYNC ||
	    (r->op == OP_WRITE && t->sync_writes));
	if (r->count == 0 || t->fresh == RUN_MAX)
		list_try(t);	/* keep the order, and the list short */
	if (r->len == 0)
		t->free[t->free_count++] = r;
	else if (sync && !queue_admit(t, r))
		return;
	else if (r->count > 0)
		list_add(t, r);
	else if (sync)
		t->unsynced[t->unsynced_count++] = r;
	else
		batch_add(t, r);
}

/*
 * Serve until a signal requests a stop, then finish what was received and
 * sync; return the exit status.  A request is alone (`lone`) if no other came
 * with it and nothing is under way.  (While requests wait, something is.)
 */
static int
serve(struct target *t)
{
	static const sigset_t none;
	struct iovec frames[BATCH];
	int wait = -1;		/* ms until the next sync is due */
	int64_t let_in = 0;	/* when signals were */
	sigset_t all;
	struct io *io;

	while (!t->stopped || t->list_count > 0 || t->sync.op == OP_SYNC) {
		int n = net_recv(t->net, frames, t->stopped ? 0 : BATCH, wait);

		/* a wait that finds something ready lets no signal in */
		if (now() - let_in > SIGNAL_MAX) {
			sigprocmask(SIG_SETMASK, &none, &all);
			sigprocmask(SIG_SETMASK, &all, NULL);
			let_in = now();
		}
		if (t->link.updates != t->logged.updates)
			link_update(t);
		t->lone = n == 1 && t->list_count == 0 &&
		    t->sync.op == OP_NONE;
		/* a run of replies at most, then the disk gets more work */
		while (t->batch_count < RUN_MAX &&
		    (io = t->engine->finished(t->disk)) != NULL)
			io_end(t, io);
		for (int i = 0; i < n; i++)
			serve_frame(t, frames[i]);
		list_try(t);
		list_start(t);
		wait = sync_start(t);
		if (t->engine->submit != NULL && !t->engine->submit(t->disk))
			wait = 1;	/* then try again */
		batch_send(t);
	}
	return t->sync_failed ? EXIT_TRANSIENT : 0;
}

/* The command line. */

static _Noreturn void
usage(int status)
{
	fputs("usage: vblade [-dfhrsvV] [-b buffers] [-l length]\n"
	    "              [-m mac[,mac ...]] [-o offset] [-t seconds]\n"
	    "              shelf slot interface file\n"
	    "see vblade(8)\n", status == 0 ? stdout : stderr);
	exit(status);
}

/* Base 0 also takes 0x10 and 020, as vblade 25 does for -l and -o. */
static uint64_t
parse_number(const char *what, const char *s, int base, uint64_t min,
    uint64_t max)
{
	char *end;
	uint64_t n = strtoull(s, &end, base);	/* UINT64_MAX if too large */

	if (*s < '0' || *s > '9' || *end != '\0' || n < min || n > max)
		fail(EXIT_USAGE, 0, "%s '%s': must be a number from %ju to "
		    "%ju", what, s, min, max);
	return n;
}

/* -m: any error rejects the list, so that no typo opens the export to all. */
static void
parse_mac_list(struct target *t, const char *list)
{
	static const char digits[] = "0123456789abcdefABCDEF";
	const char *s = list;
	uint8_t mac[MAC_LEN];
	int n;

	t->allowed_locked = true;
	do {
		for (n = 0; n < MAC_LEN && strspn(s, digits) >= 2; n++) {
			sscanf(s, "%2hhx", &mac[n]);
			s += 2;
			s += *s == ':' && n < MAC_LEN - 1;
		}
		if (n < MAC_LEN || (*s != '\0' && *s != ',') ||
		    (mac[0] & 1) || mac_edit(&t->allowed, mac, MASK_ADD) != 0)
			fail(EXIT_USAGE, 0, "-m '%.250s': expected a "
			    "comma-separated list of at most 255 unicast MAC "
			    "addresses", list);
	} while (*s++ == ',');
}

/* Apply an option; returns its DISK_ flag. */
static int
parse_option(struct target *t, int c, const char *arg)
{
	switch (c) {
	case 'b':
		t->buffers = (unsigned)parse_number("-b", arg, 10, 2, 65535);
		return 0;
	case 'd':
		return DISK_DIRECT;
	case 'f':
		return DISK_FORCE;
	case 'h':
		usage(0);
	case 'l':
		t->length = parse_number("-l", arg, 0, 1, LBA_MAX - 1);
		return 0;
	case 'm':
		parse_mac_list(t, arg);
		return 0;
	case 'o':
		t->offset = parse_number("-o", arg, 0, 0, INT64_MAX / SECTOR);
		return 0;
	case 'r':
		t->readonly = true;
		return DISK_READONLY;
	case 's':
		t->sync_writes = true;
		t->write_cache = false;
		return 0;
	case 't':
		t->delay = 1000 * (int)parse_number("-t", arg, 10, 0, 86400);
		return 0;
	case 'v':
		t->verbose = true;
		return 0;
	case 'V':
		puts("vblade " VERSION);
		exit(0);
	}
	usage(EXIT_USAGE);
}

/* Start. */

/* Check that the export lies within the file; warn of known limits. */
static void
check_range(struct target *t, const char *path)
{
	off_t size = disk_size(t->disk);

	if (size < SECTOR)
		fail(EXIT_DISK, size < 0 ? errno : 0, "%s: no whole sector",
		    path);
	look_up_size(t);
	if (t->sectors == 0 || (t->length != LBA_MAX && t->sectors < t->length))
		fail(EXIT_USAGE, 0, "-o or -l: %s has only %jd sectors of 512 "
		    "bytes", path, (intmax_t)(size / SECTOR));
	if (size % SECTOR != 0 && t->length == LBA_MAX)
		logmsg(LOG_WARNING, "%s: ignoring the last %jd bytes (less "
		    "than one sector)", path, (intmax_t)(size % SECTOR));
	if (t->shelf == 4095)
		logmsg(LOG_WARNING, "Linux initiators ignore shelf 4095");
}

/* What may wait for the disk, and a batch more: see queue_admit(). */
static void
allocate_requests(struct target *t)
{
	static struct request all[REQUESTS_MAX];
	unsigned window = MAX(WINDOW_MIN, MIN(t->buffers, WINDOW_MAX));
	size_t n = INITIATORS * window + BATCH;
	uint8_t *cell = mmap(NULL, n * CELL, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANON | MAP_NORESERVE, -1, 0);

	t->host_max = 2 * window;	/* retransmissions may wait, too */
	if (cell == MAP_FAILED)
		fail(EXIT_TRANSIENT, errno, "request buffers");
#ifdef MADV_NOHUGEPAGE
	madvise(cell, n * CELL, MADV_NOHUGEPAGE);	/* mostly unused */
#endif
	for (struct request *r = all; r < all + n; r++, cell += CELL) {
		r->reply = (void *)(cell + PAGE - sizeof *r->reply);
		t->free[t->free_count++] = r;
	}
}

/*
 * Log to standard error, with priorities if that is the journal.  First see
 * that descriptors 0 to 2 are open, if only as sockets that are connected to
 * nothing, so that the disk does not become one of them.  A system call that
 * raises a signal ignored here fails or, for SIGTTOU, proceeds.
 */
static void
open_log(void)
{
	int fd;

	while ((fd = socket(AF_UNIX, SOCK_DGRAM, 0)) >= 0 && fd <= 2)
		continue;
	close(fd);
	stream_reopen(STDOUT_FILENO);
	stream_reopen(STDERR_FILENO);
	logging.journal = is_journal(STDERR_FILENO);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGTTOU, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
}

/* Report readiness on stdout, to the log and to the service manager. */
static void
report_ready(const struct target *t)
{
	char line[128];

	snprintf(line, sizeof line, "pid %ld: e%u.%u, %ju sectors %s\n",
	    (long)getpid(), t->shelf, t->slot, t->sectors,
	    t->readonly ? "O_RDONLY" : "O_RDWR");
	emit(STDOUT_FILENO, line);
	logmsg(LOG_INFO, "address %s, MTU %u, %u sectors per frame, "
	    "%u buffers, disk I/O by %s", mac_text(t->link.mac),
	    t->link.mtu, config_sectors(t), t->buffers, t->engine->name);
	snprintf(line, sizeof line, "Exporting e%u.%u (%ju sectors)",
	    t->shelf, t->slot, t->sectors);
	notify(true, line);
	if (!stream_reopen(STDERR_FILENO)) {	/* as in open_log() */
		logmsg(LOG_WARNING, "cannot reopen the terminal: logging ends");
		logging.fd = -1;
	}
}

int
main(int argc, char *argv[])
{
	static struct target t;
	int c, n, flags = 0;

	t = (struct target){ .buffers = BUFFERS, .delay = DELAY * 1000,
	    .length = LBA_MAX, .write_cache = true,
	    .latency = { FAST, FAST, FAST, FAST } };	/* unknown */
	open_log();
	if (argc > 1 && strcmp(argv[1], "--help") == 0)
		usage(0);
	if (argc > 1 && strcmp(argv[1], "--version") == 0)
		parse_option(&t, 'V', "");
	while ((c = getopt(argc, argv, "b:dfhl:m:o:rst:vV")) != -1)
		flags |= parse_option(&t, c, optarg);
	argv += optind;
	if (argc - optind != 4)
		usage(EXIT_USAGE);
	if (strlen(argv[2]) >= sizeof t.link.name)
		fail(EXIT_USAGE, 0, "interface '%s': name too long", argv[2]);
	t.shelf = (unsigned)parse_number("shelf", argv[0], 10, 0, 65534);
	t.slot = (unsigned)parse_number("slot", argv[1], 10, 0, 254);
	snprintf(logging.prefix, sizeof logging.prefix, "e%u.%u: %.32s: ",
	    t.shelf, t.slot, argv[2]);
	n = snprintf(t.serial, sizeof t.serial, "%u.%u:", t.shelf, t.slot);
	gethostname(t.serial + n, sizeof t.serial - 1 - (size_t)n);
	t.disk = disk_open(argv[3], flags, &t.unit);
	check_range(&t, argv[3]);
	allocate_requests(&t);
	catch_signals(&t);
	t.engine = disk_engine(t.disk, ENGINE_DEPTH + 1);	/* 1: a sync */
	t.net = net_open(argv[2], t.shelf, t.slot, t.free_count,
	    flags & DISK_FORCE, t.engine->fd, &t.link);
	link_update(&t);
	report_ready(&t);
	confine(t.net, t.disk);
	return serve(&t);
}
