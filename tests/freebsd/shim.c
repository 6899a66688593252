/* SPDX-License-Identifier: ISC */
/*
 * shim: FreeBSD's /dev/bpf, route(4), disks, mincore(2) and capsicum(4), as
 * far as freebsd.c uses them, on Linux, for tests.
 *
 * freebsd.c is compiled unchanged, with the headers in include/, and linked
 * with this file and ld's --wrap for the system calls defined below (see
 * build).  A bpf device is an AF_PACKET socket whose frames pass through the
 * filter when they are read; conf.bats compares it with a transcript of a
 * FreeBSD 15.1 kernel.  It is always in immediate mode, and never reads what it
 * has sent.  What the shim cannot prove: FreeBSD's libc, timing, drivers, GEOM
 * and Capsicum themselves.
 *
 *	SHIM_TRACE	a file that gets a line for each call that traffic
 *			does not show
 *	SHIM_RUN	the directory that stands for /var/run
 *	SHIM_MAXBUF	sysctl net.bpf.maxbufsize
 *	SHIM_DISK	the name of a file that is a disk, as block devices are
 *	SHIM_SECTOR	the size of the sectors of disks
 *	SHIM_MOUNTED	if set, the disk is mounted
 *	SHIM_EINTR	if set, a signal interrupts the first fdatasync
 */
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/param.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/if_arp.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "include/freebsd.h"

enum {
	FILES_MAX = 2048,
	VLAN_TAG = 4,
	HEADER = 26,		/* BPF_WORDALIGN(14 + 26) - 14, less than the
				   size of the struct */
	BUFFER_MAX = 0x80000,
	WRITE_MAX = 16384,
	LINKS_MAX = 1 << 14,
	BLOCK = 32768,		/* of UFS; newfs(8) */
	PAGE = 4096,
	ENOTCAPABLE = 93,	/* FreeBSD's errors */
	ECAPMODE = 94,
};

static struct file {
	enum { OTHER, BPF, ROUTE, DISK } kind;
	unsigned size, dropped;	/* bpf's buffer, and what it did not hold */
	int filter[2];		/* sockets: what is sent to 0 is filtered */
	uint64_t denied;	/* rights */
	const unsigned long *ioctls;
	size_t ioctls_count;
} files[FILES_MAX];

static bool capability_mode;

/* The mapped file: which of its pages are resident, and mapped. */
enum { RESIDENT = 1, MAPPED = 2 };

static struct {
	char *start;
	size_t count;
	_Atomic uint8_t *state;
} pages;

/* As they are, and as route(4) has reported them. */
static char links[LINKS_MAX], reported_links[LINKS_MAX];

/*
 * A call `name` in the program reaches __wrap_name, and __real_name is the
 * system's; also in this file.
 */
int __real_ioctl(int, unsigned long, ...);
int __real_ppoll(struct pollfd *, nfds_t, const struct timespec *,
    const sigset_t *);
int __real_socket(int, int, int);
int __real_stat(const char *, struct stat *);
int __real_fdatasync(int);
ssize_t __real_recv(int, void *, size_t, int);

#define REAL(result, name, ...) \
	result __real_##name(__VA_ARGS__); \
	result __wrap_##name(__VA_ARGS__)

static int
fail_with(int error)
{
	errno = error;
	return -1;
}

static void __attribute__((format(printf, 1, 2)))
trace(const char *fmt, ...)
{
	const char *path = getenv("SHIM_TRACE");
	int saved = errno;
	va_list ap;
	FILE *f;

	if (path != NULL && (f = fopen(path, "a")) != NULL) {
		va_start(ap, fmt);
		vfprintf(f, fmt, ap);
		va_end(ap);
		fclose(f);
	}
	errno = saved;
}

static struct file *
file_of(int fd)
{
	static struct file none;

	return fd >= 0 && fd < FILES_MAX ? &files[fd] : &none;
}

static long
variable(const char *name, long otherwise)
{
	const char *value = getenv(name);

	return value != NULL ? strtol(value, NULL, 0) : otherwise;
}

/* Capability mode denies this call. */
static bool
is_denied(const char *call)
{
	if (!capability_mode)
		return false;
	trace("denied %s\n", call);
	errno = ECAPMODE;
	return true;
}

/* Capsicum: has the descriptor these rights?  If not, sets errno. */
static bool
has_rights(int fd, uint64_t rights)
{
	if ((file_of(fd)->denied & rights) == 0)
		return true;
	trace("denied fd %d rights %#llx\n", fd, (unsigned long long)rights);
	errno = ENOTCAPABLE;
	return false;
}

/*
 * The bpf device.
 */

/* Linux removes a VLAN tag from the frame; bpf leaves it there. */
static size_t
restore_tag(uint8_t *p, size_t n, struct msghdr *m)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(m);
	struct tpacket_auxdata a;

	if (c == NULL || c->cmsg_type != PACKET_AUXDATA)
		return n;
	memcpy(&a, CMSG_DATA(c), sizeof a);
	if (!(a.tp_status & TP_STATUS_VLAN_VALID))
		return n;
	memmove(p + 16, p + 12, n - 12);
	memcpy(p + 12, &(uint16_t){ htons(a.tp_vlan_tpid) }, 2);
	memcpy(p + 14, &(uint16_t){ htons(a.tp_vlan_tci) }, 2);
	return n + VLAN_TAG;
}

/*
 * Receive a frame after a bpf header, with which it has to fit, or is cut;
 * returns the length of both, or 0 if the filter rejects the frame.
 */
static size_t
record_receive(int fd, const struct file *f, uint8_t *record, size_t room)
{
	uint8_t *frame = record + HEADER;
	char control[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
	struct iovec iov = { frame, room - HEADER - VLAN_TAG };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1,
	    .msg_control = control, .msg_controllen = sizeof control };
	struct bpf_hdr h = { .bh_hdrlen = HEADER };
	ssize_t n = recvmsg(fd, &m, MSG_DONTWAIT | MSG_TRUNC);

	if (n < 0)
		return 0;
	h.bh_datalen = (uint32_t)n;
	h.bh_caplen = (uint32_t)restore_tag(frame, MIN((size_t)n, iov.iov_len),
	    &m);
	send(f->filter[0], frame, h.bh_caplen, 0);
	if (__real_recv(f->filter[1], NULL, 0, MSG_DONTWAIT) < 0)
		return 0;
	memcpy(record, &h, HEADER);
	return HEADER + h.bh_caplen;
}

/* The length of the next frame, or -1; bpf reports no ENETDOWN. */
static ssize_t
next_length(int fd)
{
	ssize_t n;

	do
		n = __real_recv(fd, NULL, 0, MSG_DONTWAIT | MSG_PEEK |
		    MSG_TRUNC);
	while (n < 0 && errno == ENETDOWN);
	return n;
}

/* Never waits, as freebsd.c opens it. */
static int
bpf_open(void)
{
	int fd = __real_socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK |
	    SOCK_CLOEXEC, 0);
	int on = 1;

	if (fd < 0)
		return -1;
	files[fd] = (struct file){ .kind = BPF };
	socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, files[fd].filter);
	setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &on, sizeof on);
	setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof on);
	return fd;
}

/* The present name of the interface, to which bpf is bound whatever it is. */
static bool
bpf_interface(int fd, struct ifreq *r)
{
	struct sockaddr_ll a = { 0 };

	getsockname(fd, (void *)&a, &(socklen_t){ sizeof a });
	r->ifr_ifindex = a.sll_ifindex;
	return a.sll_ifindex > 0 && __real_ioctl(fd, SIOCGIFNAME, r) == 0;
}

/* What was dropped since the last call. */
static unsigned
bpf_drops(int fd)
{
	struct tpacket_stats s = { 0 };

	getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &s,
	    &(socklen_t){ sizeof s });
	return s.tp_drops;
}

static int
bpf_bind(int fd, struct file *f, const char *name)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET,
	    .sll_protocol = htons(ETH_P_ALL) };
	struct ifreq r = { 0 };

	memcpy(r.ifr_name, name, IFNAMSIZ - 1);
	if (__real_ioctl(fd, SIOCGIFINDEX, &r) < 0)
		return fail_with(ENXIO);
	bpf_drops(fd);
	f->dropped = 0;
	to.sll_ifindex = r.ifr_ifindex;
	return bind(fd, (void *)&to, sizeof to);
}

static int
bpf_ioctl(int fd, struct file *f, unsigned long request, void *arg)
{
	const struct bpf_program *program = arg;
	struct sock_fprog filter;
	struct ifreq r = { 0 };
	unsigned *n = arg;

	switch (request) {
	case BIOCSBLEN:		/* Linux counts what surrounds the data, too */
		f->size = *n = MIN(*n,
		    (unsigned)variable("SHIM_MAXBUF", BUFFER_MAX));
		setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE,
		    &(int){ 2 * (int)f->size }, sizeof(int));
		return 0;
	case BIOCSETF:		/* Linux validates and runs it */
		filter.len = (unsigned short)program->bf_len;
		filter.filter = program->bf_insns;
		return setsockopt(f->filter[1], SOL_SOCKET, SO_ATTACH_FILTER,
		    &filter, sizeof filter);
	case BIOCSETIF:
		return bpf_bind(fd, f, arg);
	case BIOCGETIF:
		if (!bpf_interface(fd, &r))
			return fail_with(EINVAL);
		memcpy(arg, r.ifr_name, IFNAMSIZ);
		return 0;
	case BIOCGDLT:
		if (!bpf_interface(fd, &r) ||
		    __real_ioctl(fd, SIOCGIFHWADDR, &r) < 0)
			return fail_with(EINVAL);
		*n = r.ifr_hwaddr.sa_family == ARPHRD_ETHER ? DLT_EN10MB :
		    DLT_NULL;
		return 0;
	case BIOCGSTATS:
		f->dropped += bpf_drops(fd);
		((struct bpf_stat *)arg)->bs_drop = f->dropped;
		return 0;
	}
	return 0;		/* what is so here by itself */
}

/* Read as many records as the buffer takes; the last one is not padded. */
static ssize_t
bpf_read(int fd, struct file *f, uint8_t *buf, size_t len)
{
	size_t at = 0, end = 0, got;
	struct ifreq r = { 0 };
	ssize_t next;

	if (len != f->size)
		return fail_with(EINVAL);
	while ((next = next_length(fd)) >= 0 && (end == 0 ||
	    at + HEADER + VLAN_TAG + (size_t)next <= len)) {
		got = record_receive(fd, f, buf + at, len - at);
		if (got > 0)
			end = at + got;
		at = BPF_WORDALIGN(end);
	}
	return end > 0 ? (ssize_t)end :
	    fail_with(bpf_interface(fd, &r) ? EAGAIN : ENXIO);
}

/*
 * Interfaces and route(4).
 */

/*
 * SIOCGIFCONF: of each interface the address of its link, of 56 bytes as the
 * kernel rounds it, then one of another family.
 */
static int
interface_addresses(struct ifconf *c)
{
	enum { LINK = IFNAMSIZ + 56, ENTRIES = LINK + 32 };
	char *p = c->ifc_buf, *end = p + c->ifc_len;
	struct ifaddrs *all, *i;

	if (getifaddrs(&all) < 0)
		return -1;
	for (i = all; i != NULL && p + ENTRIES <= end; i = i->ifa_next) {
		const struct sockaddr_ll *l = (void *)i->ifa_addr;
		struct sockaddr_dl a = { .sdl_len = 56, .sdl_family = AF_LINK,
		    .sdl_nlen = (unsigned char)strlen(i->ifa_name) };

		if (l == NULL || l->sll_family != AF_PACKET)
			continue;
		strcpy(a.sdl_data, i->ifa_name);
		a.sdl_alen = l->sll_hatype == ARPHRD_ETHER ? 6 : 0;
		memcpy(LLADDR(&a), l->sll_addr, a.sdl_alen);
		memset(p, 0, ENTRIES);
		strcpy(p, i->ifa_name);
		memcpy(p + IFNAMSIZ, &a, sizeof a);
		strcpy(p + LINK, i->ifa_name);
		p[LINK + IFNAMSIZ] = 16;
		p[LINK + IFNAMSIZ + 1] = AF_INET;
		p += ENTRIES;
	}
	c->ifc_len = (int)(p - c->ifc_buf);
	freeifaddrs(all);
	return 0;
}

static int
interface_media(int fd, struct ifmediareq *m)
{
	struct ifreq r = { 0 };

	memcpy(r.ifr_name, m->ifm_name, IFNAMSIZ);
	if (__real_ioctl(fd, SIOCGIFFLAGS, &r) < 0)
		return -1;
	m->ifm_status = IFM_AVALID | (r.ifr_flags & IFF_RUNNING ? IFM_ACTIVE :
	    0);
	return 0;
}

/* What FreeBSD reports when it changes: not the address. */
static void
describe_links(int fd, char text[LINKS_MAX])
{
	struct if_nameindex *all = if_nameindex();
	struct ifreq r = { 0 }, mtu = { 0 };
	int n = 0;

	for (struct if_nameindex *i = all; i->if_name != NULL; i++) {
		strcpy(r.ifr_name, i->if_name);
		strcpy(mtu.ifr_name, i->if_name);
		__real_ioctl(fd, SIOCGIFFLAGS, &r);
		__real_ioctl(fd, SIOCGIFMTU, &mtu);
		n += snprintf(text + n, (size_t)(LINKS_MAX - n),
		    "%u %s %x %d\n", i->if_index, i->if_name,
		    r.ifr_flags & (IFF_UP | IFF_RUNNING), mtu.ifr_mtu);
	}
	if_freenameindex(all);
}

/* Has a link changed?  Linux's messages, which may be lost, do not matter. */
static bool
route_ready(int fd)
{
	char c;

	while (__real_recv(fd, &c, 1, MSG_DONTWAIT) >= 0)
		continue;
	describe_links(fd, links);
	return strcmp(links, reported_links) != 0;
}

REAL(ssize_t, recv, int fd, void *buf, size_t len, int flags)
{
	if (!has_rights(fd, CAP_READ))
		return -1;
	if (file_of(fd)->kind != ROUTE)
		return __real_recv(fd, buf, len, flags);
	if (!route_ready(fd))
		return fail_with(EAGAIN);
	strcpy(reported_links, links);
	return 1;		/* byte of a message, which nothing parses */
}

/*
 * Disks and files.
 */

/* A file that SHIM_DISK names, and a block device, is a disk. */
static bool
is_disk(const char *path)
{
	const char *disk = getenv("SHIM_DISK");
	struct stat st;

	return (disk != NULL && strcmp(disk, path) == 0) ||
	    (__real_stat(path, &st) == 0 && S_ISBLK(st.st_mode));
}

static int
disk_ioctl(int fd, unsigned long request, void *arg)
{
	if (request == DIOCGSECTORSIZE) {
		*(unsigned *)arg = (unsigned)variable("SHIM_SECTOR", 512);
		return 0;
	}
	if (request != DIOCGFLUSH)
		return fail_with(ENOTTY);
	return (fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY ?
	    fail_with(EPERM) : __real_fdatasync(fd);
}

/* A disk is a character device without a size. */
int
__wrap_stat(const char *path, struct stat *st)
{
	if (is_denied("stat") || __real_stat(path, st) < 0)
		return -1;
	st->st_blksize = BLOCK;
	if (is_disk(path)) {
		st->st_mode = S_IFCHR | (st->st_mode & 07777);
		st->st_size = 0;
	}
	return 0;
}

REAL(off_t, lseek, int fd, off_t offset, int whence)
{
	return has_rights(fd, CAP_SEEK) ? __real_lseek(fd, offset, whence) : -1;
}

REAL(void *, mmap, void *at, size_t len, int prot, int flags, int fd,
    off_t off)
{
	char *start = __real_mmap(at, len, prot, flags, fd, off);

	if (fd < 0 || start == MAP_FAILED)
		return start;
	pages.count = howmany(len, PAGE);
	pages.state = calloc(pages.count, sizeof *pages.state);
	return pages.start = start;
}

/* UFS reads, and completes before it writes, whole blocks. */
static void
pages_load(int fd, off_t off, ssize_t len)
{
	size_t first = (size_t)(off / BLOCK * BLOCK / PAGE);
	size_t end = (size_t)(roundup(off + len, BLOCK) / PAGE);

	if (file_of(fd)->kind == OTHER && len > 0)
		for (; first < end && first < pages.count; first++)
			pages.state[first] |= RESIDENT;
}

REAL(int, madvise, void *at, size_t len, int advice)
{
	size_t first = (size_t)((char *)at - pages.start) / PAGE;

	for (size_t i = 0; i < howmany(len, PAGE); i++)
		if (advice == MADV_WILLNEED && pages.state[first + i] != 0)
			pages.state[first + i] |= MAPPED;
	return 0;
}

int
shim_mincore(const void *at, size_t len, char *state)
{
	size_t first = (size_t)((const char *)at - pages.start) / PAGE;
	size_t n = howmany(len, PAGE);

	if (first + n > pages.count)
		return fail_with(ENOMEM);
	for (size_t i = 0; i < n; i++)
		state[i] = pages.state[first + i] & MAPPED ?
		    MINCORE_INCORE : 0;
	return 0;
}

/* A device transfers whole sectors only, from each piece of memory. */
static bool
transfer_allowed(int fd, const char *what, uint64_t rights,
    const struct iovec *iov, int n, off_t off)
{
	long sector = file_of(fd)->kind == DISK ?
	    variable("SHIM_SECTOR", 512) : 1;

	if (!has_rights(fd, rights))
		return false;
	errno = EINVAL;
	for (int i = 0; i < n; i++)
		if (iov[i].iov_len % (size_t)sector != 0)
			return false;
	trace("%s %d at %lld by the %s\n", what, n, (long long)off,
	    gettid() == getpid() ? "loop" : "pool");
	return off % sector == 0;
}

REAL(ssize_t, preadv, int fd, const struct iovec *iov, int n, off_t off)
{
	ssize_t got = transfer_allowed(fd, "read", CAP_PREAD, iov, n, off) ?
	    __real_preadv(fd, iov, n, off) : -1;

	pages_load(fd, off, got);
	return got;
}

REAL(ssize_t, pwritev, int fd, const struct iovec *iov, int n, off_t off)
{
	ssize_t put = transfer_allowed(fd, "write", CAP_PWRITE, iov, n, off) ?
	    __real_pwritev(fd, iov, n, off) : -1;

	pages_load(fd, off, put);
	return put;
}

REAL(ssize_t, pread, int fd, void *buf, size_t len, off_t off)
{
	return __wrap_preadv(fd, &(struct iovec){ buf, len }, 1, off);
}

REAL(ssize_t, pwrite, int fd, const void *buf, size_t len, off_t off)
{
	return __wrap_pwritev(fd, &(struct iovec){ (void *)(uintptr_t)buf,
	    len }, 1, off);
}

REAL(int, fdatasync, int fd)
{
	static atomic_bool interrupted;

	trace("fdatasync %d\n", fd);
	if (variable("SHIM_EINTR", 0) && !atomic_exchange(&interrupted, true))
		return fail_with(EINTR);
	return has_rights(fd, CAP_FSYNC) ? __real_fdatasync(fd) : -1;
}

/*
 * Calls for descriptors of every kind.
 */

/* A file of /var/run is one for each network namespace in SHIM_RUN. */
static int
run_open(const char *name, int flags, int mode)
{
	const char *dir = getenv("SHIM_RUN");
	char path[512], space[64];
	ssize_t n = readlink("/proc/self/ns/net", space, sizeof space);

	if (dir == NULL || n < 0)
		return fail_with(EACCES);
	snprintf(path, sizeof path, "%s/%.*s %s", dir, (int)n, space, name);
	return open(path, flags, mode);
}

REAL(int, open, const char *path, int flags, ...)
{
	bool disk = is_disk(path);
	va_list ap;
	int mode, fd;

	va_start(ap, flags);
	mode = va_arg(ap, int);
	va_end(ap);
	if (is_denied("open"))
		return -1;
	if (strncmp(path, "/dev/bpf", 8) == 0) {
		fd = bpf_open();
		trace("open %s = %d\n", path, fd);
		return fd;
	}
	if (strncmp(path, "/var/run/", 9) == 0)
		return run_open(path + 9, flags, mode);
	if (disk && (flags & O_ACCMODE) != O_RDONLY &&
	    variable("SHIM_MOUNTED", 0))
		return fail_with(EPERM);
	fd = __real_open(path, flags, mode);
	if (fd >= 0)
		files[fd] = (struct file){ .kind = disk ? DISK : OTHER };
	return fd;
}

/* PF_ROUTE is Linux's number of PF_NETLINK, which is similar. */
REAL(int, socket, int domain, int type, int protocol)
{
	struct sockaddr_nl to = { .nl_family = AF_NETLINK,
	    .nl_groups = RTMGRP_LINK };
	int fd = __real_socket(domain, type, protocol);

	if (fd < 0)
		return -1;
	files[fd] = (struct file){ .kind = domain == PF_ROUTE ? ROUTE : OTHER };
	if (domain == PF_ROUTE) {
		bind(fd, (void *)&to, sizeof to);
		describe_links(fd, reported_links);
	}
	return fd;
}

/* Capability mode allows socket(2), see capabilities.conf, but not this. */
REAL(ssize_t, sendto, int fd, const void *buf, size_t n, int flags,
    const struct sockaddr *to, socklen_t len)
{
	return to != NULL && is_denied("sendto") ? -1 :
	    __real_sendto(fd, buf, n, flags, to, len);
}

REAL(ssize_t, read, int fd, void *buf, size_t len)
{
	struct file *f = file_of(fd);

	return !has_rights(fd, CAP_READ) ? -1 :
	    f->kind == BPF ? bpf_read(fd, f, buf, len) :
	    __real_read(fd, buf, len);
}

/* Where both fail to send, Linux has the same errors but for a full queue. */
REAL(ssize_t, write, int fd, const void *buf, size_t len)
{
	bool bpf = file_of(fd)->kind == BPF;
	ssize_t sent;

	if (!has_rights(fd, CAP_WRITE))
		return -1;
	if (bpf && len > WRITE_MAX)
		return fail_with(EIO);
	sent = __real_write(fd, buf, len);
	return bpf && sent < 0 && errno == EAGAIN ? fail_with(ENOBUFS) : sent;
}

/* Of those that a test searches the trace for. */
static const char *
request_name(unsigned long request)
{
	static const struct {
		unsigned long request;
		const char *name;
	} names[] = {
#define NAME(request) { request, #request }
		NAME(BIOCSBLEN), NAME(BIOCSETF), NAME(BIOCGDLT),
		NAME(BIOCGETIF), NAME(BIOCSETIF), NAME(BIOCGSTATS),
		NAME(BIOCIMMEDIATE), NAME(BIOCSHDRCMPLT),
		NAME(BIOCSDIRECTION), NAME(SIOCGIFCONF), NAME(DIOCGFLUSH),
	};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (names[i].request == request)
			return names[i].name;
	return "?";
}

static bool
ioctl_allowed(int fd, unsigned long request)
{
	const struct file *f = file_of(fd);

	if (!has_rights(fd, CAP_IOCTL))
		return false;
	for (size_t i = 0; i < f->ioctls_count; i++)
		if (f->ioctls[i] == request)
			return true;
	errno = ENOTCAPABLE;
	return f->ioctls_count == 0;
}

REAL(int, ioctl, int fd, unsigned long request, ...)
{
	struct file *f = file_of(fd);
	va_list ap;
	void *arg;
	int result;

	va_start(ap, request);
	arg = va_arg(ap, void *);
	va_end(ap);
	if (!ioctl_allowed(fd, request)) {
		trace("denied ioctl %s on %d\n", request_name(request), fd);
		return -1;
	}
	if (f->kind == BPF)
		result = bpf_ioctl(fd, f, request, arg);
	else if (f->kind == DISK)
		result = disk_ioctl(fd, request, arg);
	else if (request == SIOCGIFCONF)
		result = interface_addresses(arg);
	else if (request == SIOCGIFMEDIA)
		result = interface_media(fd, arg);
	else
		result = __real_ioctl(fd, request, arg);
	trace("ioctl %d %s = %d\n", fd, request_name(request), result);
	return result;
}

/* What is ready by FreeBSD's rules, where Linux returned p->revents. */
static short
ready_events(const struct pollfd *p)
{
	struct file *f = file_of(p->fd);
	struct ifreq r = { 0 };

	if (p->fd < 0)
		return 0;
	if (f->denied & CAP_EVENT)
		return POLLNVAL;
	if (f->kind == ROUTE)
		return p->revents != 0 && route_ready(p->fd) ? POLLIN : 0;
	if (f->kind == BPF)
		return !bpf_interface(p->fd, &r) || next_length(p->fd) >= 0 ?
		    POLLIN : 0;
	return p->revents;
}

/* May end early, and report a frame that the filter rejects. */
REAL(int, ppoll, struct pollfd *p, nfds_t n, const struct timespec *timeout,
    const sigset_t *mask)
{
	int hits = 0;

	if (__real_ppoll(p, n, timeout, mask) < 0)
		return -1;
	for (nfds_t i = 0; i < n; i++) {
		p[i].revents = ready_events(&p[i]);
		hits += p[i].revents != 0;
	}
	return hits;
}

/*
 * Capsicum.
 */

cap_rights_t *
shim_rights_init(cap_rights_t *r, const uint64_t *bits)
{
	for (r->bits = 0; *bits != 0; bits++)
		r->bits |= *bits;
	return r;
}

int
cap_rights_limit(int fd, const cap_rights_t *r)
{
	if (fcntl(fd, F_GETFD) < 0)
		return -1;
	file_of(fd)->denied = ~r->bits;
	return 0;
}

int
cap_ioctls_limit(int fd, const unsigned long *ioctls, size_t n)
{
	file_of(fd)->ioctls = ioctls;
	file_of(fd)->ioctls_count = n;
	for (size_t i = 0; i < n; i++)
		trace("permitted %d %s\n", fd, request_name(ioctls[i]));
	return 0;
}

int
cap_enter(void)
{
	trace("cap_enter\n");
	capability_mode = true;
	return 0;
}
