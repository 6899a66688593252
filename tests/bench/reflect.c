/*
 * reflect: an AoE target without a disk.
 *
 * It turns frames round with recvmmsg and sendmmsg and does nothing else: a
 * read gets a reply of the right length whose data comes from nowhere, a write
 * gets its 60 bytes.  It is the bound for a program on AF_PACKET that copies
 * no data, against which the benchmark measures vblade.
 *
 * usage: reflect shelf slot interface sectors
 */
#define _GNU_SOURCE 1
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	ETHERTYPE = 0x88a2,
	HEADER = 36,
	SECTOR = 512,
	SHORTEST = 60,
	BATCH = 64,
	BUFFERS = 64,
	FRAME_MAX = 65550,
};

enum { ATA = 0, CONFIG = 1 };
enum { READ = 0x20, READ_EXT = 0x24, IDENTIFY = 0xec };

static int sock;
static unsigned shelf, slot;
static uint8_t own_mac[6];
static unsigned mtu;
static uint64_t sectors;

static uint8_t buffer[BATCH][FRAME_MAX];
static struct iovec in_iov[BATCH], out_iov[BATCH];
static struct mmsghdr in[BATCH], out[BATCH];

/* A request for this target that is no reply itself. */
static bool
ours(const uint8_t *f, unsigned length)
{
	unsigned major = (unsigned)f[16] << 8 | f[17];

	return length >= 32 && (f[14] & 8) == 0
	    && (major == shelf || major == 0xffff)
	    && (f[18] == slot || f[18] == 0xff);
}

/* Makes the header of a request the header of its reply. */
static void
turn(uint8_t *f)
{
	memcpy(f, f + 6, 6);
	memcpy(f + 6, own_mac, 6);
	f[14] = 0x18;
	f[15] = 0;
	f[16] = (uint8_t)(shelf >> 8);
	f[17] = (uint8_t)shelf;
	f[18] = (uint8_t)slot;
}

static unsigned
config(uint8_t *f)
{
	memset(f + 24, 0, SHORTEST - 24);
	f[25] = BUFFERS;
	f[28] = (uint8_t)((mtu - HEADER) / SECTOR);
	f[29] = 0x10;
	return SHORTEST;
}

static unsigned
identify(uint8_t *f)
{
	uint8_t *data = f + HEADER;

	memset(data, 0, SECTOR);
	data[2 * 49 + 1] = 2;		/* LBA */
	data[2 * 83 + 1] = 0x44;	/* LBA48 */
	data[2 * 86 + 1] = 4;
	for (unsigned i = 0; i < 6; i++)
		data[2 * 100 + i] = (uint8_t)(sectors >> 8 * i);
	return HEADER + SECTOR;
}

/* Turns a request into its reply, whose length it returns. */
static unsigned
reply(uint8_t *f)
{
	unsigned opcode = f[27];

	turn(f);
	if (f[19] == CONFIG)
		return config(f);
	f[25] = 0;
	f[27] = 0x40;
	if (opcode == IDENTIFY)
		return identify(f);
	if (opcode == READ_EXT || opcode == READ)
		return HEADER + f[26] * (unsigned)SECTOR;
	return SHORTEST;
}

static void
serve(void)
{
	unsigned nout = 0, done = 0;
	int n = recvmmsg(sock, in, BATCH, MSG_WAITFORONE, NULL);

	if (n < 0 && errno != EINTR && errno != ENETDOWN)
		err(1, "receive");
	for (int i = 0; i < n; i++) {
		if (!ours(buffer[i], in[i].msg_len))
			continue;
		out_iov[nout].iov_base = buffer[i];
		out_iov[nout++].iov_len = reply(buffer[i]);
	}
	while (done < nout) {
		n = sendmmsg(sock, out + done, nout - done, 0);
		if (n < 0 && errno != EINTR && errno != ENOBUFS)
			err(1, "send");
		done += n > 0 ? (unsigned)n : errno == ENOBUFS;
	}
}

static void
interface_open(const char *name)
{
	struct sockaddr_ll sll = {
		.sll_family = AF_PACKET, .sll_protocol = htons(ETHERTYPE)
	};
	struct ifreq ifr;
	int room = 8 << 20;

	sock = socket(AF_PACKET, SOCK_RAW, 0);
	if (sock < 0)
		err(1, "socket");
	memset(&ifr, 0, sizeof ifr);
	snprintf(ifr.ifr_name, sizeof ifr.ifr_name, "%s", name);
	if (ioctl(sock, SIOCGIFHWADDR, &ifr) != 0)
		err(1, "%s", name);
	memcpy(own_mac, ifr.ifr_hwaddr.sa_data, 6);
	if (ioctl(sock, SIOCGIFMTU, &ifr) != 0)
		err(1, "%s", name);
	mtu = (unsigned)ifr.ifr_mtu;
	if (setsockopt(sock, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room)
	    != 0)
		warn("SO_RCVBUFFORCE");
	sll.sll_ifindex = (int)if_nametoindex(name);
	if (bind(sock, (struct sockaddr *)&sll, sizeof sll) != 0)
		err(1, "%s", name);
}

int
main(int argc, char **argv)
{
	if (argc != 5)
		errx(2, "usage: reflect shelf slot interface sectors");
	shelf = (unsigned)strtoul(argv[1], NULL, 10);
	slot = (unsigned)strtoul(argv[2], NULL, 10);
	sectors = strtoull(argv[4], NULL, 10);
	interface_open(argv[3]);
	for (unsigned i = 0; i < BATCH; i++) {
		in_iov[i] = (struct iovec){ buffer[i], mtu + 14u };
		in[i].msg_hdr.msg_iov = &in_iov[i];
		in[i].msg_hdr.msg_iovlen = 1;
		out[i].msg_hdr.msg_iov = &out_iov[i];
		out[i].msg_hdr.msg_iovlen = 1;
	}
	printf("pid %d: e%u.%u, %llu sectors\n", (int)getpid(), shelf, slot,
	    (unsigned long long)sectors);
	fflush(stdout);
	for (;;)
		serve();
}
