/* SPDX-License-Identifier: ISC */
/*
 * capability DISK: print how calls end in capability mode, as a kernel of
 * FreeBSD 15.1 did.
 */
#include <sys/capsicum.h>
#include <sys/disk.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

static const char *
text_of(long result)
{
	return result >= 0 ? "succeeds" : errno == 94 ? "ECAPMODE" :
	    errno == EPERM ? "EPERM" : "another error";
}

int
main(int argc, char *argv[])
{
	struct sockaddr_un to = { .sun_family = AF_UNIX, .sun_path = "/log" };
	int disk = argc > 1 ? open(argv[1], O_RDONLY) : -1;
	int s = socket(AF_UNIX, SOCK_DGRAM, 0);

	cap_enter();
	printf("open %s, ", text_of(open("/dev/null", O_RDONLY)));
	printf("connect %s, ", text_of(connect(s, (void *)&to, sizeof to)));
	printf("sendto %s, ", text_of(sendto(s, "", 1, 0, (void *)&to,
	    sizeof to)));
	printf("read-only DIOCGFLUSH %s\n", text_of(ioctl(disk, DIOCGFLUSH)));
	return 0;
}
