/* SPDX-License-Identifier: ISC */
/*
 * sequence.c: a fuzz target.  The first byte of the input is how vblade is
 * started; then come steps, each a byte that says what, and its arguments:
 * frames, which vblade gets together until something else happens, and events
 * of the link, the disk, the engine, the clock and signals.
 *
 * Before an event that changes results everything that is due happens, so
 * that the oracle knows the replies; but requests may meet others under way.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "target.h"

enum step {
	RAW, ATA, SETTING, MASK, RESERVE, AGAIN,		/* frames */
	PAUSE, LINK, ADDRESS, RESIZE, BAD, COLD, MAX_IO, SYNCS, TIME,
	ENGINE, SLOW, CARRIER, SIGNAL, STEPS
};

enum {
	FRAMES_MAX = 24,	/* in a batch */
	UNDER_WAY_MAX = 24,	/* replies due when it arrives */
};

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static const uint8_t *input;
static size_t left;
static uint8_t *given[FRAMES_MAX];	/* frames that vblade has */
static int givens;
static uint8_t tag;
static uint8_t last[2048];		/* the last frame made here */
static size_t last_len;
static int64_t waiting;			/* microseconds without a step */
static bool pool;

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
	memcpy(last, fake.link.mac, 6);
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
	memset(p + 8, (int)(what >> 6), n);
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

	check(copy != NULL, "no memory for the harness");
	memcpy(copy, last, last_len);
	given[givens++] = copy;
	oracle_request(copy, last_len);
	*f = (struct frame){ copy, last_len };
}

static void
step_frame(enum step step, struct frame *f)
{
	static void (*const make[])(void) = { make_raw, make_ata, make_config,
	    make_mask, make_reserve };

	if (step < AGAIN)
		make[step]();
	give(f);
}

/*
 * Events.
 */

/* The platform has looked at the link, which was like this before. */
static void
link_changed(const struct link *old)
{
	const struct link *l = &fake.link;

	fake.link.looks++;
	if (l->up && (!old->up || l->mtu != old->mtu ||
	    memcmp(l->mac, old->mac, MAC_LEN) != 0))
		oracle_advert();
}

static void
link_event(enum step step, unsigned v)
{
	static const uint8_t loopback[MAC_LEN];
	struct link old = fake.link;

	if (step == LINK)
		fake.link.mtu = 68 + v * 37;
	else if (step == CARRIER)
		fake.link.up = v % 2 == 0;
	else if (memcmp(fake.link.mac, loopback, MAC_LEN) != 0)
		host(fake.link.mac, v | 0x80);
	link_changed(&old);
}

/* What the engine does changes no result. */
static void
engine_event(unsigned v)
{
	fake.order = v % 3;
	fake.stalled = v & 0x40;
	fake.accept = v / 4 % 4;
}

static void
step_event(enum step step, unsigned v)
{
	switch (step) {
	case LINK: case ADDRESS: case CARRIER:
		link_event(step, v);
		break;
	case RESIZE:
		target_resize(v % (DISK_SECTORS + 1));
		break;
	case BAD:
		fake.bad = v < DISK_SECTORS ? 1ULL << v : 0;
		break;
	case COLD:
		fake.cold = v * 0x0101010101010101ULL;
		break;
	case MAX_IO:
		fake.max_io = v / 2 * 16;
		fake.flaky = v > 0;
		fake.misaligned = v % 2 == 1;
		break;
	case SYNCS:
		fake.sync_fails = v % 2 == 1;
		break;
	case TIME:	/* a sync of the pool would come at any time */
		waiting = pool ? 0 : (int)v * 10000;
		break;
	case SLOW:
		fake.op_time = v * 10;
		break;
	case SIGNAL:
		if (v % 2 == 0)
			oracle_advert();
		fake_raise(v % 2 == 0 ? SIGHUP : SIGUSR1);
		break;
	default:
		break;
	}
}

/* Let time pass, but no more than vblade is ready to wait. */
static void
pass(int timeout)
{
	static int idle;
	int64_t step = timeout < 0 || timeout * 1000LL > waiting ? waiting :
	    timeout * 1000LL;

	check(step > 0 || ++idle < 1000, "it does not sleep");
	if (step > 0)
		idle = 0;
	fake.time += step;
	waiting -= step;
	oracle_time_passed();
}

/* Frames up to the next step that is something else. */
static int
frames_of_batch(struct frame frames[], int max)
{
	int n = 0;

	while (n < max && n < FRAMES_MAX && left > 0 && *input % STEPS <= AGAIN)
		step_frame(next() % STEPS, &frames[n++]);
	if (left > 0 && *input % STEPS == PAUSE)
		next();
	return n;
}

int
fake_recv(struct frame frames[], int max, int timeout)
{
	enum step step = left > 0 ? *input % STEPS : PAUSE;
	bool end = left == 0 || max == 0;

	while (givens > 0)
		free(given[--givens]);
	if (waiting > 0 && fake_busy() == 0) {
		pass(timeout);
		return 0;
	}
	if (!end && step == ENGINE) {
		next();
		engine_event(next());
		return 0;
	}
	if ((end || step > PAUSE || oracle_due() > UNDER_WAY_MAX ||
	    waiting > 0) && !target_settle())
		return 0;
	if (end)
		target_stop();
	else if (step <= PAUSE)
		return frames_of_batch(frames, max);
	else {
		next();
		step_event(step, next());
	}
	return 0;
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
	pool = data[0] & OPT_POOL;
	target_run(data[0]);
	while (givens > 0)
		free(given[--givens]);
	return 0;
}
