/* SPDX-License-Identifier: ISC */
/*
 * replay.c: run the fuzz target where there is no libFuzzer: under valgrind,
 * on another processor, with gcc.
 *
 *	replay seconds file ...
 *
 * The target gets the inputs in the files; then, for so many seconds, others
 * that are made from them by small random changes.  KEEP in the environment
 * names the file that has the input that is being tried.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../aoe-wire.h"

struct input {
	size_t len;
	uint8_t data[2048];
};

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static uint64_t seed = 1;
static struct input made, other;

static void
load(struct input *in, const char *path)
{
	FILE *f = fopen(path, "rb");

	if (f == NULL)
		err(2, "%s", path);
	in->len = fread(in->data, 1, sizeof in->data, f);
	fclose(f);
}

/* Replace a few bytes by a few others, of the other input or random ones. */
static void
splice(void)
{
	size_t at = random_below(&seed, made.len + 1);
	size_t cut = random_below(&seed, 8), add = random_below(&seed, 16);
	size_t skip = random_below(&seed, other.len + 1);

	cut = cut < made.len - at ? cut : made.len - at;
	if (made.len - cut + add > sizeof made.data)
		return;
	memmove(made.data + at + add, made.data + at + cut,
	    made.len - at - cut);
	made.len += add - cut;
	for (size_t i = 0; i < add; i++)
		made.data[at + i] = skip + i < other.len ?
		    other.data[skip + i] : (uint8_t)random_below(&seed, 256);
}

static void
mutate(void)
{
	for (uint64_t n = random_below(&seed, 8); n < 8; n++) {
		if (made.len == 0 || random_below(&seed, 2) == 0)
			splice();
		else
			made.data[random_below(&seed, made.len)] ^=
			    (uint8_t)(1 << random_below(&seed, 8));
	}
}

static void
try(void)
{
	const char *keep = getenv("KEEP");
	FILE *f = keep == NULL ? NULL : fopen(keep, "wb");

	if (f != NULL) {
		fwrite(made.data, 1, made.len, f);
		fclose(f);
	}
	LLVMFuzzerTestOneInput(made.data, made.len);
}

int
main(int argc, char *argv[])
{
	time_t end = time(NULL) + (argc > 1 ? atoi(argv[1]) : 0);
	uint64_t files = (uint64_t)argc - 2;

	if (argc < 3)
		errx(2, "usage: replay seconds file ...");
	for (int i = 2; i < argc; i++) {
		load(&made, argv[i]);
		try();
	}
	while (time(NULL) < end) {
		load(&other, argv[2 + random_below(&seed, files)]);
		for (int i = 0; i < 50; i++) {
			load(&made, argv[2 + random_below(&seed, files)]);
			mutate();
			try();
		}
	}
	return 0;
}
