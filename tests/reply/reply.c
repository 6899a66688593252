/* SPDX-License-Identifier: ISC */
/*
 * reply: vblade with a scripted, text-driven platform, to test its replies
 * without a network, a clock or rights.
 *
 *	reply [option ...] shelf slot mtu file
 *	reply -x		print frames in plain hexadecimal
 *
 * The command line is vblade's, except that the interface is named by its
 * MTU, or by "MTU,down" for one without carrier.  Standard input has one frame
 * a line, in the notation of ../notation.h.  Consecutive lines arrive as one
 * batch; an empty line, a directive or the end of the input ends it.  The end
 * of the input is a SIGTERM.
 *
 * Standard output has a line for whatever happens: each frame that vblade
 * sends, in plain hexadecimal; each disk operation that was executed, as
 * "read SECTOR COUNT", "write SECTOR COUNT" or "sync", followed by "in the
 * loop" or "cached" if the engine or the pool did not do it; and vblade's
 * ready line.
 *
 * A directive, such as ":mtu 9000", takes effect where it stands: see the
 * table `directives` and directive().
 *
 * All that can finish does so before the next batch or directive; what is
 * held at the end of the input is released then.  Time stands still except
 * in :pass and for :slow.  With POOL set in the environment the platform has
 * no engine.  A frame arrives at an odd address in memory of its own size,
 * and is overwritten when its batch is over.
 */
#include <ctype.h>
#include <err.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../fake-platform.h"
#include "../notation.h"

enum { FRAME_MAX = 4 << 20, FRAMES_MAX = 256 };

static int disk;
static unsigned to_drop;
static int64_t send_time;
static bool stopped;
static struct iovec batch[FRAMES_MAX];
static int batched;

/*
 * Directives.
 */

/* The bit of a sector, or those of all. */
static uint64_t
sector_set(const char *text)
{
	unsigned long n = strtoul(text, NULL, 10);

	return isdigit((unsigned char)*text) ? 1ULL << (n < 63 ? n : 63) :
	    UINT64_MAX;
}

static const struct directive {
	const char *name;
	enum { NUMBER, TIME, SECTORS, TEXT, YES, NO } how;
	void *at;
} directives[] = {
	/* The interface. */
	{ ":mtu", NUMBER, &fake.link.mtu },
	{ ":index", NUMBER, &fake.link.index },
	{ ":name", TEXT, fake.link.name },
	{ ":master", TEXT, fake.link.master },
	{ ":up", YES, &fake.link.up },
	{ ":down", NO, &fake.link.up },
	{ ":full", NUMBER, &to_drop },		/* frames to be sent */
	{ ":slow-send", TIME, &send_time },	/* us a frame */
	/* The disk: sets are one sector, or all. */
	{ ":unit", NUMBER, &fake.unit },
	{ ":cold", SECTORS, &fake.cold },	/* not in the page cache */
	{ ":bad", SECTORS, &fake.bad },		/* transfers fail */
	{ ":short", NUMBER, &fake.max_io },	/* bytes at a time */
	{ ":invalid", NUMBER, &fake.invalid },	/* operations that fail */
	{ ":sync-fails", YES, &fake.sync_fails },
	{ ":sync-works", NO, &fake.sync_fails },
	{ ":slow", TIME, &fake.op_time },	/* us an operation */
	{ ":hold", SECTORS, &fake.held },	/* do not finish */
	{ ":hold-syncs", YES, &fake.hold_syncs },
	{ ":accept", NUMBER, &fake.accept },	/* operations a submit */
};

/* False if the word is none of the table. */
static bool
directive_of_table(const char *word, const char *text)
{
	const struct directive *d = directives;

	while (strcmp(word, d->name) != 0)
		if (++d == directives + sizeof directives / sizeof *directives)
			return false;
	switch (d->how) {
	case NUMBER:
		*(unsigned *)d->at = (unsigned)strtoul(text, NULL, 10);
		break;
	case TIME:
		*(int64_t *)d->at = strtoll(text, NULL, 10);
		break;
	case SECTORS:
		*(uint64_t *)d->at = sector_set(text);
		break;
	case TEXT:
		snprintf(d->at, sizeof fake.link.name, "%s", text);
		break;
	default:
		*(bool *)d->at = d->how == YES;
	}
	return true;
}

static void
stop(void)
{
	stopped = true;
	fake_raise(SIGTERM);
}

static void
pass(int timeout)
{
	fake.time += timeout < 0 ? 3600000000 : timeout * 1000;
}

/*
 * Beside those of the table: ":hup", ":usr1" and ":term", which are signals;
 * ":mac HEX" of the interface; ":warm", the contrary of ":cold";
 * ":truncate BYTES", -1 for an unknown size; ":release", which ends all that is
 * held; and ":pass", which waits as long as vblade would without frames.
 */
static void
directive(char *line, int timeout)
{
	const char *word = strtok(line, " "), *text = strtok(NULL, " ");
	off_t n;

	text = text == NULL ? "" : text;
	n = (off_t)strtoll(text, NULL, 10);
	fake_lock();
	if (strcmp(word, ":mac") == 0) {
		frame_parse(text, fake.link.mac, MAC_LEN);
	} else if (strcmp(word, ":warm") == 0) {
		fake.cold = 0;
	} else if (strcmp(word, ":truncate") == 0) {
		fake.size = n < 0 || ftruncate(disk, n) == 0 ? n : -1;
	} else if (strcmp(word, ":release") == 0) {
		fake.held = fake.hold_syncs = 0;
	} else if (strcmp(word, ":pass") == 0) {
		pass(timeout);
	} else if (strcmp(word, ":hup") == 0) {
		fake_raise(SIGHUP);
	} else if (strcmp(word, ":usr1") == 0) {
		fake_raise(SIGUSR1);
	} else if (strcmp(word, ":term") == 0) {
		stop();
	} else if (!directive_of_table(word, text)) {
		errx(NOTATION_ERROR, "unknown directive %s", word);
	}
	fake.link.updates++;
	fake_unlock();
}

/*
 * The platform.
 */

bool
fake_sent(const struct iovec *f)
{
	fake.time += (int64_t)send_time;
	if (to_drop > 0) {
		to_drop--;
		return false;
	}
	if (f->iov_len > fake.link.mtu + ETH_HEADER)
		printf("too long: ");
	frame_print(f->iov_base, f->iov_len);
	return true;
}

/* A use of these frames after their batch must be noticed. */
static void
forget_batch(void)
{
	while (batched > 0) {
		batched--;
		memset(batch[batched].iov_base, 0xdd, batch[batched].iov_len);
		free((uint8_t *)batch[batched].iov_base - 1);
	}
}

static void
add_frame(const char *line)
{
	static uint8_t bytes[FRAME_MAX];
	size_t len = frame_parse(line, bytes, sizeof bytes);
	uint8_t *p = malloc(len + 1);

	if (p == NULL)
		err(99, "malloc");
	batch[batched++] = (struct iovec){ memcpy(p + 1, bytes, len), len };
}

/* The end of the input: stop vblade, release what is held, let time pass. */
static void
end(int timeout)
{
	fake_lock();
	if (!stopped)
		stop();
	else if (fake.held == 0 && !fake.hold_syncs && timeout < 0)
		fake_fail("vblade does not end");
	else if (fake.held == 0 && !fake.hold_syncs)
		pass(timeout);
	else
		fake.held = fake.hold_syncs = 0;
	fake_unlock();
}

/* A directive that ends a batch is carried out at the next call. */
int
fake_recv(struct iovec frames[], int max, int timeout)
{
	static char *line;
	static size_t size;
	static bool put_back;

	forget_batch();
	while (max == 0 || batched < max) {
		if (!put_back && getline(&line, &size, stdin) < 0) {
			if (batched == 0)
				end(timeout);
			break;
		}
		line[strcspn(line, "\n")] = '\0';
		put_back = *line == ':' && batched > 0;
		if (put_back || (*line == '\0' && batched > 0))
			break;
		if (*line == ':') {
			directive(line, timeout);
			break;
		}
		if (*line != '\0' && max > 0 && batched < FRAMES_MAX)
			add_frame(line);
	}
	memcpy(frames, batch, (size_t)batched * sizeof *batch);
	return batched;
}

void
fake_move(bool write, uint8_t *p, size_t len, off_t offset)
{
	ssize_t n = write ? pwrite(disk, p, len, offset) :
	    pread(disk, p, len, offset);

	if (n != (ssize_t)len)
		err(99, "%s", write ? "pwrite" : "pread");
}

void
fake_executed(const struct io *io, enum place place)
{
	static const char *const names[] = { "", "read", "write", "sync" };
	static const char *const places[] = { "", " in the loop", " cached" };

	printf("%s", names[io->op]);
	if (io->op != OP_SYNC)
		printf(" %jd %zu", (intmax_t)(io->offset / SECTOR),
		    io->len / SECTOR);
	printf("%s\n", places[place]);
	fflush(stdout);
}

static int
print_frames(void)
{
	static uint8_t bytes[FRAME_MAX];
	char *line = NULL;
	size_t size = 0;

	while (getline(&line, &size, stdin) >= 0)
		frame_print(bytes, frame_parse(line, bytes, sizeof bytes));
	free(line);
	return 0;
}

int
main(int argc, char *argv[])
{
	initiator = (const uint8_t[]){ 2, 0, 0, 0, 0, 1 };
	target = (const uint8_t[]){ 2, 0, 0, 0, 0, 2 };
	if (argc == 2 && strcmp(argv[1], "-x") == 0)
		return print_frames();
	alarm(300);
	fake = (struct fake){ .unit = SECTOR, .time = 1000000,
	    .pool = getenv("POOL") != NULL, .link = { .updates = 1, .index = 2,
	    .name = "eth0" } };
	memcpy(fake.link.mac, target, MAC_LEN);
	if (argc > 4) {
		fake.link.mtu = (unsigned)strtoul(argv[argc - 2], NULL, 10);
		fake.link.up = strchr(argv[argc - 2], ',') == NULL;
		disk = open(argv[argc - 1], O_RDWR);
		fake.size = lseek(disk, 0, SEEK_END);
	}
	return fake_run(argc, argv);
}
