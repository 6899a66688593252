/* SPDX-License-Identifier: ISC */
/*
 * aoe.h: the AoE wire format (AoEr11), and the platform interface, which
 * linux.c and freebsd.c implement.
 *
 * On the wire every field is an array of bytes, so the structs have neither
 * padding nor a byte order and may be laid over a frame at any address.  The
 * AoE header is big-endian, ATA is little-endian.
 */
#ifndef AOE_H
#define AOE_H

#include <sys/types.h>
#include <sys/uio.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	ETH_HEADER = 14,	/* destination, source, type */
	ETH_MIN = 60,		/* a shorter frame is padded with zeroes */
	MAC_LEN = 6,
	SECTOR = 512,		/* bytes, always, whatever the disk has */
	SECTORS_MAX = 255,	/* in one request: its count is a byte */

	AOE_TYPE = 0x88a2,
	AOE_VERSION = 0x10,	/* version 1 in the high nibble */
	AOE_RESPONSE = 0x08, AOE_ERROR = 0x04,	/* flags in the low nibble */
	AOE_ANY_SHELF = 0xffff, AOE_ANY_SLOT = 0xff,
};

enum { AOE_ATA, AOE_CONFIG, AOE_MASK, AOE_RESERVE };	/* commands */
enum { AOE_BAD_COMMAND = 1, AOE_BAD_ARGUMENT = 2, AOE_CONFIG_SET = 4,
    AOE_RESERVED = 6 };		/* errors */

struct aoe {
	uint8_t dst[MAC_LEN], src[MAC_LEN], type[2];
	uint8_t flags;		/* version and flags */
	uint8_t error;
	uint8_t shelf[2], slot;	/* "major" and "minor" */
	uint8_t command;
	uint8_t tag[4];
};

enum { ATA_EXTENDED = 0x40, ATA_FLAGS = 0x53 };	/* E, D, A and W */

enum {				/* the command register */
	ATA_READ = 0x20, ATA_READ_EXT = 0x24,
	ATA_WRITE = 0x30, ATA_WRITE_EXT = 0x34,
	ATA_FLUSH = 0xe7, ATA_FLUSH_EXT = 0xea,
	ATA_CHECK_POWER = 0xe5, ATA_IDENTIFY = 0xec, ATA_SET_FEATURES = 0xef
};

enum { ATA_CACHE_ON = 0x02, ATA_CACHE_OFF = 0x82 };	/* SET FEATURES */
enum { ATA_READY = 0x40, ATA_ERR = 0x01 };		/* status */
enum { ATA_UNC = 0x40, ATA_IDNF = 0x10, ATA_ABRT = 0x04 };	/* error */

struct aoe_ata {
	struct aoe aoe;
	uint8_t aflags;
	uint8_t feature;	/* error, in a reply */
	uint8_t count;		/* sectors */
	uint8_t command;	/* status, in a reply */
	uint8_t lba[6], reserved[2];
	uint8_t data[];
};

enum { CONFIG_READ, CONFIG_TEST, CONFIG_PREFIX, CONFIG_SET, CONFIG_FORCE };
enum { CONFIG_MAX = 1024 };	/* bytes of a config string */

struct aoe_config {
	struct aoe aoe;
	uint8_t buffers[2], firmware[2], sectors;
	uint8_t command;	/* version in the high nibble */
	uint8_t length[2];
	uint8_t string[];
};

enum { MASK_READ, MASK_EDIT };
enum { MASK_NOTHING, MASK_ADD, MASK_DELETE };	/* directives */
enum { MASK_UNSPECIFIED = 1, MASK_BAD_DIRECTIVE, MASK_FULL };

struct aoe_mask {
	struct aoe aoe;
	uint8_t reserved, command, error, count;
	struct aoe_directive {
		uint8_t reserved, command, mac[MAC_LEN];
	} list[];
};

enum { RESERVE_READ, RESERVE_SET, RESERVE_FORCE };

struct aoe_reserve {
	struct aoe aoe;
	uint8_t command, count;
	uint8_t mac[][MAC_LEN];
};

_Static_assert(sizeof(struct aoe) == 24 && sizeof(struct aoe_ata) == 36 &&
    sizeof(struct aoe_config) == 32 && sizeof(struct aoe_mask) == 28 &&
    sizeof(struct aoe_directive) == 8 && sizeof(struct aoe_reserve) == 26 &&
    _Alignof(struct aoe_ata) == 1, "the headers of AoEr11, at any address");

static inline unsigned
get16(const uint8_t p[2])
{
	return (unsigned)p[0] << 8 | p[1];
}

static inline void
put16(uint8_t p[2], unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

/* ATA registers and IDENTIFY words: n bytes, the least significant first. */
static inline uint64_t
get_le(const uint8_t *p, int n)
{
	uint64_t v = 0;

	while (n-- > 0)
		v = v << 8 | p[n];
	return v;
}

static inline void
put_le(uint8_t *p, int n, uint64_t v)
{
	for (; n-- > 0; v >>= 8)
		*p++ = (uint8_t)v;
}

/*
 * Packet filter of the kernel; vblade repeats every check.  For tcpdump(1):
 *	ether proto 0x88a2 and (ether[16:2] = SHELF or ether[16:2] = 0xffff)
 *	and (ether[18] = SLOT or ether[18] = 0xff)
 *	and (ether[14] & 8 = 0 or ether[19] = 1)
 * The last line: no responses but to Query/Config, by which a duplicate target
 * reveals itself.  Offsets are those of struct aoe, plus X if mode is BPF_IND.
 */
#define AOE_FILTER(mode, shelf, slot) \
	BPF_STMT(BPF_LD | BPF_H | (mode), 12), \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AOE_TYPE, 0, 11), \
	BPF_STMT(BPF_LD | BPF_H | (mode), 16), \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (shelf), 1, 0), \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AOE_ANY_SHELF, 0, 8), \
	BPF_STMT(BPF_LD | BPF_B | (mode), 18), \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (slot), 1, 0), \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AOE_ANY_SLOT, 0, 5), \
	BPF_STMT(BPF_LD | BPF_B | (mode), 14), \
	BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, AOE_RESPONSE, 0, 2), \
	BPF_STMT(BPF_LD | BPF_B | (mode), 19), \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AOE_CONFIG, 0, 1), \
	BPF_STMT(BPF_RET | BPF_K, 0xffffffff), \
	BPF_STMT(BPF_RET | BPF_K, 0)

/* The platform interface. */

/* Exit statuses.  A service manager uses them to decide whether to restart. */
enum {
	EXIT_TRANSIENT = 1,	/* may be temporary, e.g. no such interface */
	EXIT_USAGE = 2, EXIT_NOPERM = 4,
	EXIT_DISK = 6,		/* the backing file cannot be used */
};

/* State of the interface, which net_open and net_recv update. */
struct link {
	unsigned updates;	/* how many there were */
	unsigned index;		/* 0: gone; another one if created again */
	unsigned mtu;		/* bytes after the Ethernet header, both ways */
	bool up;		/* and has carrier */
	uint8_t mac[MAC_LEN];	/* zeroes on a loopback interface */
	char name[16];		/* IFNAMSIZ, everywhere */
	char master[16];	/* its bridge or bond (Linux only), or "" */
};

/* A frame is an iovec: from the destination address on, without the FCS. */
enum { BATCH = 64 };		/* frames received, or sent, at a time */

/*
 * Open an interface, whose name fits in struct link, to serve shelf.slot:
 * filtered, bound, subscribed to link events, with receive buffers for `frames`
 * full frames (log if the system grants less).  Unless `force` is set, claim
 * shelf.slot on it until the process exits.  It may be down.  net_recv is also
 * to wait for `fd` to become readable, and updates *link, which has to stay in
 * place.  Fails by fail().
 */
struct net *net_open(const char *ifname, unsigned shelf, unsigned slot,
    unsigned frames, bool force, int fd, struct link *);

/*
 * Wait for frames, link events, the descriptor or a signal, at most `timeout`
 * milliseconds (-1: no limit); return the number of frames received, 0 to max.
 * Never fails.  Frames are complete and arrived at this interface, untagged or
 * with a priority tag, which is removed.  They belong to the net and are valid
 * until the next net_recv.  With max 0, stop receiving for good.  Signals are
 * unblocked during the wait.
 */
int net_recv(struct net *, struct iovec frames[], int max, int timeout);

/*
 * Send n frames, at most BATCH, in order; return how many could not be sent.  A
 * full queue delays them by some milliseconds at most.
 */
int net_send(struct net *, const struct iovec frames[], int n);

/* How many frames for this target the kernel has dropped since net_open. */
uint64_t net_drops(struct net *);

enum { DISK_READONLY = 1, DISK_DIRECT = 2, DISK_FORCE = 4 };

enum op { OP_NONE, OP_READ, OP_WRITE, OP_SYNC, OP_COUNT };
enum { RUN_MAX = 16 };		/* buffers of one operation */

/*
 * One disk operation: a transfer, or a sync (offset and count are 0), which
 * makes stable all data whose transfer finished before its start.
 */
struct io {
	enum op op;
	bool buffered;		/* use the page cache, even with DISK_DIRECT */
	off_t offset;		/* bytes */
	size_t len;		/* bytes in all */
	ssize_t result;		/* bytes moved, perhaps fewer than requested,
				   0 at the end of the disk; 0 of a sync;
				   or -errno */
	int count;		/* of buffers */
	struct iovec iov[RUN_MAX];

	/* for vblade.c: */
	struct request *first;	/* of those in the list that it transfers */
	int64_t start;		/* when it began, */
	enum op timed;		/* and for which latency that counts */
};

/*
 * Open a regular file or disk and claim it for the life of the process:
 * exclusively, or with DISK_READONLY shared with other readers (on Linux a file
 * only); DISK_FORCE claims nothing.  *unit is the granularity of overlap in
 * bytes, a power of two, at least SECTOR.  Fails by fail().
 */
struct disk *disk_open(const char *path, int flags, unsigned *unit);

/* The current size in bytes, or -1 with errno. */
off_t disk_size(const struct disk *);

/* Perform an operation now, from any thread, and return its result. */
ssize_t disk_execute(const struct disk *, const struct io *);

/*
 * Transfer without waiting for the device: of a read, at most what is cached,
 * of a write, all or nothing.  Returns the bytes moved; 0 or less if none were.
 */
ssize_t disk_try(const struct disk *, const struct io *);

/* What executes operations asynchronously. */
struct engine {
	const char *name;
	int fd;			/* readable when some have finished */
	unsigned depth;		/* at most so many at a time */

	/* Queue an operation, which must stay in place until it is finished. */
	void (*start)(struct disk *, struct io *);

	/* Hand all to the system (NULL: start does); false: try later. */
	bool (*submit)(struct disk *);

	/* An operation that has finished, its result set, or NULL. */
	struct io *(*finished)(struct disk *);
};

/*
 * Set up an engine for up to `depth` operations at a time, before confine(); it
 * is pool_engine() if the platform has none or the system refuses (logged).
 */
const struct engine *disk_engine(struct disk *, unsigned depth);

/* Report to the service manager, if there is one: sd_notify(3). */
void notify(bool ready, const char *status);

/* Is it the journal of systemd, where messages may begin with a priority? */
bool is_journal(int fd);

/*
 * Open a terminal or pipe again, in its place, so that it never blocks: flags
 * of the inherited one are shared with the shell.  False for a terminal where
 * that fails; a pipe is kept.
 */
bool stream_reopen(int fd);

/*
 * Give up the rights that serving does not need, for this thread and those it
 * will start, as far as the system can revoke them: see vblade(8).  Fails by
 * fail(), unless it is only Landlock that is not available, which is logged.
 */
void confine(const struct net *, const struct disk *);

/* Provided to the platform by vblade.c. */

/* An engine of threads that call disk_execute().  Fails by fail(). */
const struct engine *pool_engine(void);

/*
 * Log one line with a syslog(3) priority.  Blocks only if a file does, or what
 * stream_reopen cannot open again and others fill.
 */
void logmsg(int priority, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Log a message, with the text of `error` (an errno) if it is not 0, and report
 * it to the service manager; exit, with EXIT_NOPERM if permission was denied.
 * With EXIT_DISK, say how to export a disk that is in use or read-only.
 */
_Noreturn void fail(int status, int error, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
