/*
 * frame: a fuzz target.  The first byte of the input is how vblade is
 * started, the rest is one frame, which it gets.
 */
#include "target.h"
#include "oracle.h"

static const uint8_t *input;
static size_t input_len;
static uint8_t *frame_copy;

/* First the frame, in memory that ends where it ends; then the end. */
static int
feed(struct frame frames[], int max, int timeout, bool *news)
{
	(void)max, (void)timeout, (void)news;
	settle();
	if (frame_copy != NULL)
		return -1;
	if ((frame_copy = malloc(input_len)) == NULL)
		return -1;
	memcpy(frame_copy, input, input_len);
	expect_reply(frame_copy, input_len);
	frames[0] = (struct frame){ frame_copy, input_len };
	return 1;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	input = data + 1;
	input_len = size - 1;
	play(data[0]);
	free(frame_copy);
	frame_copy = NULL;
	return 0;
}
