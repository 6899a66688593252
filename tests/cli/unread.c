/*
 * unread PROGRAM ARGUMENT...: run the program with a socket for standard error
 * that nothing reads, as one to the journal is when that hangs.
 */
#include <err.h>
#include <sys/socket.h>
#include <unistd.h>

int
main(int argc, char *argv[])
{
	int ends[2], room = 4096;

	if (argc < 2 || socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0 ||
	    setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF, &room, sizeof room) < 0)
		err(1, "a socket");
	dup2(ends[1], STDERR_FILENO);
	execv(argv[1], argv + 1);
	return 1;
}
