/*
 * relay: a bad wire.  It passes frames between two interfaces, and loses some,
 * sends some twice, and lets some be overtaken.
 *
 *	relay [-d permille] [-r permille] [-u permille] [-S seed] one other
 *
 *	-d	drop so many of a thousand frames
 *	-r	hold back so many, until up to eight others have gone first or
 *		HOLD has passed
 *	-u	send so many twice, one right behind the other
 *
 * A copy is never held: one that came late could undo a newer write, which no
 * target can prevent.  SIGTERM ends it; it then prints what it did.
 */
#define _GNU_SOURCE 1
#include <arpa/inet.h>
#include <err.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	AOE_TYPE = 0x88a2,
	FRAME_MOST = 9600,
	BATCH = 64,
	OVERTAKEN = 8,
	HOLD = 2,			/* ms, when nothing overtakes */
	ROOM = 16 << 20
};

struct frame {
	size_t length;			/* 0: none */
	uint8_t bytes[FRAME_MOST];
};

/* One end, and the frame that is held back on its way to it. */
struct end {
	int fd;
	struct frame held;
	unsigned left;			/* frames that may go first */
};

static struct {
	unsigned drop, reorder, twice;	/* of a thousand */
	uint64_t seed;
} opt = { .seed = 1 };

static struct {
	unsigned long passed, dropped, reordered, doubled, refused;
} count;

static volatile sig_atomic_t stopped;

static bool
chance(unsigned permille)
{
	opt.seed = opt.seed * 6364136223846793005 + 1442695040888963407;
	return (opt.seed >> 33) % 1000 < permille;
}

static void
end_open(struct end *e, const char *interface)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET,
	    .sll_protocol = htons(AOE_TYPE),
	    .sll_ifindex = (int)if_nametoindex(interface) };
	int room = ROOM;

	e->fd = socket(AF_PACKET, SOCK_RAW, 0);
	if (e->fd < 0 || setsockopt(e->fd, SOL_SOCKET, SO_RCVBUFFORCE, &room,
	    sizeof room) < 0 ||
	    bind(e->fd, (struct sockaddr *)&to, sizeof to) < 0)
		err(1, "%s", interface);
}

/* What an interface that is down, full or too narrow refuses is lost. */
static void
put(const struct end *to, const uint8_t *bytes, size_t length)
{
	if (send(to->fd, bytes, length, 0) < 0)
		count.refused++;
	else
		count.passed++;
}

static void
release(struct end *to)
{
	if (to->held.length > 0)
		put(to, to->held.bytes, to->held.length);
	to->held.length = 0;
}

static void
pass(struct end *to, const uint8_t *bytes, size_t length)
{
	if (chance(opt.drop)) {
		count.dropped++;
	} else if (to->held.length == 0 && chance(opt.reorder)) {
		memcpy(to->held.bytes, bytes, length);
		to->held.length = length;
		to->left = 1 + (unsigned)(opt.seed >> 40) % OVERTAKEN;
		count.reordered++;
	} else {
		put(to, bytes, length);
		if (chance(opt.twice)) {
			put(to, bytes, length);
			count.doubled++;
		}
		if (to->held.length > 0 && --to->left == 0)
			release(to);
	}
}

/* Passes on what has come from one end. */
static void
take(const struct end *from, struct end *to)
{
	static uint8_t bytes[BATCH][FRAME_MOST];
	struct mmsghdr m[BATCH] = { 0 };
	struct iovec iov[BATCH];
	struct sockaddr_ll source[BATCH];
	int n;

	for (int i = 0; i < BATCH; i++) {
		iov[i] = (struct iovec){ bytes[i], FRAME_MOST };
		m[i].msg_hdr = (struct msghdr){ .msg_iov = &iov[i],
		    .msg_iovlen = 1, .msg_name = &source[i],
		    .msg_namelen = sizeof source[i] };
	}
	n = recvmmsg(from->fd, m, BATCH, MSG_DONTWAIT, NULL);
	for (int i = 0; i < n; i++)
		if (source[i].sll_pkttype != PACKET_OUTGOING)
			pass(to, bytes[i], m[i].msg_len);
}

static void
relay(struct end end[2])
{
	struct pollfd p[2] = { { .fd = end[0].fd, .events = POLLIN },
	    { .fd = end[1].fd, .events = POLLIN } };
	bool holding;

	while (!stopped) {
		holding = end[0].held.length > 0 || end[1].held.length > 0;
		if (poll(p, 2, holding ? HOLD : -1) == 0) {
			release(&end[0]);
			release(&end[1]);
		}
		take(&end[0], &end[1]);
		take(&end[1], &end[0]);
	}
}

static void
stop(int sig)
{
	(void)sig;
	stopped = 1;
}

static unsigned
number(const char *s)
{
	char *last;
	unsigned long n = strtoul(s, &last, 10);

	if (last == s || *last != '\0' || n > UINT32_MAX)
		errx(2, "not a number: %s", s);
	return (unsigned)n;
}

int
main(int argc, char **argv)
{
	static struct end end[2];
	struct sigaction a = { .sa_handler = stop };
	int c;

	while ((c = getopt(argc, argv, "d:r:S:u:")) != -1) {
		if (c == 'd')
			opt.drop = number(optarg);
		else if (c == 'r')
			opt.reorder = number(optarg);
		else if (c == 'u')
			opt.twice = number(optarg);
		else if (c == 'S')
			opt.seed = number(optarg);
		else
			return 2;
	}
	if (argc - optind != 2)
		errx(2, "want two interfaces");
	sigaction(SIGTERM, &a, NULL);
	end_open(&end[0], argv[optind]);
	end_open(&end[1], argv[optind + 1]);
	relay(end);
	printf("passed=%lu dropped=%lu reordered=%lu doubled=%lu refused=%lu\n",
	    count.passed, count.dropped, count.reordered, count.doubled,
	    count.refused);
	return 0;
}
