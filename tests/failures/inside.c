/* SPDX-License-Identifier: ISC */
/*
 * inside.so: what can code that has taken over this process do?
 *
 * Preloaded into a program, it attempts on SIGUSR2 what a confined process must
 * not be able to do, and writes a line for each attempt to standard error: its
 * name, and "done" or the name of its errno.  The last is execve(2), which
 * reports nothing when it succeeds: then the process is /bin/true.
 *
 * Files are in the current directory; "one" and "two" exist.  No attempt harms
 * a process that succeeds, or the machine.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static void
attempt(const char *what, long result)
{
	dprintf(STDERR_FILENO, "%s: %s\n", what,
	    result == -1 ? strerrorname_np(errno) : "done");
}

static long
read_parent(void)
{
	char here;
	struct iovec to = { &here, 1 }, from = { environ, 1 };

	return process_vm_readv(getppid(), &to, 1, &from, 1, 0);
}

/* The io_uring of the program, which is the only one, tells what it can do. */
static long
probe_ring(void)
{
	struct io_uring_probe p = { 0 };
	long result = -1;

	errno = EOPNOTSUPP;
	for (int fd = 3; result == -1 && errno != EACCES && fd < 64; fd++)
		result = syscall(SYS_io_uring_register, fd,
		    IORING_REGISTER_PROBE, &p, 0);
	return result;
}

/* Without its filter, the packet socket would receive every AoE frame. */
static long
detach_filter(void)
{
	int none = 0;
	long result = -1;

	errno = ENOENT;
	for (int fd = 3; result == -1 && errno != EPERM && fd < 64; fd++)
		result = setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &none,
		    sizeof none);
	return result;
}

/* Attempts that take rights from a process that has them come last. */
static void
attempt_all(int sig)
{
	static char *const argv[] = { "true", NULL }, *const none[] = { NULL };
	struct io_uring_params ring = { 0 };
	int saved = errno;

	(void)sig;
	attempt("nothing", 0);
	attempt("open", open("/etc/passwd", O_RDONLY));
	attempt("open null", open("/dev/null", O_RDONLY));
	attempt("create", open("new", O_RDWR | O_CREAT, 0600));
	attempt("mkdir", mkdir("dir", 0700));
	attempt("symlink", symlink("/etc", "link"));
	attempt("truncate", truncate("one", 1));
	attempt("unlink", unlink("one"));
	attempt("rename", rename("two", "one"));
	attempt("inet socket", socket(AF_INET, SOCK_STREAM, 0));
	attempt("packet socket", socket(AF_PACKET, SOCK_RAW, 0));
	attempt("unix socket", socket(AF_UNIX, SOCK_STREAM, 0));
	attempt("dup", dup(0));
	attempt("dup2", dup2(0, 200));
	attempt("memfd", memfd_create("x", 0));
	attempt("epoll", epoll_create1(0));
	attempt("eventfd", eventfd(0, 0));
	attempt("umount", umount2("/", MNT_EXPIRE | MNT_FORCE));
	attempt("chroot", chroot("/"));
	attempt("unshare", unshare(CLONE_NEWNS));
	attempt("read memory", read_parent());
	attempt("signal", kill(getppid(), 0));
	attempt("probe ring", probe_ring());
	attempt("detach filter", detach_filter());
	attempt("setuid", setuid(1));
	close(0);
	attempt("socket after close", socket(AF_INET, SOCK_STREAM, 0));
	close(0);
	attempt("ring", syscall(SYS_io_uring_setup, 1, &ring));
	attempt("execute", execve("/bin/true", argv, none));
	errno = saved;
}

static __attribute__((constructor)) void
start(void)
{
	signal(SIGUSR2, attempt_all);
}
