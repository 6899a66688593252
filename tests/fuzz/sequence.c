/*
 * sequence: a fuzz target.  The first byte of the input is how vblade is
 * started; then come steps, each a byte that says what, and its arguments:
 * frames, that vblade gets together until something else happens, and things
 * that happen to the net, the disk and the clock.
 */
#include "target.h"
#include "oracle.h"

enum step {
	RAW, ATA, TELL, MASK, RESERVE, AGAIN,		/* frames */
	PAUSE, LINK, MOVED, RESIZE, BAD, COLD, BITE, FLUSHES, TIME, STEPS
};

static const uint8_t *input;
static size_t left;
static uint8_t *given[FRAMES_MOST];	/* frames that vblade has */
static int givens;
static uint8_t tag;
static uint8_t last[2048];		/* the last frame made here */
static size_t last_len;
static int waiting;			/* ms that nothing will happen */

static uint8_t
next(void)
{
	if (left == 0)
		return 0;
	left--;
	return *input++;
}

static unsigned
next16(void)
{
	unsigned high = next();

	return high << 8 | next();
}

/*
 * Frames.
 */

/* The address of one of a few hosts. */
static void
host(uint8_t *mac, unsigned which)
{
	static const uint8_t first[6] = { 2, 0, 0, 0, 0, 0 };

	memcpy(mac, first, 6);
	mac[4] = (uint8_t)(which >> 8);
	mac[5] = (uint8_t)which;
}

/* A request from a host, of n bytes in all; returns where its body begins. */
static uint8_t *
request_begin(unsigned from, uint8_t command, size_t n)
{
	memset(last, 0, n);
	last_len = n;
	memcpy(last, world.mac, 6);
	host(last + 6, from);
	last[12] = 0x88;
	last[13] = 0xa2;
	last[14] = 0x10;
	last[16] = SHELF >> 8;
	last[17] = SHELF & 0xff;
	last[18] = SLOT;
	last[19] = command;
	last[20] = tag++;
	return last + 24;
}

static void
make_raw(void)
{
	size_t n = next16() % 1100;

	n = n < left ? n : left;
	memcpy(last, input, n);
	input += n;
	left -= n;
	last_len = n;
}

/* Mostly a read or a write on the disk; its data may be cut short. */
static void
make_ata(void)
{
	static const uint8_t opcodes[] = { 0x20, 0x24, 0x30, 0x34, 0x34, 0x24,
	    0xe7, 0xea, 0xec, 0xe5, 0xef };
	unsigned what = next(), n = next(), lba = next(), cut = next();
	uint8_t opcode = opcodes[what / 8 % sizeof opcodes];
	size_t payload = opcode / 16 == 3 ? n % 4 * 512 : 0;
	uint8_t *p;

	if (cut >= 250 && payload > 0)
		payload -= cut - 249;
	p = request_begin(what % 4, 0, 36 + payload);
	p[0] = what & 4 ? 0x41 : 0;
	p[1] = (uint8_t)cut;
	p[2] = (uint8_t)(payload > 0 || opcode / 16 == 2 ? n % 4 + n / 250 : n);
	p[3] = opcode;
	p[4] = (uint8_t)(lba % 80);
	p[7] = lba >= 250 ? 0xff : 0;
	p[9] = lba == 255;
	memset(p + 12, tag, payload);
}

static void
make_config(void)
{
	unsigned what = next(), n = next();
	uint8_t *p = request_begin(what % 4, 1, 32 + n * 4);

	p[5] = (uint8_t)(what / 4 % 6);
	n = what & 0x80 ? n * 4 : n % 8;
	p[6] = (uint8_t)(n >> 8);
	p[7] = (uint8_t)n;
	memset(p + 8, what >> 6, n);
}

static void
make_mask(void)
{
	unsigned what = next(), n = next();
	uint8_t *p = request_begin(what % 4, 2, 28 + n % 128 * 8), *d = p + 4;

	p[1] = (uint8_t)(what / 4 % 4);
	p[3] = (uint8_t)(n % 128 + n / 250);
	for (unsigned i = 0; i < n % 128; i++, d += 8) {
		d[1] = (uint8_t)(what & 0x40 ? next() % 4 : what / 16 % 4);
		host(d + 2, what & 0x80 ? i + what / 16 % 8 * 100 : next());
	}
}

static void
make_reserve(void)
{
	unsigned what = next(), n = next();
	uint8_t *p = request_begin(what % 4, 3, 26 + n * 6);

	p[0] = (uint8_t)(what / 4 % 4);
	p[1] = (uint8_t)(what & 0x40 ? n + 1 : n);
	for (unsigned i = 0; i < n; i++)
		host(p + 2 + 6 * i, what & 0x80 ? i : next());
}

/* Gives vblade the last frame made, in memory that ends where it ends. */
static void
give(struct frame *f)
{
	uint8_t *copy = malloc(last_len > 0 ? last_len : 1);

	must(copy != NULL, "no memory for the harness");
	memcpy(copy, last, last_len);
	given[givens++] = copy;
	expect_reply(copy, last_len);
	*f = (struct frame){ copy, last_len };
}

static bool
step_frame(enum step step, struct frame *f)
{
	static void (*const make[])(void) = { make_raw, make_ata, make_config,
	    make_mask, make_reserve };

	if (step > AGAIN)
		return false;
	if (step < AGAIN)
		make[step]();
	give(f);
	return true;
}

/*
 * Events.
 */

/* Returns whether others should hear of it. */
static bool
step_event(enum step step)
{
	unsigned v = next();

	switch (step) {
	case LINK:
		world.mtu = 68 + v * 37;
		return true;
	case MOVED:
		if (!all(world.mac, 6, 0))
			host(world.mac, v | 0x80);
		return true;
	case RESIZE:
		world.size = v % (DISK_SECTORS + 1);
		break;
	case BAD:
		world.bad = v < DISK_SECTORS ? 1ULL << v : 0;
		break;
	case COLD:
		world.cold = v * 0x0101010101010101ULL;
		break;
	case BITE:
		world.bite = v * 16;
		break;
	case FLUSHES:
		world.flush_fails = v % 2 == 1;
		break;
	case TIME:	/* a worker's sync would come at any time */
		waiting = world.workers ? 0 : (int)v * 10;
		break;
	default:
		break;
	}
	return false;
}

/*
 * Lets time pass, but no more than vblade wants to wait.  What is written
 * may not stay unflushed for longer than a second.
 */
static int
pass(int timeout)
{
	int step = timeout < 0 || timeout > waiting ? waiting : timeout;
	static int idle;

	must(step > 0 || ++idle < 1000, "it does not sleep");
	if (step > 0)
		idle = 0;
	world.clock += step;
	waiting -= step;
	must(world.lost || world.wet == 0 ||
	    world.clock - world.wet_since <= 1000, "unflushed for too long");
	return 0;
}

static int
feed(struct frame frames[], int max, int timeout, bool *news)
{
	int n = 0;

	settle();
	while (givens > 0)
		free(given[--givens]);
	if (waiting > 0)
		return pass(timeout);
	if (left == 0)
		return -1;
	while (n < max && n < FRAMES_MOST && left > 0) {
		enum step step = *input % STEPS;

		if (step > AGAIN && n > 0)
			break;
		next();
		if (step == PAUSE)
			break;
		if (step_frame(step, &frames[n]))
			n++;
		else if (step_event(step))
			*news = true;
		if (*news || waiting > 0)
			break;
	}
	if (*news)
		expect_news();
	return n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	input = data + 1;
	left = size - 1;
	waiting = 0;
	last_len = 0;
	tag = 1;
	play(data[0]);
	while (givens > 0)
		free(given[--givens]);
	return 0;
}
