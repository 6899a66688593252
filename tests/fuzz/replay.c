/*
 * replay: gives a fuzz target the inputs in the files that are named, where
 * there is no fuzzer: under valgrind, on another processor, with gcc.
 */
#include <err.h>
#include <stdint.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
main(int argc, char *argv[])
{
	static uint8_t input[1 << 20];
	FILE *f;

	if (argc < 2)
		errx(2, "usage: replay file ...");
	for (int i = 1; i < argc; i++) {
		if ((f = fopen(argv[i], "rb")) == NULL)
			err(2, "%s", argv[i]);
		LLVMFuzzerTestOneInput(input,
		    fread(input, 1, sizeof input, f));
		fclose(f);
	}
	printf("%d inputs\n", argc - 1);
	return 0;
}
