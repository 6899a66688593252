/* SPDX-License-Identifier: ISC */
/*
 * without: run a program on a kernel that lacks some system calls.
 *
 *	without [-e error] [-l] [-u] command [argument ...]
 *
 * -u: no io_uring, so that vblade uses its pool of threads.  -l: no Landlock.
 * A seccomp filter lets these system calls fail with EPERM, as a container
 * does, or with the given errno.  Their numbers are the same on all
 * architectures.  Does not fork: the process id stays.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static void
deny(unsigned first, unsigned last, unsigned error)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, first, 0, 2),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, last, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof code / sizeof *code, code };

	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
		err(1, "seccomp (requires root)");
}

int
main(int argc, char **argv)
{
	unsigned error = EPERM;
	int c;

	while ((c = getopt(argc, argv, "+e:lu")) != -1) {
		if (c == 'e')
			error = (unsigned)strtoul(optarg, NULL, 10);
		else if (c == 'l')
			deny(SYS_landlock_create_ruleset,
			    SYS_landlock_restrict_self, error);
		else if (c == 'u')
			deny(SYS_io_uring_setup, SYS_io_uring_register, error);
		else
			return 2;
	}
	if (optind == argc)
		errx(2, "usage: without [-e error] [-l] [-u] command ...");
	execvp(argv[optind], argv + optind);
	err(1, "%s", argv[optind]);
}
