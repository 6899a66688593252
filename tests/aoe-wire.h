/* SPDX-License-Identifier: ISC */
/*
 * aoe-wire.h: the AoE wire format and a packet socket, for test programs.
 *
 * Independent of aoe.h on purpose: an error there must not hide from a test
 * that includes it.  Define _GNU_SOURCE before the first include.
 */
#ifndef AOE_WIRE_H
#define AOE_WIRE_H

#include <arpa/inet.h>
#include <err.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>

enum { AOE_TYPE = 0x88a2, SECTOR = 512 };

/* Offsets in a frame. */
enum {
	AT_DST = 0,
	AT_SRC = 6,
	AT_TYPE = 12,
	AT_FLAGS = 14,
	AT_ERROR = 15,
	AT_SHELF = 16,
	AT_SLOT = 18,
	AT_COMMAND = 19,
	AT_TAG = 20,
	AT_ARGUMENT = 24,

	AT_ATA_FLAGS = 24,
	AT_ATA_FEATURE = 25,	/* error register in a reply */
	AT_ATA_COUNT = 26,
	AT_ATA_COMMAND = 27,	/* status register in a reply */
	AT_ATA_LBA = 28,
	AT_ATA_DATA = 36,	/* also the length of an ATA header */

	AT_CONFIG_BUFFERS = 24,
	AT_CONFIG_SECTORS = 28,
	AT_CONFIG_COMMAND = 29,
	AT_CONFIG_STRING = 32,
};

enum { AOE_REQUEST = 0x10, AOE_REPLY = 0x18 };	/* version 1 and flags */
enum { AOE_ATA = 0, AOE_CONFIG = 1 };

enum {
	ATA_READ = 0x20,
	ATA_READ_EXT = 0x24,
	ATA_WRITE_EXT = 0x34,
	ATA_FLUSH = 0xe7,
	ATA_IDENTIFY = 0xec,
};

enum { ATA_LBA48 = 0x40, ATA_WRITING = 0x01 };		/* flags */
enum { ATA_READY = 0x40 };			/* status */

/*
 * A write or a sync, as shim.c records it and failures/promises.c reads it.
 */
struct record {
	uint64_t begin, end;	/* ns of CLOCK_MONOTONIC */
	uint64_t offset;	/* bytes */
	uint64_t length;	/* bytes of data that follow; 0: a sync */
};

/* Nanoseconds of CLOCK_MONOTONIC. */
static inline uint64_t
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* One step of the generator of this name. */
static inline uint64_t
splitmix64(uint64_t x)
{
	x += 0x9e3779b97f4a7c15;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

/* A sector that shows its place and who wrote it; no other has this content. */
static inline void
stamp_sector(uint8_t *sector, uint64_t lba, uint64_t who)
{
	uint64_t words[SECTOR / 8] = { lba, who };
	uint64_t base = splitmix64(splitmix64(lba) ^ who);

	for (unsigned i = 2; i < SECTOR / 8; i++)
		words[i] = base + i * 0x9e3779b97f4a7c15;
	memcpy(sector, words, SECTOR);
}

/* A number below limit; advances the seed. */
static inline uint64_t
random_below(uint64_t *seed, uint64_t limit)
{
	*seed = splitmix64(*seed);
	return *seed % limit;
}

static inline uint32_t
get_be(const uint8_t *p, int n)
{
	uint32_t v = 0;

	while (n-- > 0)
		v = v << 8 | *p++;
	return v;
}

static inline void
put_be(uint8_t *p, int n, uint32_t v)
{
	for (; n-- > 0; v >>= 8)
		p[n] = (uint8_t)v;
}

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

/* The header of a request to everyone at shelf.slot; returns f. */
static inline uint8_t *
request_header(uint8_t *f, const uint8_t src[6], unsigned shelf, unsigned slot,
    unsigned command, uint32_t tag)
{
	memset(f, 0, AT_ARGUMENT);
	memset(f + AT_DST, 0xff, 6);
	memcpy(f + AT_SRC, src, 6);
	put_be(f + AT_TYPE, 2, AOE_TYPE);
	f[AT_FLAGS] = AOE_REQUEST;
	put_be(f + AT_SHELF, 2, shelf);
	f[AT_SLOT] = (uint8_t)slot;
	f[AT_COMMAND] = (uint8_t)command;
	put_be(f + AT_TAG, 4, tag);
	return f;
}

/* The ATA part of a request: 36 bytes from f on are complete. */
static inline void
request_ata(uint8_t *f, unsigned flags, unsigned command, unsigned count,
    uint64_t lba)
{
	memset(f + AT_ARGUMENT, 0, AT_ATA_DATA - AT_ARGUMENT);
	f[AT_ATA_FLAGS] = (uint8_t)flags;
	f[AT_ATA_COUNT] = (uint8_t)count;
	f[AT_ATA_COMMAND] = (uint8_t)command;
	put_le(f + AT_ATA_LBA, 6, lba);
}

/*
 * A packet socket bound to an interface, whose address and MTU are stored
 * unless the pointers are NULL.  It receives frames of this EtherType; 0: none.
 * Exits with `status` on failure.
 */
static inline int
wire_open(const char *ifname, unsigned type, uint8_t mac[6], unsigned *mtu,
    int status)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET,
	    .sll_protocol = htons((uint16_t)type) };
	struct ifreq r = { 0 };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd < 0)
		err(status, "packet socket");
	snprintf(r.ifr_name, sizeof r.ifr_name, "%s", ifname);
	if (ioctl(fd, SIOCGIFMTU, &r) < 0)
		err(status, "%s", ifname);
	if (mtu != NULL)
		*mtu = (unsigned)r.ifr_mtu;
	if (ioctl(fd, SIOCGIFHWADDR, &r) < 0)
		err(status, "%s", ifname);
	if (mac != NULL)
		memcpy(mac, r.ifr_hwaddr.sa_data, 6);
	if (ioctl(fd, SIOCGIFINDEX, &r) < 0)
		err(status, "%s", ifname);
	to.sll_ifindex = r.ifr_ifindex;
	if (bind(fd, (struct sockaddr *)&to, sizeof to) < 0)
		err(status, "%s", ifname);
	return fd;
}

/* A receive buffer larger than net.core.rmem_max; requires CAP_NET_ADMIN. */
static inline void
wire_receive_buffer(int fd, int bytes)
{
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes,
	    sizeof bytes) < 0)
		warn("SO_RCVBUFFORCE");
}

#endif
