/* SPDX-License-Identifier: ISC */
/*
 * frame.c: a fuzz target.  The first byte of the input is how vblade is
 * started, the rest is one frame, which it gets.
 */
#include <stdlib.h>
#include <string.h>

#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static const uint8_t *input;
static size_t input_len;
static uint8_t *copy;

/* First the frame, in memory that ends where it ends; then the end. */
int
fake_recv(struct frame frames[], int max, int timeout)
{
	(void)timeout;
	if (!target_settle())
		return 0;
	if (max == 0 || copy != NULL) {
		target_stop();
		return 0;
	}
	copy = malloc(input_len);
	check(copy != NULL, "no memory for the harness");
	memcpy(copy, input, input_len);
	oracle_request(copy, input_len);
	frames[0] = (struct frame){ copy, input_len };
	return 1;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	input = data + 1;
	input_len = size - 1;
	target_run(data[0]);
	free(copy);
	copy = NULL;
	return 0;
}
