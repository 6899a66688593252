/*
 * frame: send raw Ethernet frames exactly as written, print the AoE
 * frames that come back, and report by the exit status whether as
 * many came as were expected.  Linux only; shares no code with vblade.
 *
 *	frame [-lps] [-a mac] [-i interface] [-n replies] [-r rounds] [-t mac]
 *	    [-w ms] [frame ...]
 *
 * Each operand is one frame, in the notation of notation.h; without operands
 * each line of the standard input is.  All are read before the first is sent,
 * so that they leave back to back.  SS is the address of the interface, or the
 * one given with -a, TT the one given with -t.
 *
 * Every frame of EtherType 0x88a2 that arrives, whoever it is for, is
 * printed as one line of hexadecimal, a VLAN tag included.  On the
 * loopback interface, where a sender receives its own, requests are not.
 *
 * -n	end as soon as this many frames came (default: as many as were
 *	sent; with -s, none)
 * -s	send a sentinel after the frames, a Config read for any target, and
 *	wait for a reply to it too, which is not printed.  A target that
 *	takes frames in order has then decided about all that went before, so
 *	a frame without a reply by then is one that was met with silence.
 * -l	only listen: print "listening" to standard error once frames are
 *	being kept, and end at the deadline or after -n frames, if given
 * -p	send nothing, print the frames; needs no interface
 * -r	send the frames this many times, once in a millisecond at most; one
 *	that the queue of the interface does not take is lost
 * -w	the deadline in milliseconds (default 5000)
 *
 * Exit status: 0 as many as expected, 1 more or fewer, 2 any trouble.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "aoe-wire.h"
#include "notation.h"

enum {
	TROUBLE		= NOTATION_ERROR,
	TAG_SIZE	= 4,		/* of 802.1Q */
	REPLY_FLAG	= 0x08,
	FRAME_MAX	= 65536 + 14 + TAG_SIZE,
	RECEIVE_MEMORY	= 64 << 20,
	SENTINEL_TAG	= 0x5e471e15,
	ANY		= -1
};

#define SENTINEL "ffffffffffff SS 88a2 10 00 ffff ff 01 5e471e15 00*8"

struct frame {
	size_t length;
	uint8_t bytes[FRAME_MAX];
};

static struct {
	const char *interface;
	int expected, wait, rounds;
	bool listen, print, sentinel;
} opt = { .interface = "eth0", .expected = ANY, .wait = 5000, .rounds = 1 };

static int sock;
static bool loopback;
static struct frame **frames;
static int nframes;

static struct frame *
frame_new(const char *s)
{
	struct frame *f = calloc(1, sizeof *f);

	if (f == NULL)
		err(TROUBLE, "memory");
	f->length = frame_parse(s, f->bytes, sizeof f->bytes);
	return f;
}

static void
frame_add(const char *s)
{
	frames = realloc(frames, ((size_t)nframes + 1) * sizeof *frames);
	if (frames == NULL)
		err(TROUBLE, "memory");
	frames[nframes++] = frame_new(s);
}

/* The wire. */

static void
wire_start(void)
{
	static const uint8_t none[MAC_SIZE];
	static uint8_t own[MAC_SIZE];
	const int on = 1;

	sock = wire_open(opt.interface, AOE_TYPE, own, NULL, TROUBLE);
	loopback = memcmp(own, none, MAC_SIZE) == 0;
	if (initiator == NULL)
		initiator = own;
	wire_receive_buffer(sock, RECEIVE_MEMORY);
	if (setsockopt(sock, SOL_PACKET, PACKET_AUXDATA, &on, sizeof on) < 0)
		err(TROUBLE, "PACKET_AUXDATA");
}

/* The kernel takes the tag out of a frame and hands it over beside it. */
static void
tag_restore(struct frame *f, struct msghdr *message)
{
	uint8_t *at = f->bytes + 2 * MAC_SIZE;
	struct tpacket_auxdata aux;
	struct cmsghdr *c;

	for (c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		if (c->cmsg_level != SOL_PACKET ||
		    c->cmsg_type != PACKET_AUXDATA)
			continue;
		memcpy(&aux, CMSG_DATA(c), sizeof aux);
		if ((aux.tp_status & TP_STATUS_VLAN_VALID) == 0)
			continue;
		memmove(at + TAG_SIZE, at, f->length - 2 * MAC_SIZE);
		put_be(at, 2, aux.tp_vlan_tpid);
		put_be(at + 2, 2, aux.tp_vlan_tci);
		f->length += TAG_SIZE;
	}
}

/* Receive a frame; false at the deadline. */
static bool
wire_receive(struct frame *f, uint64_t deadline)
{
	struct pollfd p = { .fd = sock, .events = POLLIN };
	ssize_t n = -1;
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
	} control;
	struct iovec data = { f->bytes, sizeof f->bytes - TAG_SIZE };
	struct msghdr message = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof control
	};
	uint64_t at;

	while (n == -1 && (at = now()) < deadline) {
		poll(&p, 1, (int)((deadline - at) / 1000000 + 1));
		n = recvmsg(sock, &message, MSG_DONTWAIT);
		if (n == -1 && errno != EAGAIN && errno != ENETDOWN)
			err(TROUBLE, "receive");
	}
	if (n == -1)
		return false;
	f->length = (size_t)n;
	tag_restore(f, &message);
	return true;
}

/* The conversation. */

/* Print what comes, until all is there that was expected or time is up. */
static bool
collect(void)
{
	static struct frame f;
	uint64_t deadline = now() + (uint64_t)opt.wait * 1000000;
	bool waiting = opt.sentinel, response;
	int got = 0;

	while ((waiting || opt.expected == ANY || got < opt.expected) &&
	    wire_receive(&f, deadline)) {
		response = f.length >= AT_ARGUMENT &&
		    (f.bytes[AT_FLAGS] & REPLY_FLAG) != 0;
		if (loopback && !response)
			continue;
		if (opt.sentinel && response &&
		    get_be(f.bytes + AT_TAG, 4) == SENTINEL_TAG) {
			waiting = false;
			continue;
		}
		frame_print(f.bytes, f.length);
		got++;
	}
	return !waiting && (opt.expected == ANY || got == opt.expected);
}

static void
send_all(void)
{
	for (int i = 0; i < nframes; i++) {
		const struct frame *f = frames[i];

		if (send(sock, f->bytes, f->length, 0) != (ssize_t)f->length &&
		    (opt.rounds == 1 || errno != ENOBUFS))
			err(TROUBLE, "a frame of %zu bytes", f->length);
	}
}

static void
options_parse(int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "a:i:ln:pr:st:w:")) != -1) {
		switch (c) {
		case 'a': initiator = frame_new(optarg)->bytes; break;
		case 'i': opt.interface = optarg; break;
		case 'l': opt.listen = true; break;
		case 'n': opt.expected = atoi(optarg); break;
		case 'p': opt.print = true; break;
		case 'r': opt.rounds = atoi(optarg); break;
		case 's': opt.sentinel = true; break;
		case 't': target = frame_new(optarg)->bytes; break;
		case 'w': opt.wait = atoi(optarg); break;
		default: exit(TROUBLE);
		}
	}
}

int
main(int argc, char **argv)
{
	char *line = NULL;
	size_t size = 0;

	options_parse(argc, argv);
	if (!opt.print)
		wire_start();
	for (int i = optind; i < argc; i++)
		frame_add(argv[i]);
	while (optind == argc && !opt.listen &&
	    getline(&line, &size, stdin) != -1)
		frame_add(line);
	if (opt.print) {
		for (int i = 0; i < nframes; i++)
			frame_print(frames[i]->bytes, frames[i]->length);
		return 0;
	}
	if (opt.listen) {
		fprintf(stderr, "listening\n");
		return !collect();
	}
	/* A reply to each, or with a sentinel silence. */
	if (opt.expected == ANY)
		opt.expected = opt.sentinel ? 0 : nframes;
	if (opt.sentinel)
		frame_add(SENTINEL);
	for (int i = 0; i < opt.rounds; i++) {
		if (i > 0)
			poll(NULL, 0, 1);
		send_all();
	}
	return !collect();
}
