/*
 * freebsd.c: the platform interface over bpf(4) and the disks of GEOM.
 *
 * All is opened before confine(): two bpf devices, one to serve on and one
 * to find out how long a frame may be; a route(4) socket that wakes us when
 * an interface changes; and a socket to ask how the interface is then.  What
 * is said of the kernel was seen on 13.2 and 15.1 or read in sys/net/bpf.c.
 */
#include <sys/types.h>
#include <sys/capsicum.h>
#include <sys/disk.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/sockio.h>
#include <sys/stat.h>

#include <net/bpf.h>
#include <net/if.h>
#include <net/if_dl.h>
#include <net/if_media.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "aoe.h"

enum {
	RECORD = 32,		/* bytes before a frame, and its padding */
	MTU_MOST = 1 << 16,
	JUMBO = 9216,		/* the MTU that room is sized for */
	BUSY = 64,		/* reads between looks at the link, at most */
	VLAN_TYPE = 0x8100,	/* IEEE 802.1Q: its tag is 4 bytes, of which */
	VLAN_TAG = 4,		/* 12 bits are the VLAN, 0 for priority only */
	VLAN_ID = 0x0fff,
};

struct link {
	bool bound;		/* false: the interface is gone */
	bool up;		/* and has carrier */
	unsigned mtu;
	uint8_t mac[MAC_LEN];
	char name[IFNAMSIZ];
};

struct net {
	int fd;			/* the bpf device */
	int probe;		/* another, whose write filter refuses all */
	int route;
	int ask;		/* for ioctls about the interface */
	int wake;
	char name[IFNAMSIZ];	/* as it was asked for */
	struct link link;
	size_t most;		/* bytes of a frame that can be sent */
	bool news;		/* others should hear of us again */
	unsigned busy;		/* reads since the last look at the link */
	unsigned wanted;	/* frames that somebody hoped for room for */
	uint8_t *buffer;	/* one read fills it: like the kernel's */
	unsigned size;
	uint8_t *next, *end;	/* records in it, not yet handed out */
	atomic_ullong drops;	/* those that the kernel no longer counts */
};

/*
 * The link.
 */

/* The address now.  Unlike getifaddrs(3) this may be asked when confined. */
static void
link_address(const struct net *n, struct link *l)
{
	char all[MTU_MOST + sizeof(struct sockaddr_dl)];
	struct ifconf c = { .ifc_len = MTU_MOST, .ifc_buf = all };
	struct sockaddr_dl a;
	size_t len;

	if (ioctl(n->ask, SIOCGIFCONF, &c) < 0)
		return;
	for (char *p = all; p < all + c.ifc_len; p += IFNAMSIZ + len) {
		memcpy(&a, p + IFNAMSIZ, sizeof a);
		len = a.sdl_len > sizeof(struct sockaddr) ? a.sdl_len :
		    sizeof(struct sockaddr);
		if (strncmp(p, l->name, IFNAMSIZ) == 0 &&
		    a.sdl_family == AF_LINK && a.sdl_alen == MAC_LEN &&
		    a.sdl_nlen < IFNAMSIZ)
			memcpy(l->mac, LLADDR(&a), MAC_LEN);
	}
}

/* How the link is now; what cannot be learned stays as it was. */
static struct link
link_now(const struct net *n)
{
	struct link l = n->link;
	struct ifmediareq m = { 0 };
	struct ifreq r = { 0 };

	l.bound = ioctl(n->fd, BIOCGETIF, &r) == 0;
	if (l.bound)
		memcpy(l.name, r.ifr_name, sizeof l.name);
	l.up = l.bound && ioctl(n->ask, SIOCGIFFLAGS, &r) == 0 &&
	    (r.ifr_flags & IFF_UP);
	memcpy(m.ifm_name, l.name, sizeof m.ifm_name);
	if (l.up && ioctl(n->ask, SIOCGIFMEDIA, &m) == 0 &&
	    (m.ifm_status & IFM_AVALID))
		l.up = m.ifm_status & IFM_ACTIVE;
	if (l.bound && ioctl(n->ask, SIOCGIFMTU, &r) == 0)
		l.mtu = (unsigned)r.ifr_mtu;
	if (l.bound)
		link_address(n, &l);
	return l;
}

/* Says what of the interface changed, once a change. */
static void
link_tell(const struct link *l, const struct link *old)
{
	if (strcmp(l->name, old->name) != 0)
		note(LOG_NOTICE, "now named %s", l->name);
	if (l->mtu != old->mtu)
		note(LOG_NOTICE, "MTU %u", l->mtu);
	if (memcmp(l->mac, old->mac, MAC_LEN) != 0)
		note(LOG_NOTICE, "address %02x:%02x:%02x:%02x:%02x:%02x",
		    l->mac[0], l->mac[1], l->mac[2], l->mac[3], l->mac[4],
		    l->mac[5]);
	if (l->up != old->up)
		note(LOG_NOTICE, "link %s", l->up ? "up" : "down");
}

/* Would the kernel send a frame of this length? */
static bool
sendable(const struct net *n, size_t len)
{
	return write(n->probe, n->buffer, len) >= 0 || errno != EIO;
}

/*
 * The longest frame the kernel would send.  Before FreeBSD 14 it has no
 * buffer for one above a page and says EIO (PR 205164), whatever the MTU is;
 * it finds that out before it asks the write filter, so that nothing leaves.
 */
static size_t
frame_most(const struct net *n)
{
	size_t good = ETH_HEADER, bad = n->link.mtu + ETH_HEADER + 1;

	if (sendable(n, bad - 1))
		return bad - 1;
	while (bad - good > 1) {
		size_t half = (good + bad) / 2;

		if (sendable(n, half))
			good = half;
		else
			bad = half;
	}
	return good;
}

static void
limits_tell(const struct net *n)
{
	size_t room = 2 * (size_t)n->size / (RECORD + n->link.mtu);

	if (n->most < n->link.mtu + ETH_HEADER)
		note(LOG_NOTICE, "this kernel sends no frames above %zu bytes",
		    n->most);
	if (room < n->wanted / 2)
		note(LOG_WARNING, "room for %zu frames at a time, where %u "
		    "would do: sysctl net.bpf.maxbufsize", room, n->wanted);
}

/* Takes packets of the interface with the name that was asked for. */
static int
link_bind(const struct net *n)
{
	struct ifreq r = { 0 };

	memcpy(r.ifr_name, n->name, sizeof r.ifr_name);
	return ioctl(n->probe, BIOCSETIF, &r) < 0 ? -1 :
	    ioctl(n->fd, BIOCSETIF, &r);
}

static unsigned
kernel_drops(const struct net *n)
{
	struct bpf_stat s;

	return ioctl(n->fd, BIOCGSTATS, &s) < 0 ? 0 : s.bs_drop;
}

/* The interface is gone; has one come that bears its name? */
static bool
link_back(struct net *n)
{
	unsigned drops = kernel_drops(n);	/* binding zeroes them */

	if (n->link.bound)
		note(LOG_WARNING, "interface is gone");
	if (link_bind(n) < 0)
		return false;
	atomic_fetch_add(&n->drops, drops);
	note(LOG_NOTICE, "interface is back");
	return true;
}

/* Sees how the link is, whatever woke us; many changes may be one. */
static void
link_look(struct net *n)
{
	struct link old = n->link, l = link_now(n);
	size_t most = n->most;
	bool back = !l.bound && link_back(n);

	if (back)
		l = link_now(n);
	n->link = l;
	if (!l.bound)
		return;
	link_tell(&l, &old);
	if (back || l.mtu != old.mtu || l.up != old.up)
		n->most = frame_most(n);
	if (l.mtu != old.mtu || n->most != most)
		limits_tell(n);
	if (l.up && (back || !old.up || n->most != most ||
	    memcmp(l.mac, old.mac, MAC_LEN) != 0))
		n->news = true;
}

/* Whatever a message says, and though some may be lost: it is time to look. */
static void
route_read(struct net *n)
{
	char message[4096];

	while (recv(n->route, message, sizeof message, MSG_DONTWAIT) >= 0 ||
	    errno == ENOBUFS)
		continue;
	link_look(n);
}

/*
 * Frames.
 */

/* Reads all records that wait; they are exactly one buffer at most. */
static void
fill(struct net *n)
{
	ssize_t got = n->link.bound ? read(n->fd, n->buffer, n->size) : 0;

	if (got < 0 && errno == ENXIO)
		link_look(n);
	n->next = n->buffer;
	n->end = n->buffer + (got > 0 ? got : 0);
}

/*
 * The frame of the next record, or none if it arrived cut.  The header is
 * shorter than its struct, so it tells its own length; the last record is
 * not padded, so `next` may end up behind `end`.
 */
static bool
take(struct net *n, struct frame *f)
{
	struct bpf_hdr *h = (void *)n->next;

	*f = (struct frame){ n->next + h->bh_hdrlen, h->bh_caplen };
	n->next += BPF_WORDALIGN(h->bh_hdrlen + h->bh_caplen);
	if (h->bh_caplen < h->bh_datalen) {
		atomic_fetch_add(&n->drops, 1);
		return false;
	}
	if (get16(f->data + 2 * MAC_LEN) == VLAN_TYPE) {
		memmove(f->data + VLAN_TAG, f->data, 2 * MAC_LEN);
		f->data += VLAN_TAG;
		f->len -= VLAN_TAG;
	}
	return true;
}

/* Sleeps until something happens, and sees to the link. */
static void
await(struct net *n, int timeout)
{
	struct pollfd p[] = {	/* bpf without an interface is always ready */
	    { .fd = n->link.bound ? n->fd : -1, .events = POLLIN },
	    { .fd = n->route, .events = POLLIN },
	    { .fd = n->wake, .events = POLLIN } };

	n->busy = 0;
	if (poll(p, 3, timeout) > 0 && p[1].revents != 0)
		route_read(n);
}

/*
 * Nothing tells when the address alone changes.  But then frames come that
 * are not to the one we know: a broadcast at least, by which those that
 * lost us will search.
 */
int
net_recv(struct net *n, struct frame frames[], int max, int timeout, bool *news)
{
	int count = 0;
	bool stranger = false;

	if (n->busy++ == BUSY)
		await(n, 0);
	if (n->next >= n->end)
		fill(n);
	if (n->next >= n->end && !n->news) {
		await(n, timeout);
		fill(n);
	}
	while (count < max && n->next < n->end)
		if (take(n, &frames[count]))
			stranger |= memcmp(frames[count++].data, n->link.mac,
			    MAC_LEN) != 0;
	if (stranger)
		link_look(n);
	*news = n->news;
	n->news = false;
	return count;
}

int
net_send(struct net *n, const struct frame frames[], int count)
{
	int64_t until = 0;
	int lost = 0;

	for (int i = 0; i < count; i++) {
		while (write(n->fd, frames[i].data, frames[i].len) < 0) {
			if (send_again(errno, &until))
				continue;
			if (errno != EMSGSIZE && errno != EIO)
				return lost + count - i;
			lost++;		/* what is too long concerns only it */
			break;
		}
	}
	return lost;
}

uint64_t
net_drops(struct net *n)
{
	return atomic_load(&n->drops) + kernel_drops(n);
}

const uint8_t *
net_mac(const struct net *n)
{
	return n->link.mac;
}

unsigned
net_mtu(const struct net *n)
{
	return (unsigned)n->most - ETH_HEADER;
}

/*
 * Opening.
 */

static int
bpf_open(int mode)
{
	int fd = open("/dev/bpf", mode | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		err(errno == EACCES || errno == EPERM ? EXIT_RIGHTS :
		    EXIT_TRANSIENT, "/dev/bpf (wants root, or a rule of "
		    "devfs(8))");
	return fd;
}

static void
bpf_set(int fd, unsigned long what, void *value)
{
	if (ioctl(fd, what, value) < 0)
		err(EXIT_TRANSIENT, "/dev/bpf");
}

/* The kernel's part of the checks, set before it listens. */
static void
filter(const struct net *n, unsigned shelf, unsigned slot)
{
	struct bpf_insn code[] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, VLAN_TYPE, 0, 6),
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 14),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, VLAN_ID, 3, 0),
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 16),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AOE_TYPE, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
		BPF_STMT(BPF_RET | BPF_K, 0),
		AOE_FILTER(shelf, slot),
	};
	struct bpf_insn refuse = BPF_STMT(BPF_RET | BPF_K, 0);

	bpf_set(n->fd, BIOCSETF, &(struct bpf_program){
	    sizeof code / sizeof *code, code });
	bpf_set(n->probe, BIOCSETWF, &(struct bpf_program){ 1, &refuse });
}

/* Binding fixes the size of the buffer; the kernel grants what it likes. */
static void
options(struct net *n)
{
	unsigned one = 1, in = BPF_D_IN;

	n->size = n->wanted * (RECORD + JUMBO);
	bpf_set(n->fd, BIOCSBLEN, &n->size);
	bpf_set(n->fd, BIOCIMMEDIATE, &one);	/* a frame wakes a reader */
	bpf_set(n->fd, BIOCSHDRCMPLT, &one);	/* the source address is ours */
	bpf_set(n->fd, BIOCSDIRECTION, &in);	/* not what we send */
	n->buffer = calloc(1, n->size + 2 * MTU_MOST);	/* for sendable() */
	if (n->buffer == NULL)
		err(EXIT_TRANSIENT, "memory for frames");
	n->next = n->end = n->buffer;
}

static void
link_open(struct net *n)
{
	struct ifaddrs *all, *a;
	unsigned type;

	n->route = socket(PF_ROUTE, SOCK_RAW | SOCK_CLOEXEC, 0);
	n->ask = socket(AF_LOCAL, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (n->route < 0 || n->ask < 0 || link_bind(n) < 0 ||
	    getifaddrs(&all) < 0)
		err(EXIT_TRANSIENT, "%s", n->name);
	bpf_set(n->fd, BIOCGDLT, &type);
	for (a = all; a != NULL; a = a->ifa_next) {
		struct sockaddr_dl *dl = (void *)a->ifa_addr;

		if (dl != NULL && strcmp(a->ifa_name, n->name) == 0 &&
		    dl->sdl_family == AF_LINK && dl->sdl_alen == MAC_LEN)
			break;
	}
	if (type != DLT_EN10MB || a == NULL)
		errx(EXIT_TRANSIENT, "%s: not an Ethernet", n->name);
	memcpy(n->link.mac, LLADDR((struct sockaddr_dl *)(void *)a->ifa_addr),
	    MAC_LEN);
	freeifaddrs(all);
	memcpy(n->link.name, n->name, sizeof n->name);
	n->link.bound = n->link.up = true;	/* so that down is told */
	n->link = link_now(n);
	if (n->link.mtu == 0)
		err(EXIT_TRANSIENT, "%s: MTU", n->name);
	if (!n->link.up)
		note(LOG_NOTICE, "link down");
	n->most = frame_most(n);
	limits_tell(n);
}

struct net *
net_open(const char *ifname, unsigned shelf, unsigned slot, unsigned frames,
    int wake)
{
	struct net *n = calloc(1, sizeof *n);

	if (n == NULL)
		err(EXIT_TRANSIENT, "memory");
	if (strlen(ifname) >= sizeof n->name)
		errx(EXIT_USAGE, "interface '%s': name too long", ifname);
	strcpy(n->name, ifname);
	n->wake = wake;
	n->wanted = frames;
	n->fd = bpf_open(O_RDWR);
	n->probe = bpf_open(O_WRONLY);	/* hears nothing */
	filter(n, shelf, slot);
	options(n);
	link_open(n);
	return n;
}

/*
 * The disk.  Disks are character devices, which have no page cache: their
 * own descriptor is the direct one, and `unit` is their sector.
 */

static bool
is_device(const struct disk *d)
{
	return d->direct == d->fd;
}

static void
device_open(struct disk *d, const char *path)
{
	struct diocgattr_arg rate = { .name = "GEOM::rotation_rate",
	    .len = sizeof rate.value.u16 };
	off_t stripe = 0;

	if (ioctl(d->fd, DIOCGSECTORSIZE, &d->unit) < 0)
		errx(EXIT_DISK, "%s is a character device, but no disk", path);
	if (d->unit % SECTOR != 0)
		errx(EXIT_DISK, "%s has sectors of %u bytes", path, d->unit);
	d->direct = d->fd;
	d->physical = d->unit;
	if (ioctl(d->fd, DIOCGSTRIPESIZE, &stripe) == 0 && stripe == 4096)
		d->physical = 4096;	/* hides behind sectors of 512 */
	d->solid = ioctl(d->fd, DIOCGATTR, &rate) == 0 && rate.value.u16 == 1;
}

static void
file_open(struct disk *d, const char *path, int mode, int flags)
{
	struct statfs fs;

	d->unit = flags & DISK_DIRECT ? (unsigned)getpagesize() : SECTOR;
	d->direct = flags & DISK_DIRECT ? open(path, mode | O_DIRECT) : -1;
	if ((flags & DISK_DIRECT) && d->direct < 0)
		err(EXIT_DISK, "%s: -d", path);
	d->memory = fstatfs(d->fd, &fs) == 0 &&
	    strcmp(fs.f_fstypename, "tmpfs") == 0;
}

/*
 * GEOM refuses to write to what is mounted, with EPERM.  A lock says that a
 * file or a device is exported; where there are no locks, nothing does.
 */
static bool
claimed(const struct disk *d, bool readonly)
{
	return flock(d->fd, LOCK_NB | (readonly ? LOCK_SH : LOCK_EX)) < 0 &&
	    errno == EWOULDBLOCK;
}

void
disk_open(struct disk *d, const char *path, int flags)
{
	bool readonly = flags & DISK_READONLY;
	int mode = O_CLOEXEC | (readonly ? O_RDONLY : O_RDWR) |
	    (flags & DISK_SYNC ? O_DSYNC : 0);
	struct stat st;

	if (stat(path, &st) < 0)
		disk_err(path, false);
	if (!S_ISREG(st.st_mode) && !S_ISCHR(st.st_mode))
		errx(EXIT_DISK, "%s is %s, neither a file nor a disk", path,
		    S_ISDIR(st.st_mode) ? "a directory" :
		    S_ISFIFO(st.st_mode) ? "a pipe" : "no file");
	d->fd = open(path, mode);
	if (d->fd < 0 || (!(flags & DISK_FORCE) && claimed(d, readonly)))
		disk_err(path, errno == EWOULDBLOCK ||
		    (errno == EPERM && S_ISCHR(st.st_mode)));
	d->sync = flags & DISK_SYNC;
	if (S_ISCHR(st.st_mode))
		device_open(d, path);
	else
		file_open(d, path, mode, flags);
}

off_t
disk_size(const struct disk *d)
{
	struct stat st;
	off_t size;

	if (is_device(d))
		return ioctl(d->fd, DIOCGMEDIASIZE, &size) < 0 ? -1 : size;
	return fstat(d->fd, &st) < 0 ? -1 : st.st_size;
}

/* Moves len bytes between a buffer and the vector. */
static void
vector_copy(const struct iovec *iov, uint8_t *p, size_t len, bool gather)
{
	for (size_t some; len > 0; iov++, p += some, len -= some) {
		some = len < iov->iov_len ? len : iov->iov_len;
		if (gather)
			memcpy(p, iov->iov_base, some);
		else
			memcpy(iov->iov_base, p, some);
	}
}

/* Reads the first and the last sector of a write that fills them in part. */
static bool
edges(const struct disk *d, uint8_t *p, size_t len, off_t off, bool first,
    bool last)
{
	ssize_t unit = d->unit;

	errno = EIO;
	return (!first || pread(d->fd, p, d->unit, off) == unit) &&
	    (!last || pread(d->fd, p + len - unit, d->unit,
	    off + (off_t)len - unit) == unit);
}

/*
 * The device moves whole sectors, and a transfer for each iovec (physio(9)):
 * all but the plainest request goes through a buffer.  `unit` keeps other
 * requests away from what is read here only to be written back.
 */
static ssize_t
device_io(const struct disk *d, const struct iovec *iov, int n, off_t off,
    bool write)
{
	size_t lead = (size_t)(off % d->unit), want = 0, len;
	ssize_t done = -1;
	uint8_t *p;

	for (int i = 0; i < n; i++)
		want += iov[i].iov_len;
	len = (lead + want + d->unit - 1) / d->unit * d->unit;
	if (n == 1 && len == want)
		return write ? pwrite(d->fd, iov->iov_base, want, off) :
		    pread(d->fd, iov->iov_base, want, off);
	if ((p = malloc(len)) == NULL)
		return -1;
	off -= (off_t)lead;
	if (!write) {
		done = pread(d->fd, p, len, off);
	} else if (edges(d, p, len, off, lead > 0,
	    (lead + want) % d->unit != 0)) {
		vector_copy(iov, p + lead, want, true);
		done = pwrite(d->fd, p, len, off);
	}
	if (done >= 0)
		done = done < (ssize_t)lead ? 0 : done - (ssize_t)lead;
	if (done > (ssize_t)want)
		done = (ssize_t)want;
	if (!write && done > 0)
		vector_copy(iov, p + lead, (size_t)done, false);
	free(p);
	return done;
}

/* O_DIRECT may refuse what is not aligned: that takes the page cache. */
ssize_t
disk_read(const struct disk *d, const struct iovec *iov, int n, off_t off)
{
	ssize_t got;

	if (is_device(d))
		return device_io(d, iov, n, off, false);
	if (d->direct >= 0) {
		got = preadv(d->direct, iov, n, off);
		if (got >= 0 || errno != EINVAL)
			return got;
	}
	return preadv(d->fd, iov, n, off);
}

/* O_DSYNC means nothing to a device: it is told to flush. */
ssize_t
disk_write(const struct disk *d, const struct iovec *iov, int n, off_t off)
{
	ssize_t put;

	if (is_device(d)) {
		put = device_io(d, iov, n, off, true);
		return put > 0 && d->sync && disk_flush(d) < 0 ? -1 : put;
	}
	if (d->direct >= 0) {
		put = pwritev(d->direct, iov, n, off);
		if (put >= 0 || errno != EINVAL)
			return put;
	}
	return pwritev(d->fd, iov, n, off);
}

/*
 * Nothing on FreeBSD tells whether a read or a write would wait for the
 * device, so the loop does neither unless there is none.
 */
ssize_t
disk_read_now(const struct disk *d, const struct iovec *iov, int n, off_t off)
{
	return d->memory ? preadv(d->fd, iov, n, off) : -1;
}

bool
disk_write_waits(const struct disk *d, off_t off, size_t len)
{
	(void)off;
	(void)len;
	return !d->memory;
}

/* A device without a cache need not know the command. */
int
disk_flush(const struct disk *d)
{
	if (!is_device(d))
		return fdatasync(d->fd);
	return ioctl(d->fd, DIOCGFLUSH) < 0 && errno != EOPNOTSUPP ? -1 : 0;
}

/*
 * Rights.
 */

/* A kernel may lack capsicum(4); then nothing is given up. */
static void
restrict_to(int fd, const cap_rights_t *rights, const unsigned long *ioctls,
    size_t n)
{
	if (fd >= 0 && (cap_rights_limit(fd, rights) < 0 ||
	    (n > 0 && cap_ioctls_limit(fd, ioctls, n) < 0)) &&
	    errno != ENOSYS)
		err(EXIT_TRANSIENT, "confine");
}

/*
 * After cap_enter(2) nothing can be opened and each descriptor is good for
 * its task only.  Filters cannot be changed any more; BIOCSETIF stays, for
 * an interface that is made again.
 */
void
confine(const struct net *n, const struct disk *d)
{
	static const unsigned long
	    bpf[] = { BIOCSETIF, BIOCGETIF, BIOCGSTATS },
	    ask[] = { SIOCGIFCONF, SIOCGIFFLAGS, SIOCGIFMEDIA, SIOCGIFMTU },
	    disk[] = { DIOCGMEDIASIZE, DIOCGFLUSH };
	cap_rights_t r;

	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		restrict_to(fd, cap_rights_init(&r, CAP_WRITE, CAP_EVENT),
		    NULL, 0);
	restrict_to(n->route, cap_rights_init(&r, CAP_READ, CAP_EVENT), NULL,
	    0);
	restrict_to(n->ask, cap_rights_init(&r, CAP_IOCTL), ask, 4);
	restrict_to(n->probe, cap_rights_init(&r, CAP_WRITE, CAP_IOCTL), bpf,
	    1);
	restrict_to(n->fd, cap_rights_init(&r, CAP_READ, CAP_WRITE, CAP_EVENT,
	    CAP_IOCTL), bpf, 3);
	cap_rights_init(&r, CAP_PREAD, CAP_PWRITE, CAP_FSTAT, CAP_FSYNC,
	    CAP_IOCTL);
	restrict_to(d->fd, &r, disk, 2);
	if (d->direct != d->fd)
		restrict_to(d->direct, &r, disk, 2);
	if (cap_enter() < 0 && errno != ENOSYS)
		err(EXIT_TRANSIENT, "confine");
}
