/* SPDX-License-Identifier: ISC */
/*
 * unread: run a program whose standard error is a terminal that is never read.
 *
 *	unread command [argument ...]
 *
 * The program keeps this process id.  A child keeps the other end of the
 * terminal open and ends when the program does.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY), terminal;
	pid_t parent = getpid();

	if (argc < 2)
		errx(2, "usage: unread command ...");
	if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0 ||
	    (terminal = open(ptsname(master), O_RDWR | O_NOCTTY)) < 0)
		err(1, "terminal");
	switch (fork()) {
	case -1:
		err(1, "fork");
	case 0:
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		while (getppid() == parent)
			sleep(1);
		_exit(0);
	}
	if (dup2(terminal, STDERR_FILENO) < 0)
		err(1, "terminal");
	close(terminal);
	close(master);
	execvp(argv[1], argv + 1);
	err(1, "%s", argv[1]);
}
