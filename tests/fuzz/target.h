/* SPDX-License-Identifier: ISC */
/*
 * target.h: vblade on the fake platform, with a disk in memory, from its
 * start to its end, under the eyes of the oracle.
 *
 * A harness calls target_run and provides fake_recv.
 */
#include "oracle.h"

enum {				/* bits of the options */
	OPT_READONLY = 1, OPT_SYNC = 2, OPT_MASKED = 4, OPT_PART = 8,
	OPT_POOL = 16, OPT_LOOPBACK = 32, OPT_MTU = 64 /* and the bit above */
};

void target_run(unsigned options);

/* The disk gets another size. */
void target_resize(uint64_t sectors);

/*
 * Let all that is due happen: returns true when it has, false if fake_recv
 * has to return first, to be called again.
 */
bool target_settle(void);

/* vblade has to end. */
void target_stop(void);
