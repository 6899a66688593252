/*
 * datagrams ADDRESS: prints what is sent to a Unix datagram socket, one
 * datagram a line, with a | where one has a newline.  ADDRESS is a path, or
 * the name of an abstract socket after an @.  Says "bound" first.
 */
#include <sys/socket.h>
#include <sys/un.h>

#include <err.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

int
main(int argc, char *argv[])
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	size_t n = argc == 2 ? strlen(argv[1]) : 0;
	char text[4096];
	ssize_t got;
	int fd;

	if (n == 0 || n >= sizeof a.sun_path)
		errx(2, "usage: datagrams path|@name");
	memcpy(a.sun_path, argv[1], n);
	if (*argv[1] == '@')
		a.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	if (fd < 0 || bind(fd, (void *)&a,
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)) < 0)
		err(1, "%s", argv[1]);
	setvbuf(stdout, NULL, _IOLBF, 0);
	puts("bound");
	while ((got = recv(fd, text, sizeof text - 1, 0)) >= 0) {
		text[got] = '\0';
		for (char *p = text; (p = strchr(p, '\n')) != NULL; p++)
			*p = '|';
		puts(text);
	}
	err(1, "recv");
}
