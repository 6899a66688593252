/*
 * vblade: exports a file or a disk on an Ethernet by ATA over Ethernet.
 *
 * How a frame becomes a reply, from the top of this file to its end:
 *
 *	net_recv ─► serve_frame: ours? ─► reply: AoE command ─► ata, config,
 *	mask, reserve.  These answer at once, but for reads, writes and flushes:
 *	those are gathered into runs, and a run is done by the loop when it
 *	need not wait for the disk, else by a worker.  ─► net_send
 */
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
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
#define VERSION "1.0"

enum {
	FIRMWARE = 0x0100,	/* VERSION, in Config replies */
	BATCH = 64,		/* frames taken from the net at a time */
	RUN_MOST = 16,		/* requests in one run */
	BUFFERS = 64,		/* advertised unless -b says otherwise */
	LEAST = 32,		/* a window that there is always room for */
	WORKERS = 16,		/* unless -j says otherwise */
	POOL_MOST = 4096,	/* requests that may wait for the disk */
	DELAY = 1,		/* seconds till a sync, likewise -t */
	PAGE = 4096,		/* where payloads are aligned to */
};

/*
 * Target state.
 */

struct maclist {
	unsigned count;
	uint8_t mac[255][MAC_LEN];
};

/* What a request leaves to be done when its frame has been looked at. */
enum work { NOTHING, READ, WRITE, SYNC, WORKS };

/* Requests for adjacent sectors: one system call serves them all. */
struct run {
	struct run *next;	/* in the queue */
	int count;
	struct request *request[RUN_MOST];
	enum work work;
	uint64_t lba;
	uint64_t sectors;
	bool blocked;		/* by an earlier one, when it came */
	bool started;
};

/*
 * A request on its way to its reply.  It stands at the head of a cell of
 * memory in which the reply is built: headers end where the second page
 * begins, so that the data in a reply is aligned for the disk.
 */
struct request {
	struct request *next;	/* among the free ones */
	struct run run;		/* the run that begins with this request */
	enum work work;
	uint64_t lba;
	unsigned count;
	uint8_t *payload;	/* sectors to write: in the frame, or copied */
	bool quiet;		/* our own doing, wants no reply */
	uint8_t opcode;		/* for -v: what ATA command, and since when */
	int64_t since;
	size_t len;		/* of the reply */
};

enum { CELL = PAGE + (SECTORS_MOST * SECTOR + PAGE - 1) / PAGE * PAGE };

/* Replies that leave together, and whose they are. */
struct batch {
	int count;
	struct frame reply[BATCH];
	struct request *request[BATCH];
};

/* Runs that wait for the disk or are under way, in order of arrival. */
struct queue {
	pthread_mutex_t lock;	/* of all but `held` */
	pthread_cond_t more;
	struct run *first, *last;
	unsigned waiting;	/* runs not started */
	unsigned blocked;	/* those of them that had to wait for others */
	unsigned workers, idle;
	bool closed;
	struct request *done;	/* on their way back to the loop */
	unsigned uncalled;	/* runs put by the loop, for which no worker
				   was woken yet; the loop's own */
	atomic_uint held;	/* requests in the queue; only the loop adds */
};

/* All that anybody may add to; for SIGUSR1. */
struct counters {
	atomic_ullong requests[WORKS], sectors[WORKS];
	atomic_ullong errors;	/* replies that said so */
	atomic_ullong faults;	/* reads and writes that the disk failed */
	atomic_ullong busy;	/* requests dropped, the queue was full */
	atomic_ullong unsent;	/* replies the net would not take */
};

struct target {
	unsigned shelf, slot;
	unsigned buffers;
	unsigned jobs;		/* workers at most */
	unsigned pool;		/* requests that workers may have */
	uint64_t offset;	/* sectors before the export's first */
	uint64_t length;	/* sectors to export at most */
	int delay;		/* ms that written data may wait for a sync */
	bool readonly, sync, verbose;

	struct net *net;
	struct disk disk;
	uint64_t sectors;	/* as last looked up */
	char serial[20 + 1];
	bool cache;		/* write cache "on": ATA words, nothing else */
	atomic_llong dirty;	/* when the oldest unsynced write was, or 0 */
	atomic_bool syncing;	/* a background sync is under way */
	pthread_mutex_t one;	/* sync at a time: only one hears of an error */
	bool lost;		/* a sync failed: what was lost is unknown */

	struct maclist masks;	/* who is heard; none: everybody */
	bool fixed;		/* by -m, not to be edited from afar */
	struct maclist holders;	/* who may use a reserved target */
	struct maclist twins;	/* others that answered to our address */
	unsigned config_len;
	uint8_t config[CONFIG_MOST];

	struct run *run;	/* being gathered */
	struct batch batch;
	struct request *free;
	struct queue queue;
	struct counters counters;
};

/* Set once by main; the signals by their handler. */
static struct {
	char prefix[64];	/* "e0.1: eth0: " */
	bool syslog;
	bool journal;		/* stderr is the journal: tell priorities */
} logging;
static volatile sig_atomic_t stopping, asked;
static int wake[2] = { -1, -1 };

/*
 * Writes whole short texts, but rather not at all than waiting for a reader
 * that reads no more.
 */
static void
emit(int fd, const char *text, size_t len)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };

	if (poll(&p, 1, 0) == 1 && (p.revents & POLLOUT))
		(void)!write(fd, text, len);
}

void
note(int priority, const char *fmt, ...)
{
	char line[512];
	size_t n = 0, size = sizeof line - 1;
	va_list ap;

	if (logging.journal)
		n = (size_t)snprintf(line, size, "<%d>", priority);
	if (!logging.syslog)
		n += (size_t)snprintf(line + n, size - n, "vblade: ");
	n += (size_t)snprintf(line + n, size - n, "%s", logging.prefix);
	va_start(ap, fmt);
	n += (size_t)vsnprintf(line + n, size - n, fmt, ap);
	va_end(ap);
	if (n > size - 1)
		n = size - 1;
	if (logging.syslog) {
		syslog(priority, "%s", line);
		return;
	}
	line[n++] = '\n';
	emit(STDERR_FILENO, line, n);
}

/* Microseconds; only differences mean anything. */
static int64_t
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

bool
send_again(int error, int64_t *until)
{
	if (error != ENOBUFS)
		return error == EINTR;
	if (*until == 0)
		*until = now() + SEND_WAIT * 1000;
	poll(NULL, 0, 1);
	return now() < *until;
}

_Noreturn void
disk_err(const char *path, bool in_use)
{
	if (in_use)
		errx(EXIT_DISK, "%s is in use, mounted or exported already; "
		    "-r exports it read-only, -f regardless", path);
	if (errno == EROFS)
		errx(EXIT_DISK, "%s is read-only: export it with -r", path);
	err(errno == EACCES || errno == EPERM ? EXIT_RIGHTS : EXIT_DISK, "%s",
	    path);
}

static unsigned long long
count(atomic_ullong *counter, unsigned long long n)
{
	return atomic_fetch_add_explicit(counter, n, memory_order_relaxed) + n;
}

/* Is it worth a line?  When a count passes 1, 10, 100 and so on. */
static bool
telling(unsigned long long before, unsigned long long now)
{
	unsigned long long mark = 1;

	while (mark <= before)
		mark *= 10;
	return now >= mark;
}

/* What is exported now, in sectors, or -1 when nobody can tell. */
static int64_t
sectors_now(const struct target *t)
{
	off_t size = disk_size(&t->disk);
	uint64_t n = (uint64_t)size / SECTOR;

	if (size < 0)
		return -1;
	n = n < t->offset ? 0 : n - t->offset;
	return (int64_t)(n < t->length ? n : t->length);
}

/* Growth and loss are served as soon as somebody asks. */
static void
refresh(struct target *t)
{
	int64_t n = sectors_now(t);

	if (n >= 0)
		t->sectors = (uint64_t)n;
}

/*
 * MAC lists.
 */

enum { MAC_TEXT = 3 * MAC_LEN };

static const char *
mac_text(const uint8_t *mac, char text[MAC_TEXT])
{
	snprintf(text, MAC_TEXT, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0],
	    mac[1], mac[2], mac[3], mac[4], mac[5]);
	return text;
}

static int
mac_find(const struct maclist *l, const uint8_t *mac)
{
	for (unsigned i = 0; i < l->count; i++)
		if (memcmp(l->mac[i], mac, MAC_LEN) == 0)
			return (int)i;
	return -1;
}

/* False when there is no room left. */
static bool
mac_add(struct maclist *l, const uint8_t *mac)
{
	if (mac_find(l, mac) >= 0)
		return true;
	if (l->count == sizeof l->mac / sizeof *l->mac)
		return false;
	memcpy(l->mac[l->count++], mac, MAC_LEN);
	return true;
}

static void
mac_delete(struct maclist *l, const uint8_t *mac)
{
	int i = mac_find(l, mac);

	if (i >= 0)
		memmove(l->mac[i], l->mac[i + 1],
		    (--l->count - (unsigned)i) * MAC_LEN);
}

/*
 * Requests.
 */

static void
request_free(struct target *t, struct request *r)
{
	r->next = t->free;
	t->free = r;
}

/* NULL when all are with the workers. */
static struct request *
request_new(struct target *t)
{
	struct request *r;

	if (t->free == NULL) {
		pthread_mutex_lock(&t->queue.lock);
		t->free = t->queue.done;
		t->queue.done = NULL;
		pthread_mutex_unlock(&t->queue.lock);
	}
	if ((r = t->free) != NULL)
		t->free = r->next;
	return r;
}

/* Too much waits already for n more; the initiators will ask again. */
static void
refuse(struct target *t, unsigned n)
{
	unsigned long long all = count(&t->counters.busy, n);

	if (telling(all - n, all))
		note(LOG_WARNING, "disk too slow: %llu requests dropped", all);
}

/*
 * Replies.  A handler gets the request q, of which len bytes came, and the
 * reply, which has its AoE header and is zero behind; it returns the reply's
 * length, 0 for silence.
 */

static void *
reply_of(struct request *r)
{
	return (uint8_t *)r + PAGE - sizeof(struct aoe_ata);
}

static uint8_t *
data_of(struct request *r)
{
	return (uint8_t *)r + PAGE;
}

/* A reply is zero behind what it says, up to the least an Ethernet carries. */
static struct frame
padded(uint8_t *a, size_t len)
{
	if (len >= ETH_LEAST)
		return (struct frame){ a, len };
	memset(a + len, 0, ETH_LEAST - len);
	return (struct frame){ a, ETH_LEAST };
}

static size_t
aoe_error(struct aoe *a, uint8_t error, size_t len)
{
	a->flags |= AOE_ERROR;
	a->error = error;
	return len;
}

static size_t
ata_error(struct aoe_ata *a, uint8_t error)
{
	a->command = ATA_READY | ATA_ERR;
	a->feature = error;
	return sizeof *a;
}

/* How many whole things of a size fit into a frame behind a header. */
static size_t
room(const struct target *t, size_t header, size_t size)
{
	size_t most = net_mtu(t->net) + ETH_HEADER;

	return most < header ? 0 : (most - header) / size;
}

/*
 * IDENTIFY DEVICE.
 */

/* ATA keeps text in words, the first character in the high byte. */
static void
identify_text(uint8_t *id, int word, size_t len, const char *text)
{
	for (size_t i = 0; i < len; i++)
		id[2 * word + (int)(i ^ 1)] = *text ? (uint8_t)*text++ : ' ';
}

static void
identify(const struct target *t, uint8_t *id)
{
	uint16_t words[256] = {
		[0] = 0x0040,	/* fixed disk */
		[47] = 0x8000,	/* no READ MULTIPLE */
		[49] = 0x0200,	/* LBA */
		[50] = 0x4000,	/* valid */
		[80] = 0x01f0,	/* ATA/ATAPI-4 to ATA8-ACS */
		[82] = 0x0020,	/* write cache */
		[83] = 0x7400,	/* valid; FLUSH, FLUSH EXT, LBA48 */
		[84] = 0x4000,	/* valid */
		[85] = t->cache ? 0x0020 : 0,
		[86] = 0x3400,	/* as 83 */
		[87] = 0x4000,	/* valid */
		[93] = 0x400b,	/* valid; what the link's reset found */
		[106] = 0x4000,	/* valid */
		[217] = t->disk.solid ? 1 : 0,
	};
	uint64_t lba28 = t->sectors < 0x0fffffff ? t->sectors : 0x0fffffff;
	unsigned exponent = 0;
	uint8_t sum = 0xa5;

	while ((unsigned)SECTOR << (exponent + 1) <= t->disk.physical)
		exponent++;
	if (exponent > 0) {	/* many sectors in a physical one; alignment */
		words[106] |= (uint16_t)(0x2000 | exponent);
		words[209] = (uint16_t)(0x4000 |
		    (t->offset & ((1U << exponent) - 1)));
	}
	for (int i = 0; i < 256; i++)
		put_le(id + 2 * i, 2, words[i]);
	identify_text(id, 10, 20, t->serial);
	identify_text(id, 23, 8, VERSION);
	identify_text(id, 27, 40, "vblade");
	put_le(id + 2 * 60, 4, lba28);
	put_le(id + 2 * 100, 8, t->sectors);
	id[2 * 255] = 0xa5;	/* integrity: all bytes add up to 0 */
	for (int i = 0; i < 2 * 255; i++)
		sum = (uint8_t)(sum + id[i]);
	id[2 * 255 + 1] = (uint8_t)-sum;
}

/*
 * ATA.
 */

static bool
ata_within(struct target *t, uint64_t lba, unsigned n, bool extended)
{
	if (!extended && lba + n > 1U << 28)
		return false;
	if (lba + n > t->sectors)
		refresh(t);
	return lba + n <= t->sectors;
}

/* Opcode, not flags, tells direction and address width. */
static size_t
ata_io(struct target *t, struct request *r, const struct aoe_ata *q, size_t len)
{
	struct aoe_ata *a = reply_of(r);
	bool write = q->command == ATA_WRITE || q->command == ATA_WRITE_EXT;
	bool extended = q->command == ATA_READ_EXT ||
	    q->command == ATA_WRITE_EXT;
	uint64_t lba = extended ? get_le(q->lba, 6) :
	    get_le(q->lba, 4) & 0x0fffffff;
	size_t most = write ? (len - sizeof *q) / SECTOR :
	    room(t, sizeof *q, SECTOR);

	if (q->count == 0 || q->count > most || (write && t->readonly))
		return ata_error(a, ATA_ABRT);
	if (!ata_within(t, lba, q->count, extended))
		return ata_error(a, ATA_IDNF);
	r->work = write ? WRITE : READ;
	r->lba = lba;
	r->count = q->count;
	r->payload = write ? (uint8_t *)(uintptr_t)q->data : data_of(r);
	return sizeof *a + (write ? 0 : r->count * SECTOR);
}

static size_t
ata_features(struct target *t, const struct aoe_ata *q, struct aoe_ata *a)
{
	if (q->feature != ATA_CACHE_ON &&
	    !(q->feature == ATA_CACHE_OFF && t->sync))
		return ata_error(a, ATA_ABRT);
	t->cache = q->feature == ATA_CACHE_ON;
	return sizeof *a;
}

static size_t
ata(struct target *t, struct request *r, const struct aoe_ata *q, size_t len)
{
	struct aoe_ata *a = reply_of(r);

	if (len < sizeof *q)
		return 0;
	a->aflags = q->aflags & (ATA_EXTENDED | ATA_DEVICE | ATA_ASYNC | ATA_W);
	a->count = q->count;
	a->command = ATA_READY;
	memcpy(a->lba, q->lba, sizeof a->lba);
	r->opcode = q->command;
	if (q->command != ATA_IDENTIFY && t->holders.count > 0 &&
	    mac_find(&t->holders, q->aoe.src) < 0)
		return aoe_error(&a->aoe, AOE_RESERVED, ata_error(a, ATA_ABRT));
	switch (q->command) {
	case ATA_IDENTIFY:
		if (room(t, sizeof *a, SECTOR) < 1)
			return ata_error(a, ATA_ABRT);
		refresh(t);
		identify(t, a->data);
		return sizeof *a + SECTOR;
	case ATA_READ:
	case ATA_READ_EXT:
	case ATA_WRITE:
	case ATA_WRITE_EXT:
		return ata_io(t, r, q, len);
	case ATA_FLUSH:
	case ATA_FLUSH_EXT:
		r->work = SYNC;
		return sizeof *a;
	case ATA_CHECK_POWER:
		a->count = 0xff;	/* active */
		return sizeof *a;
	case ATA_SET_FEATURES:
		return ata_features(t, q, a);
	}
	return ata_error(a, ATA_ABRT);
}

/*
 * Query/Config.
 */

/* The sectors a request may have: the formula every initiator uses. */
static uint8_t
config_sectors(const struct target *t)
{
	unsigned mtu = net_mtu(t->net);
	unsigned n = mtu < 36 ? 0 : (mtu - 36) / SECTOR;

	return (uint8_t)(n < 1 ? 1 : n > SECTORS_MOST ? SECTORS_MOST : n);
}

static size_t
config_fill(struct target *t, struct aoe_config *a, unsigned command)
{
	refresh(t);
	put16(a->buffers, t->buffers);
	put16(a->firmware, FIRMWARE);
	a->sectors = config_sectors(t);
	a->command = (uint8_t)(AOE_VERSION | command);
	put16(a->length, t->config_len);
	memcpy(a->string, t->config, t->config_len);
	return sizeof *a + t->config_len;
}

static size_t
config(struct target *t, const struct aoe_config *q, size_t len,
    struct aoe_config *a)
{
	unsigned command, n;
	bool same;

	if (len < sizeof *q)
		return 0;
	command = q->command & 0x0f;
	n = get16(q->length);
	if (command > CONFIG_FORCE)
		return aoe_error(&a->aoe, AOE_BAD_ARGUMENT, sizeof *a);
	if (command == CONFIG_READ)
		return config_fill(t, a, command);
	if (n > CONFIG_MOST || n > len - sizeof *q)
		return 0;
	same = n == t->config_len && memcmp(q->string, t->config, n) == 0;
	if (command == CONFIG_TEST && !same)
		return 0;
	if (command == CONFIG_PREFIX && (n > t->config_len ||
	    memcmp(q->string, t->config, n) != 0))
		return 0;
	if (command == CONFIG_SET && t->config_len > 0 && !same) {
		aoe_error(&a->aoe, AOE_CONFIG_SET, 0);
	} else if (command == CONFIG_SET || command == CONFIG_FORCE) {
		memcpy(t->config, q->string, n);
		t->config_len = n;
	}
	return config_fill(t, a, command);
}

/*
 * MAC Mask List.
 */

static size_t
mask_list(const struct target *t, struct aoe_mask *a)
{
	size_t n = room(t, sizeof *a, sizeof *a->list);

	if (n > t->masks.count)
		n = t->masks.count;
	a->count = (uint8_t)n;
	for (size_t i = 0; i < n; i++) {
		a->list[i].reserved = 0;
		a->list[i].command = MASK_NOTHING;
		memcpy(a->list[i].mac, t->masks.mac[i], MAC_LEN);
	}
	return sizeof *a + n * sizeof *a->list;
}

/* One directive; returns what keeps it from being carried out, or 0. */
static uint8_t
mask_edit(struct target *t, const struct aoe_directive *d)
{
	if (t->fixed)
		return MASK_UNSPECIFIED;
	if (d->command == MASK_ADD)
		return mac_add(&t->masks, d->mac) ? 0 : MASK_FULL;
	if (d->command == MASK_DELETE)
		mac_delete(&t->masks, d->mac);
	else if (d->command != MASK_NOTHING)
		return MASK_BAD_DIRECTIVE;
	return 0;
}

static size_t
mask(struct target *t, const struct aoe_mask *q, size_t len, struct aoe_mask *a)
{
	if (len < sizeof *q)
		return 0;
	a->command = q->command;
	if (q->command > MASK_EDIT || (q->command == MASK_EDIT &&
	    q->count * sizeof *q->list > len - sizeof *q))
		return aoe_error(&a->aoe, AOE_BAD_ARGUMENT, sizeof *a);
	if (q->command == MASK_READ)
		return mask_list(t, a);
	for (uint8_t i = 0; i < q->count; i++) {
		a->error = mask_edit(t, &q->list[i]);
		if (a->error != 0) {
			a->count = i;
			return sizeof *a;
		}
	}
	return mask_list(t, a);
}

/*
 * Reserve/Release.
 */

static size_t
reserve(struct target *t, const struct aoe_reserve *q, size_t len,
    struct aoe_reserve *a)
{
	struct maclist *l = &t->holders;
	size_t n = room(t, sizeof *a, MAC_LEN);

	if (len < sizeof *q)
		return 0;
	a->command = q->command;
	if (q->command > RESERVE_FORCE || (q->command != RESERVE_READ &&
	    (size_t)q->count * MAC_LEN > len - sizeof *q))
		return aoe_error(&a->aoe, AOE_BAD_ARGUMENT, sizeof *a);
	if (q->command == RESERVE_SET && l->count > 0 &&
	    mac_find(l, q->aoe.src) < 0) {
		aoe_error(&a->aoe, AOE_RESERVED, 0);
	} else if (q->command != RESERVE_READ) {
		l->count = 0;
		for (unsigned i = 0; i < q->count; i++)
			mac_add(l, q->mac[i]);
	}
	if (n > l->count)
		n = l->count;
	a->count = (uint8_t)n;
	memcpy(a->mac, l->mac, n * MAC_LEN);
	return sizeof *a + n * MAC_LEN;
}

/*
 * Dispatch.
 */

static bool
broadcast(const uint8_t *mac)
{
	return memcmp(mac, "\xff\xff\xff\xff\xff\xff", MAC_LEN) == 0;
}

/*
 * Is the frame AoE, for this target, from somebody else?  A loopback sends
 * everything from its own address, which is zero.
 */
static bool
ours(const struct target *t, const struct aoe *q, size_t len)
{
	static const uint8_t loopback[MAC_LEN];
	const uint8_t *mac = net_mac(t->net);

	if (len < sizeof *q || get16(q->type) != AOE_TYPE ||
	    (q->flags & 0xf0) != AOE_VERSION)
		return false;
	if (get16(q->shelf) != t->shelf && get16(q->shelf) != AOE_ANY_SHELF)
		return false;
	if (q->slot != t->slot && q->slot != AOE_ANY_SLOT)
		return false;
	if (memcmp(q->dst, mac, MAC_LEN) != 0 && !broadcast(q->dst))
		return false;
	return (q->src[0] & 1) == 0 && (memcmp(q->src, mac, MAC_LEN) != 0 ||
	    memcmp(mac, loopback, MAC_LEN) == 0);
}

/* Somebody else answers to our address: says so, once for each. */
static void
twin(struct target *t, const uint8_t *mac)
{
	char text[MAC_TEXT];

	if (mac_find(&t->twins, mac) < 0 && mac_add(&t->twins, mac))
		note(LOG_WARNING, "%s exports e%u.%u too: both carry out "
		    "every write", mac_text(mac, text), t->shelf, t->slot);
}

static void
header(const struct target *t, struct aoe *a, const uint8_t *dst)
{
	memcpy(a->dst, dst, MAC_LEN);
	memcpy(a->src, net_mac(t->net), MAC_LEN);
	put16(a->type, AOE_TYPE);
	a->flags = AOE_VERSION;
	put16(a->shelf, t->shelf);
	a->slot = (uint8_t)t->slot;
}

/*
 * Builds the reply to a frame that is ours and returns its length, 0 for
 * silence.  When it leaves r some work, the reply is what a success of that
 * work will send.
 */
static size_t
reply(struct target *t, struct request *r, const struct frame *f)
{
	const struct aoe *q = (const void *)f->data;
	struct aoe *a = reply_of(r);

	memset(a, 0, sizeof(struct aoe_ata));
	header(t, a, q->src);
	a->flags |= AOE_RESPONSE;
	a->command = q->command;
	memcpy(a->tag, q->tag, sizeof a->tag);
	r->work = NOTHING;
	r->quiet = false;
	r->count = 0;
	switch (q->command) {
	case AOE_ATA:
		return ata(t, r, (const void *)q, f->len);
	case AOE_CONFIG:
		return config(t, (const void *)q, f->len, (void *)a);
	case AOE_MASK:
		return mask(t, (const void *)q, f->len, (void *)a);
	case AOE_RESERVE:
		return reserve(t, (const void *)q, f->len, (void *)a);
	}
	if (get16(q->shelf) == AOE_ANY_SHELF || q->slot == AOE_ANY_SLOT)
		return 0;	/* not every target must complain */
	return aoe_error(a, AOE_BAD_COMMAND, sizeof *a);
}

/*
 * Tells those who may use the target that it is there, and asks whether its
 * address is taken.  What we would answer to that question is what we tell.
 */
static void
announce(struct target *t)
{
	static const uint8_t everybody[] = { 255, 255, 255, 255, 255, 255 };
	uint8_t buffer[ETH_LEAST] = { 0 };
	struct aoe *q = (void *)buffer, *a;
	struct frame f = { buffer, sizeof buffer };
	struct request *r = request_new(t);
	unsigned i = 0;

	if (r == NULL)
		return;
	a = reply_of(r);

	header(t, q, everybody);
	q->command = AOE_CONFIG;
	q->tag[0] = 0x80;	/* bit 31: not an initiator's */
	net_send(t->net, &f, 1);
	f = padded((void *)a, reply(t, r, &f));
	a->tag[0] = 0;
	do {
		memcpy(a->dst, t->masks.count > 0 ? t->masks.mac[i] :
		    everybody, MAC_LEN);
		net_send(t->net, &f, 1);
	} while (++i < t->masks.count);
	request_free(t, r);
}

/*
 * Answers and batches.
 */

/* The reply is done, len bytes long, and leaves with the batch. */
static void
answer(struct batch *b, struct request *r, size_t len)
{
	b->reply[b->count] = padded(reply_of(r), len);
	b->request[b->count++] = r;
}

static bool
failed(const struct aoe_ata *a)
{
	return a->aoe.flags & AOE_ERROR ||
	    (a->aoe.command == AOE_ATA && a->command & ATA_ERR);
}

/* How a request ended, in the terms of the protocol. */
static const char *
outcome(const struct aoe_ata *a)
{
	if (!failed(a))
		return "ok";
	return a->aoe.flags & AOE_ERROR ? "AoE error" :
	    a->feature == ATA_IDNF ? "IDNF" :
	    a->feature == ATA_UNC ? "UNC" : "ABRT";
}

/* -v: a line a request; the reply has what was asked for. */
static void
answer_tell(const struct request *r, const struct aoe_ata *a)
{
	static const char *const names[] = { "ATA", "config", "mask",
	    "reserve" };
	const char *name = a->aoe.command <= AOE_RESERVE ?
	    names[a->aoe.command] : "unknown";
	bool write = r->opcode == ATA_WRITE || r->opcode == ATA_WRITE_EXT;
	char what[64], mac[MAC_TEXT];

	if (a->aoe.command != AOE_ATA)
		snprintf(what, sizeof what, "%s", name);
	else if (write || r->opcode == ATA_READ || r->opcode == ATA_READ_EXT)
		snprintf(what, sizeof what, "%s %u sectors at %" PRIu64,
		    write ? "write" : "read", a->count, get_le(a->lba, 6));
	else
		snprintf(what, sizeof what, "%s %02x", name, r->opcode);
	note(LOG_INFO, "%s %s: %s, %" PRId64 " us", mac_text(a->aoe.dst, mac),
	    what, outcome(a), now() - r->since);
}

/* Counts, tells and sends; the requests are the caller's again. */
static void
batch_send(struct target *t, struct batch *b)
{
	unsigned long long n[WORKS] = { 0 }, sectors[WORKS] = { 0 };
	unsigned long long errors = 0;

	for (int i = 0; i < b->count; i++) {
		const struct request *r = b->request[i];
		const struct aoe_ata *a = (const void *)b->reply[i].data;

		n[r->work]++;
		if (failed(a))
			errors++;
		else
			sectors[r->work] += r->count;
		if (t->verbose)
			answer_tell(r, a);
	}
	for (int i = 0; i < WORKS; i++) {
		if (n[i] == 0)
			continue;
		count(&t->counters.requests[i], n[i]);
		count(&t->counters.sectors[i], sectors[i]);
	}
	if (errors > 0)
		count(&t->counters.errors, errors);
	if (b->count > 0)
		count(&t->counters.unsent,
		    (unsigned)net_send(t->net, b->reply, b->count));
}

/*
 * Runs: how requests become disk I/O.
 */

static struct run *
run_start(struct request *r)
{
	r->run = (struct run){ .count = 1, .request = { r }, .work = r->work,
	    .lba = r->lba, .sectors = r->count };
	return &r->run;
}

/* Appends r if it goes on where the run ends. */
static bool
run_extend(struct run *run, struct request *r)
{
	if (run->work != r->work || run->work == SYNC ||
	    run->count == RUN_MOST || r->lba != run->lba + run->sectors)
		return false;
	run->request[run->count++] = r;
	run->sectors += r->count;
	return true;
}

/* Appends a run whole if it goes on where this one ends. */
static bool
run_append(struct run *run, struct run *next)
{
	if (run->count + next->count > RUN_MOST ||
	    !run_extend(run, next->request[0]))
		return false;
	for (int i = 1; i < next->count; i++)
		run_extend(run, next->request[i]);
	return true;
}

/* What remains of a run whose first n requests are done, NULL if nothing. */
static struct run *
run_rest(struct run *run, int n)
{
	struct run *rest;

	if (n == 0 || n == run->count)
		return n == 0 ? run : NULL;
	rest = run_start(run->request[n]);
	while (++n < run->count)
		run_extend(rest, run->request[n]);
	return rest;
}

/* The memory, and the place on the disk, of n requests from the i-th on. */
static off_t
run_vector(const struct target *t, const struct run *run, int i, int n,
    struct iovec iov[])
{
	for (int k = 0; k < n; k++)
		iov[k] = (struct iovec){ run->request[i + k]->payload,
		    run->request[i + k]->count * SECTOR };
	return (off_t)((t->offset + run->request[i]->lba) * SECTOR);
}

/*
 * Moves the sectors of n requests of a run from the i-th on.  Returns how
 * many of them are done; when not all, errno says why, 0 for the disk's end.
 */
static int
run_transfer(struct target *t, const struct run *run, int i, int n)
{
	struct iovec iov[RUN_MOST];
	off_t at = run_vector(t, run, i, n, iov);
	int done = 0;

	while (done < n) {
		ssize_t got = run->work == WRITE ?
		    disk_write(&t->disk, iov + done, n - done, at) :
		    disk_read(&t->disk, iov + done, n - done, at);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			errno = got < 0 ? errno : 0;
			break;
		}
		at += got;
		for (; done < n && (size_t)got >= iov[done].iov_len; done++)
			got -= (ssize_t)iov[done].iov_len;
		if (done < n) {
			iov[done].iov_base = (char *)iov[done].iov_base + got;
			iov[done].iov_len -= (size_t)got;
		}
	}
	return done;
}

/* A request could not be done; error is its errno, 0 for the disk's end. */
static void
run_failed(struct target *t, struct batch *b, struct request *r, int error)
{
	unsigned long long times = count(&t->counters.faults, 1);

	if (telling(times - 1, times))
		note(LOG_ERR, "%s %u sectors at %" PRIu64 ": %s (%llu so far)",
		    r->work == WRITE ? "write" : "read", r->count, r->lba,
		    error ? strerror(error) : "beyond the end", times);
	answer(b, r, ata_error(reply_of(r), error == 0 ? ATA_IDNF :
	    r->work == READ ? ATA_UNC : ATA_ABRT));
}

/* Written data waits for a sync from now on, if none did already. */
static void
dirty(struct target *t)
{
	long long clean = 0;

	if (!t->sync && atomic_load(&t->dirty) == 0 &&
	    atomic_compare_exchange_strong(&t->dirty, &clean, now()))
		(void)!write(wake[1], "", 1);
}

/*
 * Brings to stable storage what was written; false when that fails or ever
 * failed, since the kernel tells it once and forgets what was lost.
 */
static bool
sync_disk(struct target *t)
{
	bool good;

	pthread_mutex_lock(&t->one);
	atomic_store(&t->dirty, 0);
	if (disk_flush(&t->disk) < 0 && !t->lost) {
		t->lost = true;
		note(LOG_CRIT, "sync: %s: written data may be lost, "
		    "every FLUSH will fail from now on", strerror(errno));
	}
	good = !t->lost;
	pthread_mutex_unlock(&t->one);
	return good;
}

static void
run_sync(struct target *t, struct request *r, struct batch *b)
{
	bool good = sync_disk(t);

	if (r->quiet)
		atomic_store(&t->syncing, false);
	else
		answer(b, r, good ? r->len : ata_error(reply_of(r), ATA_ABRT));
}

/*
 * Does a run, however long the disk takes; all its requests are answered in
 * b.  Where a part fails, the requests are tried one by one, so that only
 * those fail that must.  Nothing is written beyond the end the disk has now.
 */
static void
run_do(struct target *t, struct run *run, struct batch *b)
{
	int64_t end = run->work == WRITE ? sectors_now(t) : INT64_MAX;
	int i = 0, all = run->count, width, done;

	if (run->work == SYNC) {
		run_sync(t, run->request[0], b);
		return;
	}
	while (all > 0 && (int64_t)(run->request[all - 1]->lba +
	    run->request[all - 1]->count) > end)
		all--;
	for (width = all; i < all; ) {
		done = run_transfer(t, run, i, width);
		if (done == 0 && width == 1) {
			run_failed(t, b, run->request[i++], errno);
			width = all - i;
			continue;
		}
		width = done > 0 ? all - i - done : 1;
		for (; done > 0; done--, i++)
			answer(b, run->request[i], run->request[i]->len);
	}
	if (run->work == WRITE && all > 0)
		dirty(t);
	for (; i < run->count; i++)
		run_failed(t, b, run->request[i], 0);
}

/* Does what needs no waiting, and returns what is left of the run. */
static struct run *
run_now(struct target *t, struct run *run, struct batch *b)
{
	struct iovec iov[RUN_MOST];
	off_t at = run_vector(t, run, 0, run->count, iov);
	ssize_t got;
	int i;

	if (run->work == SYNC)
		return run;
	if (run->work == WRITE) {
		if (disk_write_waits(&t->disk, at,
		    (size_t)(run->sectors * SECTOR)))
			return run;
		run_do(t, run, b);
		return NULL;
	}
	got = disk_read_now(&t->disk, iov, run->count, at);
	for (i = 0; i < run->count && got >= (ssize_t)iov[i].iov_len; i++) {
		got -= (ssize_t)iov[i].iov_len;
		answer(b, run->request[i], run->request[i]->len);
	}
	return run_rest(run, i);
}

/*
 * The queue, and the workers that serve it.
 */

/* Two runs that must not be under way together, in units of the disk. */
static bool
conflict(const struct target *t, const struct run *a, const struct run *b)
{
	uint64_t unit = t->disk.unit / SECTOR, o = t->offset;

	if ((a->work != WRITE && b->work != WRITE) ||
	    a->work == SYNC || b->work == SYNC)
		return false;
	return (a->lba + o) / unit <= (b->lba + b->sectors - 1 + o) / unit &&
	    (b->lba + o) / unit <= (a->lba + a->sectors - 1 + o) / unit;
}

/* Must the run wait for one before `end` in the queue? */
static bool
queue_blocks(const struct target *t, const struct run *run,
    const struct run *end)
{
	const struct run *r;

	for (r = t->queue.first; r != end; r = r->next)
		if (conflict(t, r, run))
			return true;
	return false;
}

/* For the loop: must the run wait for anything the workers have? */
static bool
queue_conflicts(struct target *t, const struct run *run)
{
	bool blocked;

	if (atomic_load_explicit(&t->queue.held, memory_order_acquire) == 0)
		return false;
	pthread_mutex_lock(&t->queue.lock);
	blocked = queue_blocks(t, run, NULL);
	pthread_mutex_unlock(&t->queue.lock);
	return blocked;
}

/*
 * For a worker, the lock held: the first run that nothing before it blocks;
 * waits for one.  NULL when there is no more to come.
 */
static struct run *
queue_take(struct target *t)
{
	struct queue *q = &t->queue;
	struct run *run;

	for (;;) {
		for (run = q->first; run != NULL; run = run->next) {
			if (run->started || queue_blocks(t, run, run))
				continue;
			run->started = true;
			q->waiting--;
			q->blocked -= run->blocked;
			if (q->blocked > 0)	/* several may be free now */
				pthread_cond_signal(&q->more);
			return run;
		}
		if (q->closed && q->waiting == 0)
			return NULL;
		q->idle++;
		pthread_cond_wait(&q->more, &q->lock);
		q->idle--;
	}
}

/* For a worker, the lock held: the run is done, its requests are free. */
static void
queue_remove(struct queue *q, struct run *run)
{
	struct run **p = &q->first, *before = NULL;
	int n = run->count;

	for (; *p != run; p = &(*p)->next)
		before = *p;
	*p = run->next;
	if (q->last == run)
		q->last = before;
	for (int i = 0; i < n; i++) {
		run->request[i]->next = q->done;
		q->done = run->request[i];
	}
	if (q->closed)
		pthread_cond_broadcast(&q->more);
	atomic_fetch_sub_explicit(&q->held, (unsigned)n, memory_order_release);
}

static void *
worker(void *arg)
{
	struct target *t = arg;
	struct queue *q = &t->queue;
	struct batch b;
	struct run *run;

	pthread_mutex_lock(&q->lock);
	while ((run = queue_take(t)) != NULL) {
		pthread_mutex_unlock(&q->lock);
		b.count = 0;
		run_do(t, run, &b);
		batch_send(t, &b);
		pthread_mutex_lock(&q->lock);
		queue_remove(q, run);
	}
	q->workers--;
	pthread_cond_broadcast(&q->more);
	pthread_mutex_unlock(&q->lock);
	return NULL;
}

/* Starts a worker, for whom signals do not exist. */
static bool
worker_start(struct target *t)
{
	sigset_t all, old;
	pthread_t thread;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	error = pthread_create(&thread, NULL, worker, t);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (error == 0)
		pthread_detach(thread);
	else
		note(LOG_WARNING, "no more than %u workers: %s",
		    t->queue.workers, strerror(error));
	return error == 0;
}

/* Lets a run join the last in the queue, when neither waits for others. */
static bool
queue_joins(struct queue *q, struct run *run, bool blocked)
{
	return q->last != NULL && !q->last->started && !q->last->blocked &&
	    !blocked && run_append(q->last, run);
}

/* Appends a run, and sees to it that there are workers. */
static void
queue_append(struct target *t, struct run *run, bool blocked)
{
	struct queue *q = &t->queue;

	if (q->waiting >= q->idle && q->workers < t->jobs) {
		if (worker_start(t))
			q->workers++;
		else
			t->jobs = q->workers;
	}
	if (t->jobs == 0)
		return;
	run->next = NULL;
	run->blocked = blocked;
	*(q->last != NULL ? &q->last->next : &q->first) = run;
	q->last = run;
	q->waiting++;
	q->blocked += blocked;
	q->uncalled++;
}

/*
 * Hands a run to the workers, of which there are as many as it takes; they
 * hear of it by queue_call.
 */
static void
queue_put(struct target *t, struct run *run, bool blocked)
{
	struct queue *q = &t->queue;
	int n = run->count;

	if (atomic_load(&q->held) + (unsigned)n > t->pool &&
	    !run->request[0]->quiet) {
		refuse(t, (unsigned)n);
		for (int i = 0; i < n; i++)
			request_free(t, run->request[i]);
		return;
	}
	for (int i = 0; run->work == WRITE && i < n; i++) {
		struct request *r = run->request[i];

		r->payload = memcpy(data_of(r), r->payload, r->count * SECTOR);
	}
	pthread_mutex_lock(&q->lock);
	if (!queue_joins(q, run, blocked))
		queue_append(t, run, blocked);
	if (t->jobs > 0)
		atomic_fetch_add(&q->held, (unsigned)n);
	pthread_mutex_unlock(&q->lock);
	if (t->jobs == 0)
		run_do(t, run, &t->batch);
}

/* Wakes the workers for all runs of a batch, which none of them delays. */
static void
queue_call(struct queue *q)
{
	for (; q->uncalled > 0; q->uncalled--)
		pthread_cond_signal(&q->more);
}

/* Waits until the workers have done all they have. */
static void
queue_close(struct queue *q)
{
	pthread_mutex_lock(&q->lock);
	q->closed = true;
	pthread_cond_broadcast(&q->more);
	while (q->workers > 0)
		pthread_cond_wait(&q->more, &q->lock);
	pthread_mutex_unlock(&q->lock);
}

/*
 * The serve loop.
 */

static void
run_finish(struct target *t)
{
	struct run *run = t->run;
	bool blocked;

	t->run = NULL;
	if (run == NULL)
		return;
	if (t->jobs == 0) {
		run_do(t, run, &t->batch);
		return;
	}
	blocked = queue_conflicts(t, run);
	if (!blocked)
		run = run_now(t, run, &t->batch);
	if (run != NULL)
		queue_put(t, run, blocked);
}

static void
serve_frame(struct target *t, const struct frame *f)
{
	const struct aoe *q = (const void *)f->data;
	struct request *r;

	if (!ours(t, q, f->len))
		return;
	if (q->flags & AOE_RESPONSE) {
		if (q->command == AOE_CONFIG &&
		    memcmp(q->src, net_mac(t->net), MAC_LEN) != 0)
			twin(t, q->src);
		return;
	}
	if (t->masks.count > 0 && mac_find(&t->masks, q->src) < 0)
		return;
	if ((r = request_new(t)) == NULL) {
		refuse(t, 1);
		return;
	}
	if (t->verbose)
		r->since = now();
	r->len = reply(t, r, f);
	if (r->work == NOTHING && r->len == 0) {
		request_free(t, r);
	} else if (r->work == NOTHING) {
		run_finish(t);	/* replies keep the order of requests */
		answer(&t->batch, r, r->len);
	} else if (t->run == NULL || !run_extend(t->run, r)) {
		run_finish(t);
		t->run = run_start(r);
	}
}

/* How long the loop may sleep, in ms, before written data wants a sync. */
static int
patience(struct target *t)
{
	long long since = atomic_load(&t->dirty);
	int64_t left;

	if (since == 0 || t->delay == 0)
		return -1;
	if (atomic_load(&t->syncing))
		return t->delay;
	left = (since - now()) / 1000 + t->delay;
	return left > 0 ? (int)left : 0;
}

static void
sync_when_due(struct target *t)
{
	struct request *r;

	if (patience(t) != 0)
		return;
	if (t->jobs == 0) {
		sync_disk(t);
	} else if ((r = request_new(t)) != NULL) {
		r->work = SYNC;
		r->quiet = true;
		r->count = 0;
		atomic_store(&t->syncing, true);
		atomic_store(&t->dirty, 0);
		queue_put(t, run_start(r), false);
	}
}

/* SIGUSR1: how it goes, in one line. */
static void
tell(struct target *t)
{
	struct counters *c = &t->counters;

	note(LOG_NOTICE, "%llu reads of %llu bytes, %llu writes of %llu bytes, "
	    "%llu other requests, %llu errors; dropped: %llu requests by the "
	    "kernel, %llu by us, %llu replies", atomic_load(&c->requests[READ]),
	    atomic_load(&c->sectors[READ]) * SECTOR,
	    atomic_load(&c->requests[WRITE]),
	    atomic_load(&c->sectors[WRITE]) * SECTOR,
	    atomic_load(&c->requests[SYNC]) +
	    atomic_load(&c->requests[NOTHING]), atomic_load(&c->errors),
	    (unsigned long long)net_drops(t->net), atomic_load(&c->busy),
	    atomic_load(&c->unsent));
}

static void
serve(struct target *t)
{
	struct frame frames[BATCH];
	char drain[64];
	bool news;

	while (!stopping) {
		int n = net_recv(t->net, frames, BATCH, patience(t), &news);

		if (news)
			announce(t);
		for (int i = 0; i < n; i++)
			serve_frame(t, &frames[i]);
		run_finish(t);
		sync_when_due(t);
		queue_call(&t->queue);
		batch_send(t, &t->batch);
		while (t->batch.count > 0)
			request_free(t, t->batch.request[--t->batch.count]);
		if (n == 0)
			(void)!read(wake[0], drain, sizeof drain);
		if (asked) {
			asked = 0;
			tell(t);
		}
	}
}

/* Finishes what was taken; returns the exit status. */
static int
finish(struct target *t)
{
	queue_close(&t->queue);
	if (!t->readonly && !sync_disk(t))
		return EXIT_TRANSIENT;
	return 0;
}

/*
 * Options and main.
 */

static void
usage(FILE *f)
{
	fprintf(f, "usage: vblade [-dfhrsvV] [-b buffers] [-j workers] "
	    "[-l length]\n"
	    "              [-m mac[,mac ...]] [-o offset] [-t seconds]\n"
	    "              shelf slot interface file\n");
}

static _Noreturn void
misused(void)
{
	usage(stderr);
	exit(EXIT_USAGE);
}

static uint64_t
number(const char *what, const char *s, uint64_t least, uint64_t most)
{
	unsigned long long n;
	char *end;

	errno = 0;
	n = strtoull(s, &end, 10);
	if (!isdigit((unsigned char)*s) || *end != '\0' || errno != 0 ||
	    n < least || n > most)
		errx(EXIT_USAGE, "%s '%s': want a number from %" PRIu64 " to %"
		    PRIu64, what, s, least, most);
	return n;
}

static bool
mac_parse(const char **s, uint8_t *mac)
{
	char hex[3] = { 0 };

	for (int i = 0; i < MAC_LEN; i++) {
		memcpy(hex, *s, strnlen(*s, 2));
		if (!isxdigit((unsigned char)hex[0]) ||
		    !isxdigit((unsigned char)hex[1]))
			return false;
		mac[i] = (uint8_t)strtoul(hex, NULL, 16);
		memset(hex, 0, sizeof hex);
		*s += 2;
		if (**s == ':' && i < MAC_LEN - 1)
			++*s;
	}
	return true;
}

/* -m: whatever is wrong with the list is an error, never an open door. */
static void
masks(struct target *t, const char *list)
{
	const char *s = list;
	uint8_t mac[MAC_LEN];

	t->fixed = true;
	do {
		if (!mac_parse(&s, mac) || (*s != '\0' && *s != ',') ||
		    (mac[0] & 1))
			errx(EXIT_USAGE, "-m '%s': want MAC addresses of "
			    "hosts, with commas between them", list);
		if (!mac_add(&t->masks, mac))
			errx(EXIT_USAGE, "-m '%s': more than 255 addresses",
			    list);
	} while (*s++ == ',');
}

static int
option(struct target *t, int c)
{
	static const uint64_t most = INT64_MAX / SECTOR;

	switch (c) {
	case 'b':
		t->buffers = (unsigned)number("-b", optarg, 2, 65535);
		return 0;
	case 'd':
		return DISK_DIRECT;
	case 'f':
		return DISK_FORCE;
	case 'h':
		usage(stdout);
		exit(0);
	case 'j':
		t->jobs = (unsigned)number("-j", optarg, 0, 256);
		return 0;
	case 'l':
		t->length = number("-l", optarg, 1, most);
		return 0;
	case 'm':
		masks(t, optarg);
		return 0;
	case 'o':
		t->offset = number("-o", optarg, 0, most);
		return 0;
	case 'r':
		return DISK_READONLY;
	case 's':
		return DISK_SYNC;
	case 't':
		t->delay = (int)number("-t", optarg, 0, 86400) * 1000;
		return 0;
	case 'v':
		t->verbose = true;
		return 0;
	case 'V':
		puts("vblade " VERSION);
		exit(0);
	case ':':
		errx(EXIT_USAGE, "option -%c wants an argument", optopt);
	}
	errx(EXIT_USAGE, "no option -%c (-h lists them)", optopt);
}

/*
 * Takes options before, between and after the operands, whatever the libc's
 * getopt thinks of that; returns the DISK_ flags.
 */
static int
options(struct target *t, int argc, char *argv[], const char *operand[4])
{
	int c, flags = 0, n = 0;
	bool only = false;	/* operands, since there was a -- */

	opterr = 0;
	while (optind < argc) {
		int before = optind;

		if (!only && strcmp(argv[optind], "--help") == 0)
			option(t, 'h');
		if (!only && strcmp(argv[optind], "--version") == 0)
			option(t, 'V');
		c = only ? -1 : getopt(argc, argv, "+:b:dfhj:l:m:o:rst:vV");
		if (c != -1) {
			flags |= option(t, c);
		} else if (optind > before) {
			only = true;
		} else if (n == 4) {
			misused();
		} else {
			operand[n++] = argv[optind++];
		}
	}
	if (n < 4)
		misused();
	t->shelf = (unsigned)number("shelf", operand[0], 0, 65534);
	t->slot = (unsigned)number("slot", operand[1], 0, 254);
	return flags;
}

/* The export lies within the file. */
static void
export_fits(struct target *t, const char *path)
{
	off_t size = disk_size(&t->disk);
	uint64_t whole = size < 0 ? 0 : (uint64_t)size / SECTOR;

	if (whole == 0)
		errx(EXIT_DISK, "%s: no whole sector in %jd bytes", path,
		    (intmax_t)size);
	if (t->offset >= whole)
		errx(EXIT_USAGE, "-o %" PRIu64 ": %s has %" PRIu64 " sectors",
		    t->offset, path, whole);
	if (t->length != UINT64_MAX && t->length > whole - t->offset)
		errx(EXIT_USAGE, "-l %" PRIu64 ": %s has %" PRIu64
		    " sectors from %" PRIu64 " on", t->length, path,
		    whole - t->offset, t->offset);
	refresh(t);
}

/* What will surprise somebody later. */
static void
remark(const struct target *t, const char *path)
{
	uint64_t rest = (uint64_t)disk_size(&t->disk) % SECTOR;

	if (t->shelf == 4095)
		note(LOG_WARNING, "Linux initiators ignore shelf 4095");
	if (t->slot > 15)
		note(LOG_WARNING, "some initiators ignore slots above 15");
	if (rest != 0 && t->length == UINT64_MAX)
		note(LOG_WARNING, "%s: the last %" PRIu64 " bytes fill no "
		    "sector and are not exported", path, rest);
	if (t->sectors % 2 != 0)
		note(LOG_INFO, "%" PRIu64 " sectors is an odd number: some "
		    "initiators then move one sector at a time", t->sectors);
}

/* shelf.slot:host, the same after every restart. */
static void
serial(struct target *t)
{
	char host[256] = "", all[300];

	gethostname(host, sizeof host - 1);
	snprintf(all, sizeof all, "%u.%u:%s", t->shelf, t->slot, host);
	memcpy(t->serial, all, sizeof t->serial - 1);
}

/* Room for what workers may have and for one batch of the loop. */
static void
pool(struct target *t)
{
	size_t n;
	uint8_t *p;

	t->pool = 4 * t->buffers < POOL_MOST ? 4 * t->buffers : POOL_MOST;
	n = t->pool + BATCH;
	p = mmap(NULL, n * CELL, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANON | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		err(EXIT_TRANSIENT, "memory for %zu requests", n);
#ifdef MADV_NOHUGEPAGE
	madvise(p, n * CELL, MADV_NOHUGEPAGE);	/* cells are mostly unused */
#endif
	while (n-- > 0)
		request_free(t, (void *)(p + n * CELL));
}

/* The second wish to stop is not discussed. */
static void
on_signal(int sig)
{
	int saved = errno;

	if (sig == SIGTERM || sig == SIGINT) {
		if (stopping)
			_exit(EXIT_TRANSIENT);
		stopping = 1;
	} else {
		asked = 1;
	}
	(void)!write(wake[1], "", 1);
	errno = saved;
}

static void
signals(void)
{
	static const int caught[] = { SIGTERM, SIGINT, SIGUSR1,
#ifdef SIGINFO
	    SIGINFO,
#endif
	};
	struct sigaction a = { .sa_handler = on_signal,
	    .sa_flags = SA_RESTART };

	if (pipe(wake) < 0)
		err(EXIT_TRANSIENT, "pipe");
	for (int i = 0; i < 2; i++)
		if (fcntl(wake[i], F_SETFL, O_NONBLOCK) < 0)
			err(EXIT_TRANSIENT, "pipe");
	sigemptyset(&a.sa_mask);
	for (size_t i = 0; i < sizeof caught / sizeof *caught; i++)
		sigaction(caught[i], &a, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
}

/* Descriptors 0 to 2 must not become sockets that printf(3) then meets. */
static void
standard_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

static void
logging_set(const struct target *t, const char *ifname)
{
	const char *s = getenv("JOURNAL_STREAM");
	uintmax_t dev, ino;
	struct stat st;

	tzset();
	snprintf(logging.prefix, sizeof logging.prefix, "e%u.%u: %.32s: ",
	    t->shelf, t->slot, ifname);
	logging.journal = s != NULL && fstat(STDERR_FILENO, &st) == 0 &&
	    sscanf(s, "%ju:%ju", &dev, &ino) == 2 &&
	    dev == (uintmax_t)st.st_dev && ino == (uintmax_t)st.st_ino;
}

/*
 * vbladed: the parent waits until the child is ready and exits 0, or with
 * the child's status when that gives up.  Returns, in the child, where to
 * say that it is ready.
 */
static int
detach(void)
{
	int fd[2], status;
	char byte;
	pid_t child;

	if (pipe(fd) < 0 || (child = fork()) < 0)
		err(EXIT_TRANSIENT, "fork");
	if (child == 0) {
		close(fd[0]);
		setsid();
		return fd[1];
	}
	close(fd[1]);
	if (read(fd[0], &byte, 1) == 1)
		_exit(0);
	waitpid(child, &status, 0);
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_TRANSIENT);
}

/*
 * From here on the log is syslog's, and the terminal somebody else's.  The log
 * is opened when all else is closed: it takes the lowest number there is, which
 * confine() leaves to it, should syslog(3) have to connect again.
 */
static void
detached(int parent)
{
	int null = open("/dev/null", O_RDWR);

	for (int fd = 0; null >= 0 && fd <= STDERR_FILENO; fd++)
		dup2(null, fd);
	close(null);
	(void)!chdir("/");
	(void)!write(parent, "", 1);
	close(parent);
	openlog("vbladed", LOG_PID | LOG_NDELAY, LOG_DAEMON);
	logging.syslog = true;
}

/* sd_notify(3): where the service manager listens, or -1. */
static void
notify(const struct target *t)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	size_t n = path == NULL ? 0 : strlen(path);
	char text[80];
	int fd;

	if (n == 0 || n >= sizeof to.sun_path)
		return;
	memcpy(to.sun_path, path, n);
	if (*path == '@')
		to.sun_path[0] = '\0';
	snprintf(text, sizeof text, "READY=1\nSTATUS=exports e%u.%u, %" PRIu64
	    " sectors", t->shelf, t->slot, t->sectors);
	fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	if (fd < 0 || sendto(fd, text, strlen(text), 0, (void *)&to,
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)) < 0)
		note(LOG_WARNING, "%s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
}

/* It serves: tell people, scripts, the service manager, and the parent. */
static void
ready(const struct target *t, int parent)
{
	char line[80], mac[MAC_TEXT];
	int n;

	n = snprintf(line, sizeof line, "pid %ld: e%u.%u, %" PRIu64
	    " sectors %s\n", (long)getpid(), t->shelf, t->slot, t->sectors,
	    t->readonly ? "O_RDONLY" : "O_RDWR");
	if (parent < 0)
		emit(STDOUT_FILENO, line, (size_t)n);
	else
		detached(parent);
	if (logging.syslog)
		note(LOG_NOTICE, "%.*s", n - 1, line);
	note(LOG_INFO, "%s, MTU %u, %u sectors a frame, %u buffers",
	    mac_text(net_mac(t->net), mac), net_mtu(t->net), config_sectors(t),
	    t->buffers);
	if (parent < 0 && isatty(STDOUT_FILENO))
		printf("On a Linux client: modprobe aoe; the disk is "
		    "/dev/etherd/e%u.%u\n", t->shelf, t->slot);
	fflush(stdout);
	notify(t);
}

int
main(int argc, char *argv[])
{
	struct target t = { .buffers = BUFFERS, .jobs = WORKERS,
	    .delay = DELAY * 1000,
	    .length = UINT64_MAX };
	const char *operand[4], *name = strrchr(argv[0], '/');
	int flags, parent = -1;

	standard_descriptors();
	flags = options(&t, argc, argv, operand);
	t.readonly = flags & DISK_READONLY;
	t.sync = flags & DISK_SYNC;
	t.cache = !t.sync;
	pthread_mutex_init(&t.one, NULL);
	pthread_mutex_init(&t.queue.lock, NULL);
	pthread_cond_init(&t.queue.more, NULL);
	logging_set(&t, operand[2]);
	if (strcmp(name != NULL ? name + 1 : argv[0], "vbladed") == 0)
		parent = detach();
	disk_open(&t.disk, operand[3], flags);
	export_fits(&t, operand[3]);
	serial(&t);
	pool(&t);
	signals();
	t.net = net_open(operand[2], t.shelf, t.slot,
	    8 * (t.buffers < LEAST ? LEAST : t.buffers), wake[0]);
	remark(&t, operand[3]);
	announce(&t);
	ready(&t, parent);
	confine(t.net, &t.disk);
	serve(&t);
	return finish(&t);
}
