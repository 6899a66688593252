/* SPDX-License-Identifier: ISC */
/*
 * replay.c: run a fuzz target where there is no libFuzzer: under valgrind, on
 * another processor, with gcc.
 *
 *	replay [-t seconds] [-s seed] file ...
 *
 * The target gets the inputs in the files; then, for so many seconds, others
 * that are made from them by small random changes.
 */
#include <err.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { INPUT_MAX = 2048 };

struct input {
	size_t len;
	uint8_t data[1 << 20];
};

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static uint64_t state = 1;
static struct input from, other, made;

/* splitmix64 */
static uint64_t
random_below(uint64_t n)
{
	uint64_t z = state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return (z ^ z >> 31) % n;
}

static void
load(struct input *in, const char *path)
{
	FILE *f = fopen(path, "rb");

	if (f == NULL)
		err(2, "%s", path);
	in->len = fread(in->data, 1, sizeof in->data, f);
	fclose(f);
}

/* Insert bytes of the other input, or random ones, at a random place. */
static void
insert(struct input *in)
{
	size_t at = random_below(in->len + 1), n = 1 + random_below(16);
	size_t skip = random_below(other.len + 1);

	if (in->len + n > INPUT_MAX)
		return;
	memmove(in->data + at + n, in->data + at, in->len - at);
	in->len += n;
	for (size_t i = 0; i < n; i++)
		in->data[at + i] = skip + i < other.len ?
		    other.data[skip + i] : (uint8_t)random_below(256);
}

static void
delete(struct input *in)
{
	size_t at = random_below(in->len), n = 1 + random_below(8);

	n = n < in->len - at ? n : in->len - at;
	memmove(in->data + at, in->data + at + n, in->len - at - n);
	in->len -= n;
}

static void
change(struct input *in)
{
	uint8_t *p = &in->data[random_below(in->len)];

	switch (random_below(3)) {
	case 0:
		*p ^= (uint8_t)(1 << random_below(8));
		break;
	case 1:
		*p = (uint8_t)random_below(256);
		break;
	default:
		*p = (uint8_t)(*p + (random_below(2) == 0 ? 1 : 255));
	}
}

static void
mutate(void)
{
	made.len = from.len < INPUT_MAX ? from.len : INPUT_MAX;
	memcpy(made.data, from.data, made.len);
	for (uint64_t n = 1 + random_below(8); n > 0; n--) {
		if (made.len == 0 || random_below(3) == 0)
			insert(&made);
		else if (random_below(4) == 0)
			delete(&made);
		else
			change(&made);
	}
}

/* Keep the input that is tried, for the case that it ends the program. */
static void
try(const struct input *in, const char *keep)
{
	FILE *f = keep == NULL ? NULL : fopen(keep, "wb");

	if (f != NULL) {
		fwrite(in->data, 1, in->len, f);
		fclose(f);
	}
	LLVMFuzzerTestOneInput(in->data, in->len);
}

static unsigned long
generate(char *files[], int n, int seconds, const char *keep)
{
	time_t end = time(NULL) + seconds;
	unsigned long count = 0;

	while (seconds > 0 && time(NULL) < end) {
		load(&from, files[random_below((uint64_t)n)]);
		load(&other, files[random_below((uint64_t)n)]);
		for (int i = 0; i < 50; i++, count++) {
			mutate();
			try(&made, keep);
		}
	}
	return count;
}

int
main(int argc, char *argv[])
{
	int c, seconds = 0;
	unsigned long count;

	while ((c = getopt(argc, argv, "s:t:")) != -1) {
		if (c == 's')
			state = strtoull(optarg, NULL, 10);
		else if (c == 't')
			seconds = atoi(optarg);
		else
			return 2;
	}
	argv += optind;
	argc -= optind;
	if (argc < 1)
		errx(2, "usage: replay [-t seconds] [-s seed] file ...");
	for (int i = 0; i < argc; i++) {
		load(&from, argv[i]);
		try(&from, NULL);
	}
	count = generate(argv, argc, seconds, getenv("KEEP"));
	printf("%lu inputs\n", (unsigned long)argc + count);
	return 0;
}
