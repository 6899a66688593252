/* SPDX-License-Identifier: ISC */
/*
 * reflect.c: an AoE target without a disk.
 *
 * It turns each request into its reply with recvmmsg and sendmmsg and does
 * nothing else: the reply to a read has the right length and undefined data,
 * the reply to a write has 60 bytes.  It is the upper bound for a program on
 * AF_PACKET that copies no data, with which the benchmark compares vblade.
 *
 * usage: reflect shelf slot interface sectors
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>
#include "../aoe-wire.h"

enum {
	HEADER = AT_ATA_DATA,
	ETH_MIN = 60,
	BATCH = 64,
	FRAME_MAX = 65550,
};

static int sock;
static unsigned shelf, slot, mtu;
static uint8_t own_mac[6];
static uint64_t sectors;

static uint8_t buffer[BATCH][FRAME_MAX];
static struct iovec in_iov[BATCH], out_iov[BATCH];
static struct mmsghdr in[BATCH], out[BATCH];

/*
 * Turn a request into its reply; returns the length of the reply.  Of the
 * configuration and of IDENTIFY it has what load reads.
 */
static unsigned
reply(uint8_t *f)
{
	unsigned opcode = f[AT_ATA_COMMAND];

	memcpy(f + AT_DST, f + AT_SRC, 6);
	memcpy(f + AT_SRC, own_mac, 6);
	f[AT_FLAGS] = AOE_REPLY;
	if (f[AT_COMMAND] == AOE_CONFIG) {
		memset(f + AT_ARGUMENT, 0, ETH_MIN - AT_ARGUMENT);
		put_be(f + AT_CONFIG_BUFFERS, 2, BATCH);
		f[AT_CONFIG_SECTORS] = (uint8_t)((mtu - HEADER) / SECTOR);
		f[AT_CONFIG_COMMAND] = 0x10;	/* version */
		return ETH_MIN;
	}
	f[AT_ATA_FEATURE] = 0;
	f[AT_ATA_COMMAND] = ATA_READY;
	if (opcode == ATA_IDENTIFY) {
		put_le(f + AT_ATA_DATA + 2 * 100, 6, sectors);
		return HEADER + SECTOR;
	}
	if (opcode == ATA_READ_EXT || opcode == ATA_READ)
		return HEADER + f[AT_ATA_COUNT] * (unsigned)SECTOR;
	return ETH_MIN;
}

static void
serve(void)
{
	unsigned nout = 0, done = 0;
	int n = recvmmsg(sock, in, BATCH, MSG_WAITFORONE, NULL);

	if (n < 0 && errno != EINTR && errno != ENETDOWN)
		err(1, "receive");
	for (int i = 0; i < n; i++) {
		const uint8_t *f = buffer[i];

		if (in[i].msg_len < AT_CONFIG_STRING ||
		    get_be(f + AT_SHELF, 2) != shelf || f[AT_SLOT] != slot)
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

int
main(int argc, char **argv)
{
	if (argc != 5)
		errx(2, "usage: reflect shelf slot interface sectors");
	shelf = (unsigned)strtoul(argv[1], NULL, 10);
	slot = (unsigned)strtoul(argv[2], NULL, 10);
	sectors = strtoull(argv[4], NULL, 10);
	sock = wire_open(argv[3], AOE_TYPE, own_mac, &mtu, 1);
	wire_receive_buffer(sock, 8 << 20);
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
