/*
 * datagrams ADDRESS: prints what is sent to a Unix datagram socket, one
 * datagram a line, with a | where one has a newline.  ADDRESS is a path, or
 * the name of an abstract socket after an @.  Says "bound" first.  With another
 * argument the socket is full, and nothing is received.
 */
#include <sys/socket.h>
#include <sys/un.h>

#include <err.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int
main(int argc, char *argv[])
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	socklen_t n = offsetof(struct sockaddr_un, sun_path);
	char text[4096];
	ssize_t got;
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	if (argc < 2 || strlen(argv[1]) >= sizeof a.sun_path)
		errx(2, "usage: datagrams path|@name [full]");
	n += (socklen_t)strlen(strcpy(a.sun_path, argv[1]));
	if (*argv[1] == '@')
		a.sun_path[0] = '\0';
	if (fd < 0 || bind(fd, (void *)&a, n) < 0)
		err(1, "%s", argv[1]);
	fd = argc > 2 ? socket(AF_UNIX, SOCK_DGRAM, 0) : fd;
	while (argc > 2 && sendto(fd, "", 1, MSG_DONTWAIT, (void *)&a, n) > 0)
		continue;
	setvbuf(stdout, NULL, _IOLBF, 0);
	puts("bound");
	if (argc > 2)
		pause();
	while ((got = recv(fd, text, sizeof text - 1, 0)) >= 0) {
		text[got] = '\0';
		for (char *p = text; (p = strchr(p, '\n')) != NULL; p++)
			*p = '|';
		puts(text);
	}
	err(1, "recv");
}
