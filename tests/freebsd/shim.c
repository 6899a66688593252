/*
 * shim: FreeBSD's /dev/bpf, route(4), disks and capsicum(4) as far as
 * freebsd.c uses them, on Linux, for tests.
 *
 * freebsd.c is compiled as it is with the headers in include/ and linked with
 * this file and ld's --wrap for the system calls defined below (see build).
 * A bpf device is an AF_PACKET socket whose frames pass the filter, the
 * direction and the two buffers here.  What bpf does is held to transcripts
 * of real kernels by conf.bats.  What no shim can prove: FreeBSD's headers,
 * libc, timing, drivers, and Capsicum and GEOM themselves.
 *
 *	SHIM_MAXWRITE	the longest frame the kernel has a buffer for: 4096
 *			before FreeBSD 14, 16384 since (default)
 *	SHIM_TRACE	a file that gets a line for each call that traffic
 *			does not show
 *	SHIM_DISK	name:sector[:stripe]: this file is such a disk
 */
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/if_arp.h>

#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "include/net/bpf.h"
#include "include/net/if_dl.h"
#include "include/net/if_media.h"
#include "include/sys/capsicum.h"
#include "include/sys/disk.h"
#include "include/sys/mount.h"

enum {
	FILES = 256,
	ETHER = 14,
	HEADER = 26,		/* BPF_WORDALIGN(14 + 26) - 14, less than the
				   struct's size */
	BUFFER = 4096,		/* default and limits of BIOCSBLEN */
	BUFFER_LEAST = 32,
	BUFFER_MOST = 0x80000,
	CODE_MOST = 512,
	FRAME_MOST = 1 << 17,
	TICK = 100,		/* ms between looks for a vanished interface */
	NOTCAPABLE = 93,	/* FreeBSD's errors */
	CAPMODE = 94,
	RTM_VERSION_5 = 5,
	RTM_IFINFO = 14,
};

struct bpf {
	atomic_int index;	/* the interface, 0: none */
	bool writer;		/* opened for writing only */
	bool immediate, complete, locked;
	unsigned direction, size, received, dropped;
	int timeout;
	struct bpf_insn filter[CODE_MOST], write_filter[CODE_MOST];
	unsigned filter_len, write_filter_len;
	uint8_t *store, *hold;
	size_t store_len, hold_len;
};

static struct file {
	enum { OTHER, BPF, ROUTE, DISK } kind;
	struct bpf *bpf;
	unsigned sector;	/* of a disk */
	off_t stripe;
	bool limited;
	uint64_t rights;
	unsigned long ioctls[8];
	size_t ioctls_count;
	int flags, mtu;		/* of the last link message */
	char name[IFNAMSIZ];
} files[FILES];

static bool capability_mode;

/*
 * A call `name` in the program comes to __wrap_name, and __real_name is the
 * system's; so it is in this file too.
 */
int __real_fdatasync(int);
int __real_ioctl(int, unsigned long, ...);
int __real_poll(struct pollfd *, nfds_t, int);
int __real_socket(int, int, int);
int __real_fstat(int, struct stat *);
ssize_t __real_recv(int, void *, size_t, int);

#define REAL(result, name, ...) \
	result __real_##name(__VA_ARGS__); \
	result __wrap_##name(__VA_ARGS__)

static int
fail(int error)
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
file(int fd)
{
	static struct file none;

	return fd >= 0 && fd < FILES ? &files[fd] : &none;
}

/* Capsicum: may the descriptor be used so?  errno when not. */
static bool
allowed(int fd, uint64_t rights)
{
	if (!file(fd)->limited || (file(fd)->rights & rights) == rights)
		return true;
	trace("denied fd %d rights %#llx\n", fd, (unsigned long long)rights);
	errno = NOTCAPABLE;
	return false;
}

static long
variable(const char *name, long otherwise)
{
	const char *value = getenv(name);

	return value != NULL ? strtol(value, NULL, 0) : otherwise;
}

/*
 * Classic BPF, as much as our filters have.
 */

static bool
valid(const struct bpf_insn *code, unsigned len)
{
	for (unsigned i = 0; i < len; i++) {
		unsigned class = code[i].code & 7;

		if (class != BPF_LD && class != BPF_JMP && class != BPF_RET)
			return false;
		if (class == BPF_JMP && (i + 1 + code[i].jt >= len ||
		    i + 1 + code[i].jf >= len))
			return false;
	}
	return len > 0 && len <= CODE_MOST &&
	    (code[len - 1].code & 7) == BPF_RET;
}

/* How many bytes of the frame are wanted; without a filter all are. */
static size_t
verdict(const struct bpf_insn *c, unsigned len, const uint8_t *p, size_t n)
{
	uint32_t a = 0;

	if (len == 0)
		return n;
	for (;; c++) {
		size_t width = c->code & BPF_B ? 1 : c->code & BPF_H ? 2 : 4;

		switch (c->code & 7) {
		case BPF_LD:
			if (c->k + width > n)
				return 0;
			a = 0;
			for (size_t i = 0; i < width; i++)
				a = a << 8 | p[c->k + i];
			break;
		case BPF_JMP:
			c += ((c->code & 0xf0) == BPF_JEQ ? a == c->k :
			    (a & c->k) != 0) ? c->jt : c->jf;
			break;
		default:
			return c->k < n ? c->k : n;
		}
	}
}

static int
set_filter(struct bpf_insn *code, unsigned *len, const struct bpf_program *p)
{
	if (!valid(p->bf_insns, p->bf_len))
		return fail(EINVAL);
	memcpy(code, p->bf_insns, p->bf_len * sizeof *code);
	*len = p->bf_len;
	return 0;
}

/*
 * The two buffers: frames are stored in one while the other is held for the
 * reader.
 */

static void
rotate(struct bpf *b)
{
	uint8_t *free = b->hold;

	b->hold = b->store;
	b->hold_len = b->store_len;
	b->store = free;
	b->store_len = 0;
}

/* The last record is not padded; a frame above the buffer is cut. */
static void
put(struct bpf *b, const uint8_t *p, size_t n)
{
	size_t want = verdict(b->filter, b->filter_len, p, n), at;
	struct bpf_hdr h = { .bh_datalen = (uint32_t)n, .bh_hdrlen = HEADER };

	b->received++;
	if (want == 0)
		return;
	if (want > b->size - HEADER)
		want = b->size - HEADER;
	at = BPF_WORDALIGN(b->store_len);
	if (at + HEADER + want > b->size) {
		if (b->hold_len > 0) {
			b->dropped++;
			return;
		}
		rotate(b);
		at = 0;
	}
	h.bh_caplen = (uint32_t)want;
	gettimeofday(&h.bh_tstamp, NULL);
	memset(b->store + b->store_len, 0, at - b->store_len);
	memcpy(b->store + at, &h, HEADER);
	memcpy(b->store + at + HEADER, p, want);
	b->store_len = at + HEADER + want;
}

static void
reset(struct bpf *b)
{
	b->store_len = b->hold_len = 0;
	b->received = b->dropped = 0;
}

/* Linux takes a VLAN tag out of the frame; bpf sees it there. */
static size_t
tag(uint8_t *p, size_t n, struct msghdr *m)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(m);
	struct tpacket_auxdata a;

	if (c == NULL || c->cmsg_type != PACKET_AUXDATA)
		return n;
	memcpy(&a, CMSG_DATA(c), sizeof a);
	if (!(a.tp_status & TP_STATUS_VLAN_VALID))
		return n;
	memmove(p + 16, p + 12, n - 12);
	p[12] = (uint8_t)(a.tp_vlan_tpid >> 8);
	p[13] = (uint8_t)a.tp_vlan_tpid;
	p[14] = (uint8_t)(a.tp_vlan_tci >> 8);
	p[15] = (uint8_t)a.tp_vlan_tci;
	return n + 4;
}

/* Puts what the socket has into the buffers. */
static void
pull(int fd, struct bpf *b)
{
	static uint8_t frame[FRAME_MOST];
	char control[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
	struct sockaddr_ll from;
	bool out;

	for (;;) {
		struct iovec iov = { frame, sizeof frame - 4 };
		struct msghdr m = { .msg_name = &from, .msg_iov = &iov,
		    .msg_namelen = sizeof from, .msg_iovlen = 1,
		    .msg_control = control, .msg_controllen = sizeof control };
		ssize_t n = recvmsg(fd, &m, MSG_DONTWAIT);

		if (n < 0 && (errno == ENETDOWN || errno == EINTR))
			continue;	/* bpf's readers do not hear it */
		if (n < 0)
			return;
		out = from.sll_pkttype == PACKET_OUTGOING;
		if (out ? b->direction != BPF_D_IN : b->direction != BPF_D_OUT)
			put(b, frame, tag(frame, (size_t)n, &m));
	}
}

static bool
ready(int fd, struct bpf *b)
{
	pull(fd, b);
	return b->hold_len > 0 || (b->immediate && b->store_len > 0);
}

/* The interface's name now; bpf knows it by what it is, not by its name. */
static bool
interface(int fd, struct bpf *b, struct ifreq *r)
{
	int saved = errno;

	r->ifr_ifindex = b->index;
	if (b->index != 0 && __real_ioctl(fd, SIOCGIFNAME, r) == 0)
		return true;
	errno = saved;
	b->index = 0;
	return false;
}

/*
 * Opening and binding.
 */

static int
bpf_open(int flags)
{
	int fd = __real_socket(AF_PACKET, SOCK_RAW |
	    (flags & O_NONBLOCK ? SOCK_NONBLOCK : 0) |
	    (flags & O_CLOEXEC ? SOCK_CLOEXEC : 0), 0);
	int on = 1, room = 16 << 20;
	struct bpf *b;

	if (fd < 0)
		return -1;
	b = calloc(1, sizeof *b);
	b->writer = (flags & O_ACCMODE) == O_WRONLY;
	b->size = BUFFER;
	b->direction = BPF_D_INOUT;
	setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &on, sizeof on);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
	files[fd] = (struct file){ .kind = BPF, .bpf = b };
	return fd;
}

/* SHIM_DISK names this file. */
static bool
is_disk(const char *path, struct file *f)
{
	const char *disk = getenv("SHIM_DISK");
	size_t len = strlen(path);
	unsigned sector;
	long stripe = 0;

	if (disk == NULL || strncmp(disk, path, len) != 0 ||
	    sscanf(disk + len, ":%u:%ld", &sector, &stripe) < 1)
		return false;
	f->kind = DISK;
	f->sector = sector;
	f->stripe = stripe;
	return true;
}

REAL(int, open, const char *path, int flags, ...)
{
	struct file f = { 0 };
	struct stat st;
	va_list ap;
	int mode, fd;

	va_start(ap, flags);
	mode = va_arg(ap, int);
	va_end(ap);
	if (capability_mode)
		return fail(CAPMODE);
	if (strcmp(path, "/dev/bpf") == 0 || strcmp(path, "/dev/bpf0") == 0) {
		fd = bpf_open(flags);
		trace("open %s %d = %d\n", path, flags & O_ACCMODE, fd);
		return fd;
	}
	if (strncmp(path, "/dev/bpf", 8) == 0)
		return fail(ENOENT);
	fd = __real_open(path, flags, mode);
	if (fd < 0 || fd >= FILES)
		return fd;
	if (!is_disk(path, &f) && __real_fstat(fd, &st) == 0 &&
	    S_ISBLK(st.st_mode)) {
		f.kind = DISK;
		f.sector = 512;
	}
	files[fd] = f;
	return fd;
}

REAL(int, close, int fd)
{
	if (file(fd)->kind == BPF) {
		free(file(fd)->bpf->store);
		free(file(fd)->bpf->hold);
		free(file(fd)->bpf);
	}
	*file(fd) = (struct file){ 0 };
	return __real_close(fd);
}

/* A disk is a character device without a size. */
static int
as_disk(const struct file *f, struct stat *st, int result)
{
	if (result == 0 && (f->kind == DISK || S_ISBLK(st->st_mode))) {
		st->st_mode = S_IFCHR | (st->st_mode & 07777);
		st->st_size = 0;
	}
	return result;
}

REAL(int, stat, const char *path, struct stat *st)
{
	struct file f = { 0 };

	is_disk(path, &f);
	return capability_mode ? fail(CAPMODE) :
	    as_disk(&f, st, __real_stat(path, st));
}

REAL(int, fstat, int fd, struct stat *st)
{
	return allowed(fd, CAP_FSTAT) ?
	    as_disk(file(fd), st, __real_fstat(fd, st)) : -1;
}

static int
set_interface(int fd, struct bpf *b, const char *name)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET,
	    .sll_protocol = b->writer && b->filter_len == 0 ? 0 :
	    htons(ETH_P_ALL) };
	struct ifreq r = { 0 };

	memcpy(r.ifr_name, name, IFNAMSIZ - 1);
	if (__real_ioctl(fd, SIOCGIFINDEX, &r) < 0)
		return fail(ENXIO);
	b->index = 0;
	free(b->store);
	free(b->hold);
	b->store = malloc(b->size);
	b->hold = malloc(b->size);
	reset(b);
	to.sll_ifindex = r.ifr_ifindex;
	if (bind(fd, (void *)&to, sizeof to) < 0)
		return fail(ENXIO);
	b->index = to.sll_ifindex;
	return 0;
}

static int
link_type(int fd, struct bpf *b, unsigned *type)
{
	struct ifreq r = { 0 };

	if (!interface(fd, b, &r) || __real_ioctl(fd, SIOCGIFHWADDR, &r) < 0)
		return fail(EINVAL);
	*type = r.ifr_hwaddr.sa_family == ARPHRD_ETHER ? DLT_EN10MB : DLT_NULL;
	return 0;
}

/*
 * ioctl(2).
 */

static const struct name {
	unsigned long request;
	const char *name;
} names[] = {
#define NAME(request) { request, #request }
	NAME(BIOCGBLEN), NAME(BIOCSBLEN), NAME(BIOCSETF), NAME(BIOCGDLT),
	NAME(BIOCGETIF), NAME(BIOCSETIF), NAME(BIOCSRTIMEOUT),
	NAME(BIOCGSTATS), NAME(BIOCIMMEDIATE), NAME(BIOCSHDRCMPLT),
	NAME(BIOCSDIRECTION), NAME(BIOCLOCK), NAME(BIOCSETWF),
	NAME(BIOCSETFNR), NAME(SIOCGIFCONF), NAME(SIOCGIFFLAGS),
	NAME(SIOCGIFMEDIA), NAME(SIOCGIFMTU), NAME(DIOCGSECTORSIZE),
	NAME(DIOCGMEDIASIZE), NAME(DIOCGFLUSH), NAME(DIOCGSTRIPESIZE),
	NAME(DIOCGATTR),
};

static const char *
name_of(unsigned long request)
{
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (names[i].request == request)
			return names[i].name;
	return "?";
}

static int
bpf_locked(unsigned long request)
{
	return request != BIOCGBLEN && request != BIOCGDLT &&
	    request != BIOCGETIF && request != BIOCGSTATS &&
	    request != BIOCIMMEDIATE && request != BIOCSRTIMEOUT &&
	    request != BIOCLOCK;
}

static int
set_size(struct bpf *b, unsigned *u)
{
	if (b->index != 0)
		return fail(EINVAL);
	*u = *u > BUFFER_MOST ? BUFFER_MOST : *u < BUFFER_LEAST ?
	    BUFFER_LEAST : *u;
	b->size = *u;
	return 0;
}

/* BIOCSETF forgets what waits, BIOCSETFNR keeps it. */
static int
read_filter(int fd, struct bpf *b, unsigned long request, void *arg)
{
	if (b->index != 0)
		pull(fd, b);	/* under the filter there was */
	if (set_filter(b->filter, &b->filter_len, arg) < 0)
		return -1;
	if (request == BIOCSETF)
		reset(b);
	return 0;
}

static int
bpf_ioctl(int fd, struct bpf *b, unsigned long request, void *arg)
{
	unsigned *u = arg;
	struct ifreq r = { 0 };
	struct timeval *t = arg;

	if (b->locked && bpf_locked(request))
		return fail(EPERM);
	switch (request) {
	case BIOCGBLEN:
		*u = b->size;
		return 0;
	case BIOCSBLEN:
		return set_size(b, u);
	case BIOCSETIF:
		return set_interface(fd, b, arg);
	case BIOCGETIF:
		if (!interface(fd, b, &r))
			return fail(EINVAL);
		memcpy(arg, r.ifr_name, IFNAMSIZ);
		return 0;
	case BIOCGDLT:
		return link_type(fd, b, u);
	case BIOCIMMEDIATE:
		b->immediate = *u;
		return 0;
	case BIOCSDIRECTION:
		if (*u > BPF_D_OUT)
			return fail(EINVAL);
		b->direction = *u;
		return 0;
	case BIOCSHDRCMPLT:
		b->complete = *u;
		return 0;
	case BIOCSETF:
	case BIOCSETFNR:
		return read_filter(fd, b, request, arg);
	case BIOCSETWF:
		return set_filter(b->write_filter, &b->write_filter_len, arg);
	case BIOCSRTIMEOUT:
		b->timeout = (int)(t->tv_sec * 1000 + t->tv_usec / 1000);
		return 0;
	case BIOCGSTATS:
		if (b->index != 0)
			pull(fd, b);
		*(struct bpf_stat *)arg = (struct bpf_stat){ b->received,
		    b->dropped };
		return 0;
	case BIOCLOCK:
		b->locked = true;
		return 0;
	}
	return fail(EINVAL);
}

static int
disk_ioctl(int fd, const struct file *f, unsigned long request, void *arg)
{
	struct diocgattr_arg *attribute = arg;
	struct stat st;

	if (__real_fstat(fd, &st) < 0)
		return -1;
	switch (request) {
	case DIOCGSECTORSIZE:
		*(unsigned *)arg = f->sector;
		return 0;
	case DIOCGMEDIASIZE:
		*(off_t *)arg = st.st_size;
		return S_ISBLK(st.st_mode) ?
		    __real_ioctl(fd, 0x80081272UL /* BLKGETSIZE64 */, arg) : 0;
	case DIOCGSTRIPESIZE:
		*(off_t *)arg = f->stripe;
		return 0;
	case DIOCGFLUSH:
		return __real_fdatasync(fd);
	case DIOCGATTR:
		attribute->value.u16 = 1;
		return strcmp(attribute->name, "GEOM::rotation_rate") == 0 ?
		    0 : fail(ENOENT);
	}
	return fail(ENOTTY);
}

static struct sockaddr_dl
link_address(int fd, const struct if_nameindex *i)
{
	struct sockaddr_dl a = { .sdl_len = sizeof a, .sdl_family = AF_LINK,
	    .sdl_index = (unsigned short)i->if_index, .sdl_type = 6,
	    .sdl_nlen = (unsigned char)strlen(i->if_name) };
	struct ifreq r = { 0 };

	strcpy(r.ifr_name, i->if_name);
	strcpy(a.sdl_data, i->if_name);
	if (__real_ioctl(fd, SIOCGIFHWADDR, &r) == 0 &&
	    r.ifr_hwaddr.sa_family == ARPHRD_ETHER) {
		a.sdl_alen = 6;
		memcpy(LLADDR(&a), r.ifr_hwaddr.sa_data, 6);
	}
	return a;
}

/*
 * All addresses: of each interface that of the link, of 56 bytes as the
 * kernel rounds it, then one of another family.
 */
static int
interfaces(int fd, struct ifconf *c)
{
	struct if_nameindex *all = if_nameindex(), *i;
	char *p = c->ifc_buf, *end = p + c->ifc_len;

	for (i = all; i->if_name != NULL && p + 104 <= end; i++) {
		struct sockaddr_dl a = link_address(fd, i);

		a.sdl_len = 56;
		memset(p, 0, 104);
		strcpy(p, i->if_name);
		memcpy(p + IFNAMSIZ, &a, sizeof a);
		strcpy(p + 72, i->if_name);
		p[72 + IFNAMSIZ] = 16;
		p[72 + IFNAMSIZ + 1] = AF_INET;
		p += 104;
	}
	c->ifc_len = (int)(p - c->ifc_buf);
	if_freenameindex(all);
	return 0;
}

static int
media(int fd, struct ifmediareq *m)
{
	struct ifreq r = { 0 };

	memcpy(r.ifr_name, m->ifm_name, IFNAMSIZ);
	if (__real_ioctl(fd, SIOCGIFFLAGS, &r) < 0)
		return -1;
	m->ifm_status = IFM_AVALID | (r.ifr_flags & IFF_RUNNING ? IFM_ACTIVE :
	    0);
	return 0;
}

static bool
ioctl_allowed(int fd, unsigned long request)
{
	const struct file *f = file(fd);

	if (!allowed(fd, CAP_IOCTL))
		return false;
	for (size_t i = 0; i < f->ioctls_count; i++)
		if (f->ioctls[i] == request)
			return true;
	errno = NOTCAPABLE;
	return f->ioctls_count == 0;
}

REAL(int, ioctl, int fd, unsigned long request, ...)
{
	struct file *f = file(fd);
	va_list ap;
	void *arg;
	int result;

	va_start(ap, request);
	arg = va_arg(ap, void *);
	va_end(ap);
	if (!ioctl_allowed(fd, request)) {
		trace("denied ioctl %s on %d\n", name_of(request), fd);
		return -1;
	}
	if (f->kind == BPF)
		result = bpf_ioctl(fd, f->bpf, request, arg);
	else if (f->kind == DISK)
		result = disk_ioctl(fd, f, request, arg);
	else if (request == SIOCGIFCONF)
		result = interfaces(fd, arg);
	else if (request == SIOCGIFMEDIA)
		result = media(fd, arg);
	else
		result = __real_ioctl(fd, request, arg);
	trace("ioctl %d %s = %d\n", fd, name_of(request), result);
	return result;
}

REAL(int, getifaddrs, struct ifaddrs **list)
{
	struct if_nameindex *all = if_nameindex(), *i;
	int s = __real_socket(AF_INET, SOCK_DGRAM, 0);

	*list = NULL;
	if (capability_mode)
		return fail(EPERM);
	for (i = all; i->if_name != NULL; i++) {
		struct ifaddrs *a = calloc(1, sizeof *a +
		    sizeof(struct sockaddr_dl));

		a->ifa_name = strdup(i->if_name);
		a->ifa_addr = (void *)(a + 1);
		*(struct sockaddr_dl *)(void *)a->ifa_addr =
		    link_address(s, i);
		a->ifa_next = *list;
		*list = a;
	}
	if_freenameindex(all);
	__real_close(s);
	return 0;
}

REAL(void, freeifaddrs, struct ifaddrs *a)
{
	for (struct ifaddrs *next; a != NULL; a = next) {
		next = a->ifa_next;
		free(a->ifa_name);
		free(a);
	}
}

/*
 * Reading, writing and waiting.
 */

static int64_t
milliseconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static ssize_t
bpf_read(int fd, struct bpf *b, void *buf, size_t len)
{
	bool nonblocking = fcntl(fd, F_GETFL) & O_NONBLOCK, late;
	int64_t began = milliseconds();
	struct ifreq r = { 0 };
	struct pollfd p = { .fd = fd, .events = POLLIN };

	if (len != b->size)
		return fail(EINVAL);
	for (;;) {
		if (b->index != 0 && ready(fd, b))
			break;
		late = b->timeout > 0 && milliseconds() - began >= b->timeout;
		if (b->store_len > 0 && (nonblocking || late))
			break;
		if (!interface(fd, b, &r))
			return fail(ENXIO);
		if (nonblocking)
			return fail(EAGAIN);
		if (late)
			return 0;
		__real_poll(&p, 1, TICK / 10);
	}
	if (b->hold_len == 0)
		rotate(b);
	memcpy(buf, b->hold, b->hold_len);
	len = b->hold_len;
	b->hold_len = 0;
	return (ssize_t)len;
}

REAL(ssize_t, read, int fd, void *buf, size_t len)
{
	struct file *f = file(fd);

	if (!allowed(fd, CAP_READ))
		return -1;
	return f->kind == BPF ? bpf_read(fd, f->bpf, buf, len) :
	    __real_read(fd, buf, len);
}

/* The checks in the order of bpfwrite() and bpf_movein(). */
static ssize_t
bpf_write(int fd, struct bpf *b, const uint8_t *p, size_t len)
{
	struct ifreq r = { 0 };
	uint8_t *copy = NULL;
	ssize_t sent;

	if (!interface(fd, b, &r) || __real_ioctl(fd, SIOCGIFFLAGS, &r) < 0)
		return fail(ENXIO);
	if (!(r.ifr_flags & IFF_UP))
		return fail(ENETDOWN);
	if (len == 0)
		return 0;
	if (__real_ioctl(fd, SIOCGIFMTU, &r) < 0)
		return fail(ENXIO);
	if (len < ETHER || len - ETHER > (size_t)r.ifr_mtu)
		return fail(EMSGSIZE);
	if (len > (size_t)variable("SHIM_MAXWRITE", 16384))
		return fail(EIO);
	if (verdict(b->write_filter, b->write_filter_len, p, len) == 0)
		return fail(EPERM);
	if (!b->complete) {
		p = copy = memcpy(malloc(len), p, len);
		if (__real_ioctl(fd, SIOCGIFHWADDR, &r) == 0)
			memcpy(copy + 6, r.ifr_hwaddr.sa_data, 6);
	}
	sent = send(fd, p, len, 0);
	if (sent >= 0 && b->direction != BPF_D_IN && !b->writer)
		put(b, p, len);		/* Linux hides it from the sender */
	free(copy);
	return sent >= 0 ? sent : fail(errno == EAGAIN ? ENOBUFS : errno);
}

REAL(ssize_t, write, int fd, const void *buf, size_t len)
{
	struct file *f = file(fd);

	if (!allowed(fd, CAP_WRITE))
		return -1;
	return f->kind == BPF ? bpf_write(fd, f->bpf, buf, len) :
	    __real_write(fd, buf, len);
}

/*
 * A message about a link is one on FreeBSD only when its name, its flags or
 * its MTU changed; its address may change without.
 */
static bool
telling(struct file *f, const char *message, ssize_t len)
{
	const struct nlmsghdr *h = (const void *)message;
	const struct ifinfomsg *i = NLMSG_DATA(h);
	const struct rtattr *a = IFLA_RTA(i);
	int left = (int)IFLA_PAYLOAD(h), mtu = 0;
	int flags = (int)(i->ifi_flags & (IFF_UP | IFF_RUNNING)) |
	    i->ifi_index << 16;
	char name[IFNAMSIZ] = "";
	bool same;

	if (!NLMSG_OK(h, (size_t)len))
		return false;
	for (; RTA_OK(a, left); a = RTA_NEXT(a, left)) {
		if (a->rta_type == IFLA_MTU)
			memcpy(&mtu, RTA_DATA(a), sizeof mtu);
		if (a->rta_type == IFLA_IFNAME)
			snprintf(name, sizeof name, "%s",
			    (const char *)RTA_DATA(a));
	}
	same = flags == f->flags && mtu == f->mtu && strcmp(name, f->name) == 0;
	f->flags = flags;
	f->mtu = mtu;
	strcpy(f->name, name);
	return h->nlmsg_type == RTM_DELLINK || !same;
}

/* Is there a message that FreeBSD would have sent?  Drops those before it. */
static bool
route_ready(int fd)
{
	_Alignas(struct nlmsghdr) char message[1 << 15];
	struct file was;
	ssize_t n;

	for (;;) {
		was = files[fd];
		n = __real_recv(fd, message, sizeof message,
		    MSG_PEEK | MSG_DONTWAIT);
		if (n < 0)
			return errno == ENOBUFS;
		if (telling(&files[fd], message, n)) {
			files[fd] = was;	/* it will be received */
			return true;
		}
		__real_recv(fd, message, sizeof message, MSG_DONTWAIT);
	}
}

REAL(ssize_t, recv, int fd, void *buf, size_t len, int flags)
{
	_Alignas(struct nlmsghdr) char message[1 << 15];
	static const uint8_t info[] = { 16, 0, RTM_VERSION_5, RTM_IFINFO };
	ssize_t n;

	if (!allowed(fd, CAP_READ))
		return -1;
	if (file(fd)->kind != ROUTE)
		return __real_recv(fd, buf, len, flags);
	if (!route_ready(fd))
		return fail(EAGAIN);
	n = __real_recv(fd, message, sizeof message, flags);
	if (n < 0)
		return -1;
	telling(&files[fd], message, n);
	memcpy(buf, info, sizeof info < len ? sizeof info : len);
	return 16;
}

/* PF_ROUTE is Linux's number of PF_NETLINK; a little like it. */
REAL(int, socket, int domain, int type, int protocol)
{
	struct sockaddr_nl to = { .nl_family = AF_NETLINK,
	    .nl_groups = RTMGRP_LINK };
	int fd;

	if (capability_mode)
		return fail(CAPMODE);
	fd = __real_socket(domain, type, protocol);
	if (fd < 0 || fd >= FILES)
		return fd;
	files[fd] = (struct file){ .kind = domain == PF_ROUTE ? ROUTE : OTHER };
	if (domain == PF_ROUTE && bind(fd, (void *)&to, sizeof to) < 0)
		return -1;
	return fd;
}

/* What is ready of p, by FreeBSD's rules, where Linux said `events`. */
static short
shown(const struct pollfd *p)
{
	struct ifreq r = { 0 };
	struct file *f = file(p->fd);

	if (p->fd < 0)
		return 0;
	if (f->limited && !(f->rights & CAP_EVENT))
		return POLLNVAL;
	if (f->kind == ROUTE)
		return (p->revents & (POLLIN | POLLERR)) &&
		    route_ready(p->fd) ? POLLIN : 0;
	if (f->kind != BPF)
		return p->revents;
	if (!interface(p->fd, f->bpf, &r))
		return p->events & (POLLIN | POLLOUT | POLLHUP);
	return (short)((p->events & POLLOUT) |
	    (p->events & POLLIN && ready(p->fd, f->bpf) ? POLLIN : 0));
}

int
__wrap_poll(struct pollfd *p, nfds_t n, int timeout)
{
	int64_t until = milliseconds() + timeout, left;
	int hits;

	for (;;) {
		left = timeout < 0 ? TICK : until - milliseconds();
		left = left < 0 ? 0 : left < TICK ? left : TICK;
		for (nfds_t i = 0; i < n; i++)	/* frames may be here already */
			if (file(p[i].fd)->kind == BPF && shown(&p[i]) != 0)
				left = 0;
		if (__real_poll(p, n, (int)left) < 0)
			return -1;
		hits = 0;
		for (nfds_t i = 0; i < n; i++) {
			p[i].revents = shown(&p[i]);
			hits += p[i].revents != 0;
		}
		if (hits > 0)
			return hits;
		if (timeout >= 0 && milliseconds() >= until)
			return 0;
	}
}

/*
 * Disks: whole sectors only, in each piece of memory.
 */

static bool
whole(int fd, const struct iovec *iov, int n, off_t off)
{
	unsigned sector = file(fd)->sector;

	if (file(fd)->kind != DISK)
		return true;
	errno = EINVAL;
	for (int i = 0; i < n; i++)
		if (iov[i].iov_len % sector != 0)
			return false;
	trace("transfers %d at %lld\n", n, (long long)off);
	return off % sector == 0;
}

REAL(ssize_t, preadv, int fd, const struct iovec *iov, int n, off_t off)
{
	return allowed(fd, CAP_PREAD) && whole(fd, iov, n, off) ?
	    __real_preadv(fd, iov, n, off) : -1;
}

REAL(ssize_t, pwritev, int fd, const struct iovec *iov, int n, off_t off)
{
	return allowed(fd, CAP_PWRITE) && whole(fd, iov, n, off) ?
	    __real_pwritev(fd, iov, n, off) : -1;
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
	trace("fdatasync %d\n", fd);
	return allowed(fd, CAP_FSYNC) ? __real_fdatasync(fd) : -1;
}

int
fstatfs(int fd, struct statfs *fs)
{
	(void)fd;
	strcpy(fs->f_fstypename, "ufs");
	return 0;
}

/*
 * Capsicum.
 */

cap_rights_t *
shim_rights_init(cap_rights_t *r, ...)
{
	unsigned long long bits;
	va_list ap;

	r->bits = 0;
	va_start(ap, r);
	while ((bits = va_arg(ap, unsigned long long)) != 0)
		r->bits |= bits;
	va_end(ap);
	return r;
}

int
cap_rights_limit(int fd, const cap_rights_t *r)
{
	if (fcntl(fd, F_GETFD) < 0)
		return -1;
	file(fd)->limited = true;
	file(fd)->rights = r->bits;
	return 0;
}

int
cap_ioctls_limit(int fd, const unsigned long *ioctls, size_t n)
{
	struct file *f = file(fd);

	memcpy(f->ioctls, ioctls, n * sizeof *ioctls);
	f->ioctls_count = n;
	for (size_t i = 0; i < n; i++)
		trace("permitted %d %s\n", fd, name_of(ioctls[i]));
	return 0;
}

int
cap_enter(void)
{
	trace("cap_enter\n");
	capability_mode = true;
	return 0;
}
