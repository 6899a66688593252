/* SPDX-License-Identifier: ISC */
/*
 * replay.c: run the fuzz target where there is no libFuzzer: with gcc, under
 * valgrind, on another processor.
 *
 *	replay file ...
 *
 * The target gets the inputs in the files.
 */
#include <err.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
main(int argc, char *argv[])
{
	static uint8_t data[2048];

	for (int i = 1; i < argc; i++) {
		FILE *f = fopen(argv[i], "rb");

		if (f == NULL)
			err(2, "%s", argv[i]);
		LLVMFuzzerTestOneInput(data, fread(data, 1, sizeof data, f));
		fclose(f);
	}
	return 0;
}
