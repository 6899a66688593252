/* SPDX-License-Identifier: ISC */
/*
 * writable: for LD_PRELOAD, makes select(2) find every descriptor ready, as it
 * finds one that another process fills right after that.
 */
#include <sys/select.h>

int
select(int n, fd_set *r, fd_set *w, fd_set *e, struct timeval *wait)
{
	(void)n, (void)r, (void)w, (void)e, (void)wait;
	return 1;
}
