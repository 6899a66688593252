/*
 * inside.so: what may this process do?  Laid under a program (LD_PRELOAD), it
 * tries when SIGUSR2 comes what a confined process must not get done, and
 * writes a line for each call to the file INSIDE: what is tried, and "done" or
 * the name of its errno.  The last is execve(2), which tells nothing when it
 * succeeds: then the process is /bin/true.
 *
 * The files it plays with are in the directory INSIDE_DIR.  Nothing that is
 * tried harms a process that may do it, or the machine.
 */
#define _GNU_SOURCE 1
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static int out = -1;
/* In INSIDE_DIR: two that are there, and new ones. */
enum { FILE_ONE, FILE_TWO, NEW, DIRECTORY, LINK, NAMES };
static char name[NAMES][256];

static void
tell(const char *what, const char *how)
{
	char line[300];
	int n = snprintf(line, sizeof line, "%s: %s\n", what, how);

	if (write(out, line, (size_t)n) != n)
		_exit(1);
}

static void
told(const char *what, long result)
{
	tell(what, result == -1 ? strerrorname_np(errno) : "done");
}

static long
spy(void)
{
	char here;
	struct iovec to = { &here, 1 }, from = { environ, 1 };

	return process_vm_readv(getppid(), &to, 1, &from, 1, 0);
}

/* What takes rights from a process that has them comes last. */
static void
try(int sig)
{
	static char *const argv[] = { "true", NULL }, *const none[] = { NULL };
	int saved = errno;

	(void)sig;
	told("nothing", 0);
	told("open", open("/etc/passwd", O_RDONLY));
	told("open null", open("/dev/null", O_RDONLY));
	told("create", open(name[NEW], O_RDWR | O_CREAT, 0600));
	told("mkdir", mkdir(name[DIRECTORY], 0700));
	told("symlink", symlink("/etc", name[LINK]));
	told("truncate", truncate(name[FILE_ONE], 1));
	told("unlink", unlink(name[FILE_ONE]));
	told("rename", rename(name[FILE_TWO], name[FILE_ONE]));
	told("inet socket", socket(AF_INET, SOCK_STREAM, 0));
	told("packet socket", socket(AF_PACKET, SOCK_RAW, 0));
	told("unix socket", socket(AF_UNIX, SOCK_STREAM, 0));
	told("dup", dup(0));
	told("dup2", dup2(0, 200));
	told("memfd", memfd_create("x", 0));
	told("epoll", epoll_create1(0));
	told("eventfd", eventfd(0, 0));
	told("umount", umount2("/", MNT_EXPIRE | MNT_FORCE));
	told("chroot", chroot("/"));
	told("unshare", unshare(CLONE_NEWNS));
	told("spy", spy());
	told("setuid", setuid(1));
	told("execute", execve("/bin/true", argv, none));
	errno = saved;
}

static __attribute__((constructor)) void
begin(void)
{
	static const char *const names[] = { "one", "two", "new", "dir",
	    "link" };
	const char *path = getenv("INSIDE"), *dir = getenv("INSIDE_DIR");

	_Static_assert(sizeof names / sizeof *names == NAMES, "a name each");
	if (path == NULL || dir == NULL)
		return;
	for (int i = 0; i < NAMES; i++)
		snprintf(name[i], sizeof name[i], "%s/%s", dir, names[i]);
	out = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	if (out < 0)
		err(1, "%s", path);
	signal(SIGUSR2, try);
}
