/* SPDX-License-Identifier: ISC */
/*
 * fuzz.c: the fuzz target: vblade on the fake platform, with a disk in
 * memory, from its start to its end, under the eyes of the oracle.
 *
 * The first byte of the input is how vblade is started; then come steps, each
 * a byte for its kind, and its arguments: frames, which vblade gets together
 * until something else happens, and events of the link, the disk, the engine,
 * the clock and signals.
 *
 * Before an event that changes results everything that is due happens, so
 * that the oracle knows the replies; but requests may meet others under way.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "oracle.h"

enum {				/* bits of the first byte */
	OPT_READONLY = 1, OPT_SYNC = 2, OPT_MASKED = 4, OPT_PART = 8,
	OPT_POOL = 16, OPT_LOOPBACK = 32, OPT_MTU = 64 /* and the bit above */
};

enum step {
	RAW, ATA, CONFIG, MASK, RESERVE, AGAIN,			/* frames */
	PAUSE, LINK, ADDRESS, RESIZE, BAD, COLD, MAX_IO, SYNCS, TIME,
	ENGINE, SLOW, CARRIER, SIGNAL, STEPS
};

enum {
	FRAMES_MAX = 24,	/* in a batch */
	UNDER_WAY_MAX = 24,	/* replies due when it arrives */
	TAIL_BYTES = 100,	/* that fill no sector, with OPT_PART */
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
static int stopped;	/* calls since the signal to stop */

static uint8_t
next(void)
{
	if (left == 0)
		return 0;
	left--;
	return *input++;
}

/*
 * The disk and the net; the oracle has fake_executed and fake_sent.
 */

void
fake_move(bool write, uint8_t *p, size_t len, off_t offset)
{
	check((size_t)offset + len <= sizeof disk, "I/O beyond the disk");
	if (write)
		memcpy(disk + offset, p, len);
	else
		memcpy(p, disk + offset, len);
}

/*
 * Let all that is due happen: returns true when it has, false if fake_recv
 * has to return first, to be called again.
 */
static bool
settle(void)
{
	static unsigned tries;

	if ((unmet == 0 && fake_busy() == 0) || ++tries > 1000) {
		oracle_settled();
		tries = 0;
		return true;
	}
	fake.stalled = false;
	fake.accept = 0;
	return false;
}

/*
 * Frames.
 */

/* The address of one of a few hosts. */
static void
host(uint8_t *mac, unsigned which)
{
	memcpy(mac, (uint8_t[]){ 2, 0, 0, 0, (uint8_t)(which >> 8),
	    (uint8_t)which }, 6);
}

/* A request from a host, of n bytes in all; returns where its body begins. */
static uint8_t *
request_begin(unsigned from, uint8_t command, size_t n)
{
	static const uint8_t middle[] = { 0x88, 0xa2, 0x10, 0, SHELF >> 8,
	    SHELF & 0xff, SLOT };

	memset(last, 0, n);
	last_len = n;
	memcpy(last, fake.link.mac, 6);
	host(last + 6, from % 4);
	memcpy(last + 12, middle, sizeof middle);
	last[19] = command;
	last[20] = tag++;
	return last + 24;
}

static void
make_raw(void)
{
	size_t n = next() * 256U;

	n = (n + next()) % sizeof last;
	last_len = n < left ? n : left;
	memcpy(last, input, last_len);
	input += last_len;
	left -= last_len;
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
	p = request_begin(what, 0, 36 + payload);
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
	uint8_t *p = request_begin(what, 1, 32 + n * 4);

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
	uint8_t *p = request_begin(what, 2, 28 + n % 128 * 8), *d = p + 4;

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
	uint8_t *p = request_begin(what, 3, 26 + n * 6);

	p[0] = (uint8_t)(what / 4 % 4);
	p[1] = (uint8_t)(what & 0x40 ? n + 1 : n);
	for (unsigned i = 0; i < n; i++)
		host(p + 2 + 6 * i, what & 0x80 ? i : next());
}

/* The next frame, in memory that ends where it ends. */
static struct iovec
step_frame(void)
{
	static void (*const make[])(void) = { make_raw, make_ata, make_config,
	    make_mask, make_reserve };
	enum step step = next() % STEPS;
	uint8_t *copy;

	if (step < AGAIN)
		make[step]();
	copy = malloc(last_len > 0 ? last_len : 1);
	check(copy != NULL, "no memory for the harness");
	memcpy(copy, last, last_len);
	given[givens++] = copy;
	oracle_request(copy, last_len);
	return (struct iovec){ copy, last_len };
}

/*
 * Events.
 */

static void
link_event(enum step step, unsigned v)
{
	const struct link old = fake.link;
	struct link *l = &fake.link;

	if (step == LINK)
		l->mtu = 68 + v * 37;
	else if (step == CARRIER)
		l->up = v % 2 == 0;
	else if (memcmp(l->mac, none, MAC_LEN) != 0)
		host(l->mac, v | 0x80);
	l->updates++;
	if (l->up && (!old.up || l->mtu != old.mtu ||
	    memcmp(l->mac, old.mac, MAC_LEN) != 0))
		oracle_advert();
}

static void
step_event(enum step step, unsigned v)
{
	switch (step) {
	case LINK: case ADDRESS: case CARRIER:
		link_event(step, v);
		break;
	case RESIZE:
		fake.size = v % (DISK_SECTORS + 1) * SECTOR +
		    fake.size % SECTOR;
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
		waiting = fake.pool ? 0 : (int)v * 10000;
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

	idle = step > 0 ? 0 : idle + 1;
	check(idle < 1000, "it does not sleep");
	fake.time += step;
	waiting -= step;
	oracle_time_passed();
}

static void
free_frames(void)
{
	while (givens > 0)
		free(given[--givens]);
}

int
fake_recv(struct iovec frames[], int max, int timeout)
{
	enum step step = left > 0 ? *input % STEPS : PAUSE;
	bool end = left == 0;
	unsigned v;
	int n = 0;

	check(max > 0 || stopped > 0, "vblade receives no more frames");
	free_frames();
	if (waiting > 0 && fake_busy() == 0) {
		pass(timeout);
	} else if (!end && step == ENGINE) {	/* it changes no result */
		next();
		v = next();
		fake.order = v % 3;
		fake.stalled = v & 0x40;
		fake.accept = v / 4 % 4;
	} else if ((end || step > PAUSE || unmet > UNDER_WAY_MAX ||
	    waiting > 0) && !settle()) {
		return 0;
	} else if (end) {
		/* once more to start the last sync, and as it has ended */
		check(stopped < 3, "vblade does not end");
		if (stopped++ == 0)
			fake_raise(SIGTERM);
	} else if (step > PAUSE) {
		next();
		step_event(step, next());
	} else {	/* frames up to the next step that is something else */
		while (n < max && n < FRAMES_MAX && left > 0 &&
		    *input % STEPS <= AGAIN)
			frames[n++] = step_frame();
		if (left > 0 && *input % STEPS == PAUSE)
			next();
	}
	return n;
}

/*
 * A run.
 */

static void
start(unsigned options, const struct setup *setup)
{
	static const unsigned mtus[] = { 1500, 9000, 65536, 500 };

	fake = (struct fake){ .quiet = true, .poison = true, .unit = 4096,
	    .time = 1000000, .pool = options & OPT_POOL,
	    .size = (off_t)DISK_SECTORS * SECTOR +
	    (options & OPT_PART ? TAIL_BYTES : 0),
	    .link = { .updates = 1, .index = 1, .up = true, .name = "eth0",
	    .mtu = mtus[options / OPT_MTU % 4] } };
	if (!(options & OPT_LOOPBACK))
		host(fake.link.mac, 2);
	for (size_t i = 0; i < sizeof disk; i++)
		disk[i] = (uint8_t)(i / 512 * 7 + i % 509);
	waiting = 0;
	last_len = 0;
	tag = 1;
	stopped = 0;
	oracle_start(setup);
	oracle_advert();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned options = size > 0 ? *data : 0;
	struct setup setup = { .readonly = options & OPT_READONLY,
	    .sync_writes = options & OPT_SYNC, .masked = options & OPT_MASKED,
	    .first = options & OPT_PART ? 3 : 0,
	    .end = options & OPT_PART ? 50 : DISK_SECTORS, .buffers = 16 };
	char *argv[20] = { "vblade", "-b16" };
	char *operands[] = { "258", "3", "eth0", "disk" };
	int argc = 2;

	if (size < 2)
		return 0;
	input = data + 1;
	left = size - 1;
	if (options & OPT_READONLY)
		argv[argc++] = "-r";
	if (options & OPT_SYNC)
		argv[argc++] = "-s";
	if (options & OPT_MASKED)
		argv[argc++] = "-m020000000000,02:00:00:00:00:01";
	if (options & OPT_PART) {
		argv[argc++] = "-o3";
		argv[argc++] = "-l47";
	}
	memcpy(argv + argc, operands, sizeof operands);
	start(options, &setup);
	oracle_end(fake_run(argc + 4, argv));
	free_frames();
	return 0;
}
