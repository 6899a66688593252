/*
 * aoe.h: ATA over Ethernet on the wire, and what vblade wants of a system.
 *
 * The first half is the protocol (AoEr11): every field is an array of bytes,
 * so the structs have neither padding nor a byte order and may be laid over a
 * frame at any address.  The AoE header is big-endian, ATA is little-endian.
 *
 * The second half is the platform interface, which linux.c and freebsd.c
 * implement each for its system.
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
	ETH_LEAST = 60,		/* a shorter reply is padded with zeroes */
	MAC_LEN = 6,
	SECTOR = 512,		/* bytes, always, whatever the disk has */
	SECTORS_MOST = 255,	/* in one request: its count is a byte */

	AOE_TYPE = 0x88a2,
	AOE_VERSION = 0x10,	/* version 1 in the high nibble */
	AOE_RESPONSE = 0x08,	/* flags in the low nibble */
	AOE_ERROR = 0x04,
	AOE_ANY_SHELF = 0xffff,
	AOE_ANY_SLOT = 0xff,
};

/* The command byte. */
enum { AOE_ATA = 0, AOE_CONFIG = 1, AOE_MASK = 2, AOE_RESERVE = 3 };

/* The error byte. */
enum {
	AOE_BAD_COMMAND = 1,
	AOE_BAD_ARGUMENT = 2,
	AOE_CONFIG_SET = 4,
	AOE_RESERVED = 6,
};

struct aoe {
	uint8_t dst[MAC_LEN];
	uint8_t src[MAC_LEN];
	uint8_t type[2];
	uint8_t flags;		/* version and flags */
	uint8_t error;
	uint8_t shelf[2];	/* "major" */
	uint8_t slot;		/* "minor" */
	uint8_t command;
	uint8_t tag[4];
};

enum { ATA_EXTENDED = 0x40, ATA_DEVICE = 0x10, ATA_ASYNC = 0x02, ATA_W = 0x01 };

enum {				/* the command register */
	ATA_READ = 0x20,
	ATA_READ_EXT = 0x24,
	ATA_WRITE = 0x30,
	ATA_WRITE_EXT = 0x34,
	ATA_CHECK_POWER = 0xe5,
	ATA_FLUSH = 0xe7,
	ATA_FLUSH_EXT = 0xea,
	ATA_IDENTIFY = 0xec,
	ATA_SET_FEATURES = 0xef,
};

enum {				/* the feature register of ATA_SET_FEATURES */
	ATA_CACHE_ON = 0x02,
	ATA_CACHE_OFF = 0x82,
};

enum { ATA_READY = 0x40, ATA_ERR = 0x01 };			/* status */
enum { ATA_UNC = 0x40, ATA_IDNF = 0x10, ATA_ABRT = 0x04 };	/* error */

struct aoe_ata {
	struct aoe aoe;
	uint8_t aflags;
	uint8_t feature;	/* error, in a reply */
	uint8_t count;		/* sectors */
	uint8_t command;	/* status, in a reply */
	uint8_t lba[6];
	uint8_t reserved[2];
	uint8_t data[];
};

enum {				/* the config command */
	CONFIG_READ, CONFIG_TEST, CONFIG_PREFIX, CONFIG_SET, CONFIG_FORCE
};

enum { CONFIG_MOST = 1024 };	/* bytes of a config string */

struct aoe_config {
	struct aoe aoe;
	uint8_t buffers[2];
	uint8_t firmware[2];
	uint8_t sectors;
	uint8_t command;	/* version in the high nibble */
	uint8_t length[2];
	uint8_t string[];
};

enum { MASK_READ, MASK_EDIT };
enum { MASK_NOTHING, MASK_ADD, MASK_DELETE };	/* directives */
enum { MASK_UNSPECIFIED = 1, MASK_BAD_DIRECTIVE, MASK_FULL };

struct aoe_directive {
	uint8_t reserved;
	uint8_t command;
	uint8_t mac[MAC_LEN];
};

struct aoe_mask {
	struct aoe aoe;
	uint8_t reserved;
	uint8_t command;
	uint8_t error;
	uint8_t count;
	struct aoe_directive list[];
};

enum { RESERVE_READ, RESERVE_SET, RESERVE_FORCE };

struct aoe_reserve {
	struct aoe aoe;
	uint8_t command;
	uint8_t count;
	uint8_t mac[][MAC_LEN];
};

_Static_assert(sizeof(struct aoe) == 24, "AoE header");
_Static_assert(sizeof(struct aoe_ata) == 36, "ATA header");
_Static_assert(sizeof(struct aoe_config) == 32, "Config header");
_Static_assert(sizeof(struct aoe_mask) == 28, "MAC Mask List header");
_Static_assert(sizeof(struct aoe_directive) == 8, "MAC directive");
_Static_assert(sizeof(struct aoe_reserve) == 26, "Reserve/Release header");
_Static_assert(_Alignof(struct aoe_ata) == 1, "a frame may lie anywhere");

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
 * What the kernel shall let through, as a classic BPF program; vblade checks
 * all of it again.  In tcpdump's words:
 *	ether proto 0x88a2 and (ether[16:2] = SHELF or ether[16:2] = 0xffff)
 *	and (ether[18] = SLOT or ether[18] = 0xff)
 *	and (ether[14] & 8 = 0 or ether[19] = 1)
 * The last line: no responses but to Query/Config, since one that bears our
 * own address betrays a twin.  Offsets are those of struct aoe.
 */
#define AOE_FILTER(shelf, slot) \
	BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12), \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AOE_TYPE, 0, 11), \
	BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 16), \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (shelf), 1, 0), \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AOE_ANY_SHELF, 0, 8), \
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 18), \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (slot), 1, 0), \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AOE_ANY_SLOT, 0, 5), \
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 14), \
	BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, AOE_RESPONSE, 0, 2), \
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 19), \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AOE_CONFIG, 0, 1), \
	BPF_STMT(BPF_RET | BPF_K, 0xffffffff), \
	BPF_STMT(BPF_RET | BPF_K, 0)

/*
 * The platform interface.
 */

/* Exit statuses; a unit file tells by them what is worth another try. */
enum {
	EXIT_TRANSIENT = 1,	/* the world is not ready: no such interface */
	EXIT_USAGE = 2,
	EXIT_RIGHTS = 4,
	EXIT_DISK = 6,		/* the backing store cannot be used */
};

/* An Ethernet frame: len bytes from the destination address, no FCS. */
struct frame {
	uint8_t *data;
	size_t len;
};

struct net;

/*
 * Returns the interface ready to serve: filtered for shelf.slot, with room
 * for `frames` full frames as far as the system grants it (it says so when
 * it does not), its link events subscribed, then bound.  A link that is down
 * is no failure.  The descriptor `wake` ends a wait of net_recv when it
 * becomes readable.  On failure it says why and exits.
 */
struct net *net_open(const char *ifname, unsigned shelf, unsigned slot,
    unsigned frames, int wake);

/*
 * The interface's address and MTU (bytes behind the Ethernet header) as of
 * the last net_recv.  For the thread that calls net_recv only.  An address
 * of zeroes is a loopback's.
 */
const uint8_t *net_mac(const struct net *);
unsigned net_mtu(const struct net *);

/*
 * Waits until there is a frame, a link event, or `wake` is readable, at most
 * `timeout` milliseconds (-1: for ever); then takes what waits, up to max
 * frames, and returns their number, perhaps 0.  It never fails.  The frames
 * came whole, to this host, untagged or with a priority tag; they belong to
 * the net and are valid until the next net_recv.  *news becomes true when
 * others should hear of us again: link, MTU or address came anew.
 */
int net_recv(struct net *, struct frame frames[], int max, int timeout,
    bool *news);

/*
 * Sends n frames in order, from any thread, and returns how many of them it
 * dropped: waits up to SEND_WAIT ms for an interface that is busy, not for
 * one that is down, and never sends what exceeds the MTU.
 */
enum { SEND_WAIT = 200 };

int net_send(struct net *, const struct frame frames[], int n);

/* How many frames for us the kernel dropped since net_open, any thread. */
uint64_t net_drops(struct net *);

enum { DISK_READONLY = 1, DISK_SYNC = 2, DISK_DIRECT = 4, DISK_FORCE = 8 };

struct disk {
	int fd;			/* through the page cache; O_DSYNC if asked */
	int direct;		/* the same past the page cache, or -1 */
	unsigned unit;		/* bytes; requests that meet in one must not
				   be under way together */
	unsigned physical;	/* bytes of a physical sector, 0 = unknown */
	bool solid;		/* known not to rotate */
	bool sync;		/* writes wait for stable storage */
	bool memory;		/* has no device to wait for */
};

/*
 * Opens a regular file or disk and claims it for this process's life: for
 * itself, or with DISK_READONLY together with other readers; DISK_FORCE
 * claims nothing.  On failure it says why and exits.
 */
void disk_open(struct disk *, const char *path, int flags);

/* The size now, in bytes, or -1 with errno. */
off_t disk_size(const struct disk *);

/*
 * As preadv(2) and pwritev(2), from any thread, at multiples of SECTOR; with
 * DISK_DIRECT past the page cache where the disk can.
 */
ssize_t disk_read(const struct disk *, const struct iovec *, int, off_t);
ssize_t disk_write(const struct disk *, const struct iovec *, int, off_t);

/*
 * disk_read of what needs no waiting for the device: returns the bytes read,
 * fewer than asked for when only so many are at hand or the disk ends; -1
 * when none are.
 */
ssize_t disk_read_now(const struct disk *, const struct iovec *, int, off_t);

/* Would a write of len bytes at off wait for the device? */
bool disk_write_waits(const struct disk *, off_t off, size_t len);

/* What was written is on stable storage when it returns 0; -1 with errno. */
int disk_flush(const struct disk *);

/*
 * Gives up every right that serving does not need, for this thread and those
 * it will start: nothing can be opened, made or executed any more.  Exits
 * when that fails.
 */
void confine(const struct net *, const struct disk *);

/*
 * What vblade.c gives to the platform.
 */

/* One line in the log, with a syslog(3) priority; from any thread. */
void note(int priority, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Sending failed with this errno: would another try help?  The first answer
 * to a full queue sets *until, 0 before, from which on it is no; each waits a
 * millisecond.
 */
bool send_again(int error, int64_t *until);

/* A file or disk cannot be had: says why, from errno, and exits. */
_Noreturn void disk_err(const char *path, bool in_use);

#endif
