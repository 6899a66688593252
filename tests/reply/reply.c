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
 * a line, in the notation of ../frame.c: hexadecimal, SS and TT for the
 * initiator's and the target's MAC, XX*N for the byte XX repeated N times, @N
 * for zeroes up to byte N; and sectors:L,N for what N sectors of an image of
 * ../helper.bash held at first.  Consecutive lines arrive as one batch; an
 * empty line, a directive or the end of the input ends it.  The end of the
 * input is a SIGTERM.
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
#include <sys/stat.h>

#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../fake-platform.h"

enum { FRAME_MAX = 4 << 20, FRAMES_MAX = 256 };

static const uint8_t initiator[MAC_LEN] = { 2, 0, 0, 0, 0, 1 };
static const uint8_t target[MAC_LEN] = { 2, 0, 0, 0, 0, 2 };

static int disk;
static int to_drop;
static uint64_t send_time;
static bool stopped;
static char *memory[FRAMES_MAX];	/* of the frames of this batch */
static struct frame batch[FRAMES_MAX];
static int batched;

static _Noreturn void
syntax(const char *text)
{
	fflush(stdout);
	fprintf(stderr, "reply: syntax error: %s\n", text);
	_exit(99);
}

/*
 * The notation of frames.
 */

static size_t
hex_bytes(const char *s, size_t digits, uint8_t *to)
{
	char byte[3] = "", *end;

	for (size_t i = 0; i + 1 < digits; i += 2) {
		memcpy(byte, s + i, 2);
		to[i / 2] = (uint8_t)strtoul(byte, &end, 16);
		if (end != byte + 2)
			syntax(s);
	}
	if (digits % 2 != 0)
		syntax(s);
	return digits / 2;
}

/* Sector n of an image holds n in 511 digits and the end of a line. */
static size_t
image_sectors(const char *text, uint8_t *to)
{
	unsigned long long first = 0, count = 0;

	if (sscanf(text, "%llu,%llu", &first, &count) != 2)
		syntax(text);
	for (unsigned long long i = 0; i < count; i++)
		sprintf((char *)to + i * SECTOR, "%0511llu\n", first + i);
	return (size_t)count * SECTOR;
}

/* Append a word to the n bytes of a frame; returns their new number. */
static size_t
frame_word(const char *word, uint8_t *to, size_t n)
{
	size_t digits = strcspn(word, "*"), fill = 0;

	if (strcmp(word, "SS") == 0 || strcmp(word, "TT") == 0) {
		memcpy(to + n, *word == 'S' ? initiator : target, MAC_LEN);
		return n + MAC_LEN;
	}
	if (strncmp(word, "sectors:", 8) == 0)
		return n + image_sectors(word + 8, to + n);
	if (*word == '@') {
		fill = strtoul(word + 1, NULL, 10);
		fill = fill > n ? fill - n : 0;
		memset(to + n, 0, fill);
		return n + fill;
	}
	n += hex_bytes(word, digits, to + n);
	if (word[digits] == '\0')
		return n;
	fill = strtoul(word + digits + 1, NULL, 10);
	memset(to + n, to[n - 1], fill);
	return n + fill - 1;
}

static size_t
frame_parse(char *line, uint8_t *to)
{
	size_t n = 0;

	for (char *word = strtok(line, " \t"); word != NULL;
	    word = strtok(NULL, " \t"))
		n = frame_word(word, to, n);
	return n;
}

static void
frame_print(const uint8_t *p, size_t len)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		putchar(digits[p[i] >> 4]);
		putchar(digits[p[i] & 15]);
	}
	putchar('\n');
}

/*
 * Directives.
 */

static const struct directive {
	const char *name;
	enum { NUMBER, SECTORS, TEXT, YES, NO, RAISE } how;
	void *at;
	size_t size;
	int signal;
} directives[] = {
#define AT(variable) &(variable), sizeof(variable), 0
	/* The interface. */
	{ ":mtu", NUMBER, AT(fake.link.mtu) },
	{ ":index", NUMBER, AT(fake.link.index) },
	{ ":name", TEXT, AT(fake.link.name) },
	{ ":bridge", TEXT, AT(fake.link.bridge) },
	{ ":up", YES, AT(fake.link.up) },
	{ ":down", NO, AT(fake.link.up) },
	{ ":full", NUMBER, AT(to_drop) },	/* frames to be sent */
	{ ":slow-send", NUMBER, AT(send_time) },	/* us a frame */
	/* The disk: sets are one sector, or all. */
	{ ":unit", NUMBER, AT(fake.unit) },
	{ ":cold", SECTORS, AT(fake.cold) },	/* not in the page cache */
	{ ":warm", NO, AT(fake.cold) },
	{ ":bad", SECTORS, AT(fake.bad) },	/* transfers fail */
	{ ":short", NUMBER, AT(fake.max_io) },	/* bytes at a time */
	{ ":misaligned", YES, AT(fake.misaligned) },
	{ ":sync-fails", YES, AT(fake.sync_fails) },
	{ ":sync-works", NO, AT(fake.sync_fails) },
	{ ":slow", NUMBER, AT(fake.op_time) },	/* us an operation */
	{ ":hold", SECTORS, AT(fake.held) },	/* do not finish */
	{ ":hold-syncs", YES, AT(fake.hold_syncs) },
	{ ":accept", NUMBER, AT(fake.accept) },	/* operations a submit */
	/* Signals; the late one is SIGUSR1, see fake-platform.h. */
	{ ":late-signal", YES, AT(fake.late_signal) },
	{ ":hup", RAISE, NULL, 0, SIGHUP },
	{ ":usr1", RAISE, NULL, 0, SIGUSR1 },
	{ ":term", RAISE, NULL, 0, SIGTERM },
};

static void
store(const struct directive *d, uint64_t n)
{
	if (d->size == sizeof(uint64_t))
		*(uint64_t *)d->at = n;
	else if (d->size == sizeof(uint32_t))
		*(uint32_t *)d->at = (uint32_t)n;
	else
		*(bool *)d->at = n != 0;
}

/* The bit of a sector, or those of all. */
static uint64_t
sector_set(const char *text)
{
	unsigned long n = strtoul(text, NULL, 10);

	return isdigit((unsigned char)*text) ? 1ULL << (n < 63 ? n : 63) :
	    UINT64_MAX;
}

static void
signal_vblade(int sig)
{
	stopped |= sig == SIGTERM;
	fake_raise(sig);
}

/* False if the word is none of the table. */
static bool
directive_of_table(const char *word, const char *text)
{
	const struct directive *d = directives;

	while (strcmp(word, d->name) != 0)
		if (++d == directives + sizeof directives / sizeof *directives)
			return false;
	if (d->how == RAISE) {
		signal_vblade(d->signal);
		return true;
	}
	fake_lock();
	if (d->how == TEXT)
		snprintf(d->at, d->size, "%s", text);
	else
		store(d, d->how == SECTORS ? sector_set(text) :
		    d->how == YES ? 1 : d->how == NO ? 0 :
		    strtoull(text, NULL, 10));
	fake.link.updates++;
	fake_unlock();
	return true;
}

static int
error_number(const char *name)
{
	return strcmp(name, "EINTR") == 0 ? EINTR :
	    strcmp(name, "EAGAIN") == 0 ? EAGAIN :
	    strcmp(name, "EINVAL") == 0 ? EINVAL : EIO;
}

static void
pass(int timeout)
{
	fake.time += timeout < 0 ? 3600000000 : timeout * 1000;
}

/*
 * Beside those of the table: ":mac HEX" and ":gone" of the interface;
 * ":truncate BYTES", -1 for an unknown size; ":error NAME [N]", with which the
 * next N (1) operations fail; ":release", which ends all that is held; and
 * ":pass", which waits as long as vblade would without frames.
 */
static void
directive(char *line, int timeout)
{
	const char *word = strtok(line, " "), *text = strtok(NULL, " ");
	const char *number = strtok(NULL, " ");
	off_t n;

	text = text == NULL ? "" : text;
	n = (off_t)strtoll(text, NULL, 10);
	if (directive_of_table(word, text))
		return;
	fake_lock();
	if (strcmp(word, ":mac") == 0) {
		hex_bytes(text, 2 * MAC_LEN, fake.link.mac);
	} else if (strcmp(word, ":gone") == 0) {
		fake.link.index = fake.link.up = 0;
	} else if (strcmp(word, ":truncate") == 0) {
		fake.size = n < 0 || ftruncate(disk, n) == 0 ? n : -1;
	} else if (strcmp(word, ":error") == 0) {
		fake.error = error_number(text);
		fake.errors = number == NULL ? 1 : atoi(number);
	} else if (strcmp(word, ":release") == 0) {
		fake.held = fake.hold_syncs = 0;
	} else if (strcmp(word, ":pass") == 0) {
		pass(timeout);
	} else {
		syntax(word);
	}
	fake.link.updates++;
	fake_unlock();
}

/*
 * The platform.
 */

bool
fake_sent(const struct frame *f)
{
	fake.time += (int64_t)send_time;
	if (to_drop > 0) {
		to_drop--;
		return false;
	}
	if (f->len > fake.link.mtu + ETH_HEADER)
		printf("too long: ");
	frame_print(f->data, f->len);
	fflush(stdout);
	return true;
}

/* A use of these frames after their batch must be noticed. */
static void
forget_batch(void)
{
	while (batched > 0) {
		batched--;
		memset(batch[batched].data, 0xdd, batch[batched].len);
		free(memory[batched]);
	}
}

static struct frame
add_frame(char *line)
{
	static uint8_t bytes[FRAME_MAX];
	size_t len = frame_parse(line, bytes);
	char *p = malloc(len + 1);

	if (p == NULL)
		err(99, "malloc");
	memcpy(p + 1, bytes, len);
	memory[batched] = p;
	batch[batched] = (struct frame){ (uint8_t *)p + 1, len };
	return batch[batched++];
}

/* The end of the input: stop vblade, release what is held, let time pass. */
static void
end(int timeout)
{
	fake_lock();
	if (stopped && fake.held == 0 && !fake.hold_syncs) {
		if (timeout < 0)
			fake_fail("vblade does not end");
		pass(timeout);
	}
	if (stopped)
		fake.held = 0, fake.hold_syncs = false;
	fake_unlock();
	if (!stopped)
		signal_vblade(SIGTERM);
}

/* A directive that ends a batch is carried out at the next call. */
int
fake_recv(struct frame frames[], int max, int timeout)
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
		if (*line != '\0' && max > 0 && batched < FRAMES_MAX) {
			struct frame f = add_frame(line);

			frames[batched - 1] = f;
		}
	}
	return batched;
}

void
fake_open(const char *path, int flags)
{
	struct stat st;

	disk = open(path, flags & DISK_READONLY ? O_RDONLY : O_RDWR);
	if (disk < 0 || fstat(disk, &st) < 0)
		err(EXIT_DISK, "%s", path);
	fake.size = st.st_size;
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
	size_t len = 0;

	for (int i = 0; i < io->count; i++)
		len += io->iov[i].iov_len;
	printf("%s", names[io->op]);
	if (io->op != OP_SYNC)
		printf(" %jd %zu", (intmax_t)(io->offset / SECTOR),
		    len / SECTOR);
	printf("%s\n", places[place]);
	fflush(stdout);
}

static int
print_frames(void)
{
	static uint8_t bytes[FRAME_MAX];
	char *line = NULL;
	size_t size = 0;

	while (getline(&line, &size, stdin) >= 0) {
		line[strcspn(line, "\n")] = '\0';
		frame_print(bytes, frame_parse(line, bytes));
	}
	free(line);
	return 0;
}

int
main(int argc, char *argv[])
{
	if (argc == 2 && strcmp(argv[1], "-x") == 0)
		return print_frames();
	alarm(300);
	fake = (struct fake){ .unit = SECTOR, .time = 1000000,
	    .pool = getenv("POOL") != NULL, .link = { .updates = 1, .index = 2,
	    .mac = { 2, 0, 0, 0, 0, 2 }, .name = "eth0" } };
	if (argc > 4) {
		const char *interface = argv[argc - 2];

		fake.link.mtu = (unsigned)strtoul(interface, NULL, 10);
		fake.link.up = strstr(interface, ",down") == NULL;
	}
	return fake_run(argc, argv);
}
