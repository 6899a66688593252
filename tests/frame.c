/*
 * frame: send raw Ethernet frames exactly as written, print the AoE
 * frames that come back, and report by the exit status whether as
 * many came as were expected.  Linux only; shares no code with vblade.
 *
 *	frame [-lps] [-a mac] [-i interface] [-n replies] [-t mac] [-w ms]
 *	    [frame ...]
 *
 * Each operand is one frame; without operands each line of the standard
 * input is.  All are read before the first is sent, so that they leave
 * back to back.  A frame is written in hexadecimal, with blanks wherever
 * they help, and with these words among the bytes:
 *
 *	SS	the MAC address of the interface, or the one given with -a
 *	TT	the MAC address given with -t
 *	*N	the byte before, N times in all (00*512)
 *	@N	zeros up to a length of N bytes (@60)
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
 * -p	send nothing, print the frames; needs no interface with -a
 * -w	the deadline in milliseconds (default 5000)
 *
 * Exit status: 0 as many as expected, 1 more or fewer, 2 any trouble.
 */
#define _GNU_SOURCE 1
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "aoe-wire.h"

enum {
	TROUBLE		= 2,
	MAC_SIZE	= 6,
	TAG_SIZE	= 4,		/* of 802.1Q */
	REPLY_FLAG	= 0x08,
	FRAME_MAX	= 65536 + 14 + TAG_SIZE,
	RECEIVE_MEMORY	= 64 << 20,
	ANY		= -1
};

#define SENTINEL_TAG	"5e471e15"
#define SENTINEL	"ffffffffffff SS 88a2 10 00 ffff ff 01 " \
			SENTINEL_TAG " 0000 0000 00 00 0000"

struct frame {
	size_t length;
	uint8_t bytes[FRAME_MAX];
};

struct wire {
	int fd;
	bool loopback;
	uint8_t mac[MAC_SIZE];		/* the word SS */
	uint8_t target[MAC_SIZE];	/* the word TT */
	bool has_target;
};

struct options {
	const char *interface;
	const char *source, *target;
	int expected;
	int wait;
	bool listen, print, sentinel;
};

struct list {
	struct frame **frames;
	int count;
};

static _Noreturn void
usage(void)
{
	fprintf(stderr, "usage: frame [-lps] [-a mac] [-i interface] "
	    "[-n replies] [-t mac] [-w ms] [frame ...]\n");
	exit(TROUBLE);
}

static int
number(const char *what, const char *s, int max)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(s, &end, 10);
	if (errno != 0 || end == s || *end != '\0' || n < 0 || n > max)
		errx(TROUBLE, "%s: %s", what, s);
	return (int)n;
}

/* The notation of frames. */

static void
append(struct frame *f, const uint8_t *bytes, size_t n)
{
	if (f->length + n > sizeof f->bytes)
		errx(TROUBLE, "a frame longer than %zu bytes",
		    sizeof f->bytes);
	memcpy(f->bytes + f->length, bytes, n);
	f->length += n;
}

static void
fill(struct frame *f, uint8_t byte, size_t length)
{
	while (f->length < length)
		append(f, &byte, 1);
}

/* The count after * or @; *s is advanced past it. */
static size_t
count(const char **s)
{
	char *end;
	unsigned long n;

	n = strtoul(*s, &end, 10);
	if (end == *s || !isdigit((unsigned char)**s) || n > FRAME_MAX)
		errx(TROUBLE, "no count: %.20s", *s);
	*s = end;
	return n;
}

static void
repeat(struct frame *f, size_t n)
{
	if (f->length == 0 || n == 0)
		errx(TROUBLE, "nothing to repeat");
	fill(f, f->bytes[f->length - 1], f->length + n - 1);
}

static uint8_t
byte(const char *s)
{
	unsigned value;

	if (!isxdigit((unsigned char)s[0]) || !isxdigit((unsigned char)s[1]))
		errx(TROUBLE, "not a byte: %.20s", s);
	if (sscanf(s, "%2x", &value) != 1)
		errx(TROUBLE, "not a byte: %.20s", s);
	return (uint8_t)value;
}

static void
append_target(struct frame *f, const struct wire *w)
{
	if (!w->has_target)
		errx(TROUBLE, "TT without -t");
	append(f, w->target, MAC_SIZE);
}

static struct frame *
frame_parse(const struct wire *w, const char *s)
{
	struct frame *f;
	uint8_t b;

	if ((f = calloc(1, sizeof *f)) == NULL)
		err(TROUBLE, "calloc");
	while (*s != '\0') {
		if (isspace((unsigned char)*s)) {
			s++;
		} else if (*s == '*') {
			s++;
			repeat(f, count(&s));
		} else if (*s == '@') {
			s++;
			fill(f, 0, count(&s));
		} else if (strncmp(s, "SS", 2) == 0) {
			append(f, w->mac, MAC_SIZE);
			s += 2;
		} else if (strncmp(s, "TT", 2) == 0) {
			append_target(f, w);
			s += 2;
		} else {
			b = byte(s);
			append(f, &b, 1);
			s += 2;
		}
	}
	return f;
}

static void
frame_print(const struct frame *f)
{
	for (size_t i = 0; i < f->length; i++)
		printf("%02x", f->bytes[i]);
	putchar('\n');
	if (fflush(stdout) == EOF)
		err(TROUBLE, "standard output");
}

static void
list_add(struct list *l, struct frame *f)
{
	size_t size = ((size_t)l->count + 1) * sizeof *l->frames;

	if ((l->frames = realloc(l->frames, size)) == NULL)
		err(TROUBLE, "realloc");
	l->frames[l->count++] = f;
}

static void
list_read(struct list *l, const struct wire *w)
{
	char *line = NULL;
	size_t size = 0;

	while (getline(&line, &size, stdin) != -1)
		list_add(l, frame_parse(w, line));
	free(line);
}

/* The wire. */

static void
parse_mac(uint8_t *mac, const char *s)
{
	size_t i;

	for (i = 0; i < MAC_SIZE && *s != '\0'; i++) {
		mac[i] = byte(s);
		s += 2;
		if (*s == ':')
			s++;
	}
	if (i != MAC_SIZE || *s != '\0')
		errx(TROUBLE, "not a MAC address");
}

static void
set_option(int fd, int level, int option, int value)
{
	if (setsockopt(fd, level, option, &value, sizeof value) == -1)
		err(TROUBLE, "socket option %d", option);
}

static void
wire_start(struct wire *w, const struct options *o)
{
	static const uint8_t none[MAC_SIZE];

	if (!o->print || o->source == NULL)
		w->fd = wire_open(o->interface, o->print ? 0 : AOE_TYPE,
		    w->mac, NULL, TROUBLE);
	w->loopback = memcmp(w->mac, none, MAC_SIZE) == 0;
	if (o->source != NULL)
		parse_mac(w->mac, o->source);
	if (o->target != NULL) {
		parse_mac(w->target, o->target);
		w->has_target = true;
	}
	if (!o->print) {
		set_option(w->fd, SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_MEMORY);
		set_option(w->fd, SOL_PACKET, PACKET_AUXDATA, 1);
	}
}

static void
wire_send(const struct wire *w, const struct frame *f)
{
	ssize_t n = send(w->fd, f->bytes, f->length, 0);

	if (n == -1)
		err(TROUBLE, "a frame of %zu bytes", f->length);
	if ((size_t)n != f->length)
		errx(TROUBLE, "a frame of %zu bytes left short", f->length);
}

/* The kernel takes the tag out of a frame and hands it over beside it. */
static void
tag_restore(struct frame *f, struct msghdr *message)
{
	struct tpacket_auxdata aux;
	struct cmsghdr *c;
	uint8_t tag[TAG_SIZE];

	for (c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		if (c->cmsg_level != SOL_PACKET ||
		    c->cmsg_type != PACKET_AUXDATA)
			continue;
		memcpy(&aux, CMSG_DATA(c), sizeof aux);
		if ((aux.tp_status & TP_STATUS_VLAN_VALID) == 0)
			continue;
		tag[0] = (uint8_t)(aux.tp_vlan_tpid >> 8);
		tag[1] = (uint8_t)aux.tp_vlan_tpid;
		tag[2] = (uint8_t)(aux.tp_vlan_tci >> 8);
		tag[3] = (uint8_t)aux.tp_vlan_tci;
		memmove(f->bytes + 2 * MAC_SIZE + TAG_SIZE,
		    f->bytes + 2 * MAC_SIZE, f->length - 2 * MAC_SIZE);
		memcpy(f->bytes + 2 * MAC_SIZE, tag, TAG_SIZE);
		f->length += TAG_SIZE;
	}
}

static bool
wire_receive(const struct wire *w, struct frame *f)
{
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
	ssize_t n = recvmsg(w->fd, &message, MSG_DONTWAIT);

	if (n == -1 && (errno == EAGAIN || errno == ENETDOWN))
		return false;
	if (n == -1)
		err(TROUBLE, "receive");
	f->length = (size_t)n;
	tag_restore(f, &message);
	return true;
}

static long long
now_ms(void)
{
	return (long long)(now() / 1000000);
}

/* True when something may be there to receive, false at the deadline. */
static bool
wire_wait(const struct wire *w, long long deadline)
{
	struct pollfd p = { .fd = w->fd, .events = POLLIN };
	long long left = deadline - now_ms();

	if (left <= 0)
		return false;
	if (poll(&p, 1, (int)left) == -1 && errno != EINTR)
		err(TROUBLE, "poll");
	return true;
}

/* The conversation. */

static bool
is_response(const struct frame *f)
{
	return f->length >= AT_ARGUMENT &&
	    (f->bytes[AT_FLAGS] & REPLY_FLAG) != 0;
}

static bool
is_sentinel(const struct frame *f)
{
	uint8_t tag[4];

	for (size_t i = 0; i < sizeof tag; i++)
		tag[i] = byte(&SENTINEL_TAG[2 * i]);
	return is_response(f) &&
	    memcmp(f->bytes + AT_TAG, tag, sizeof tag) == 0;
}

/* Print what comes, until all is there that was expected or time is up. */
static bool
collect(const struct wire *w, const struct options *o)
{
	static struct frame f;
	long long deadline = now_ms() + o->wait;
	bool waiting = o->sentinel;
	int got = 0;

	while (waiting || o->expected == ANY || got < o->expected) {
		if (!wire_wait(w, deadline))
			break;
		if (!wire_receive(w, &f))
			continue;
		if (w->loopback && !is_response(&f))
			continue;
		if (o->sentinel && is_sentinel(&f)) {
			waiting = false;
			continue;
		}
		frame_print(&f);
		got++;
	}
	return !waiting && (o->expected == ANY || got == o->expected);
}

static void
options_parse(struct options *o, int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "a:i:ln:pst:w:")) != -1) {
		switch (c) {
		case 'a':
			o->source = optarg;
			break;
		case 'i':
			o->interface = optarg;
			break;
		case 'l':
			o->listen = true;
			break;
		case 'n':
			o->expected = number("-n", optarg, INT_MAX);
			break;
		case 'p':
			o->print = true;
			break;
		case 's':
			o->sentinel = true;
			break;
		case 't':
			o->target = optarg;
			break;
		case 'w':
			o->wait = number("-w", optarg, INT_MAX);
			break;
		default:
			usage();
		}
	}
}

/* Default to one reply a frame, or with a sentinel to silence. */
static void
send_all(const struct wire *w, struct options *o, struct list *l)
{
	if (o->expected == ANY)
		o->expected = o->sentinel ? 0 : l->count;
	if (o->sentinel)
		list_add(l, frame_parse(w, SENTINEL));
	for (int i = 0; i < l->count; i++)
		wire_send(w, l->frames[i]);
}

int
main(int argc, char **argv)
{
	struct options o = {
		.interface = "eth0", .expected = ANY, .wait = 5000
	};
	struct wire w = { 0 };
	struct list l = { 0 };

	options_parse(&o, argc, argv);
	wire_start(&w, &o);
	for (int i = optind; i < argc; i++)
		list_add(&l, frame_parse(&w, argv[i]));
	if (optind == argc && !o.listen)
		list_read(&l, &w);
	if (o.print) {
		for (int i = 0; i < l.count; i++)
			frame_print(l.frames[i]);
		return 0;
	}
	if (o.listen)
		fprintf(stderr, "listening\n");
	else
		send_all(&w, &o, &l);
	return collect(&w, &o) ? 0 : 1;
}
