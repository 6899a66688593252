/* SPDX-License-Identifier: ISC */
/*
 * freebsd.c: the platform interface over bpf(4) and the disks of GEOM, for
 * FreeBSD 14 and later.  There is no engine but vblade.c's pool of threads.
 * "15.1": measured on a kernel of that release.
 */
#include <sys/param.h>
#include <sys/capsicum.h>
#include <sys/disk.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <net/bpf.h>
#include <net/if.h>
#include <net/if_dl.h>
#include <net/if_media.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "aoe.h"

enum {
	RECORD_MAX = 36,	/* header, tag and padding in a bpf record */
	MTU_JUMBO = 9216,	/* the buffer is sized for this MTU */
	FRAME_MAX = 16384,	/* MJUM16BYTES: bpf_movein() sends no more */
	IFCONF_MAX = 1 << 18,	/* bytes of addresses of all interfaces */
	PAGES_MAX = 1 + RUN_MAX * SECTORS_MAX * SECTOR / 4096,

	VLAN_TYPE = 0x8100,	/* IEEE 802.1Q: a tag of 4 bytes, of which */
	VLAN_TAG = 4,		/* 12 bits are the VLAN, 0 in a priority tag */
};

struct net {
	int fd;			/* /dev/bpf */
	int route;		/* route(4), also for ioctls on the interface */
	int watched;		/* the caller's */
	struct ifreq requested;	/* the name; link.name is the present one */
	struct link *link;
	time_t refreshed;	/* when it was last updated */
	uint64_t drops;		/* besides those that the kernel counts now */
	unsigned size;		/* of the buffer, as in the kernel */
	uint8_t *buffer;
	uint8_t *next, *end;	/* records in it that were not returned yet */
};

/* The link. */

uint64_t
net_drops(struct net *n)
{
	struct bpf_stat s;

	return n->drops + (ioctl(n->fd, BIOCGSTATS, &s) < 0 ? 0 : s.bs_drop);
}

/*
 * Read the present address.  In capability mode getifaddrs(3) fails, and
 * SIOCGHWADDR returns the address that the hardware had at first.
 */
static void
link_read_mac(struct net *n)
{
	char all[IFCONF_MAX + sizeof(struct sockaddr_dl)];
	struct ifconf c = { .ifc_len = IFCONF_MAX, .ifc_buf = all };
	struct sockaddr_dl a;

	if (ioctl(n->route, SIOCGIFCONF, &c) < 0)
		return;
	for (char *p = all; p < all + c.ifc_len;
	    p += IFNAMSIZ + MAX(a.sdl_len, sizeof(struct sockaddr))) {
		memcpy(&a, p + IFNAMSIZ, sizeof a);
		if (strncmp(p, n->link->name, IFNAMSIZ) == 0 &&
		    a.sdl_family == AF_LINK)
			memcpy(n->link->mac, LLADDR(&a), MAC_LEN);
	}
}

/*
 * Update n->link; if the interface is gone, bind to that of the requested name.
 * False with errno if there is none (0: not Ethernet).  What cannot be read
 * stays as it was.  The index is our own: the kernel reuses its indexes.
 */
static bool
link_refresh(struct net *n)
{
	unsigned room = MIN(n->size - RECORD_MAX, FRAME_MAX), type = 0;
	uint64_t drops = net_drops(n);	/* BIOCSETIF clears them */
	struct link *l = n->link;
	struct ifmediareq m = { 0 };
	struct ifreq r = n->requested;

	n->refreshed = time(NULL);
	l->updates++;
	if (l->index == 0 || ioctl(n->fd, BIOCGETIF, &r) < 0) {
		l->index = 0;
		if (ioctl(n->fd, BIOCSETIF, &r) < 0)
			return false;
		n->drops = drops;
		ioctl(n->fd, BIOCGDLT, &type);
		errno = 0;
		if (type != DLT_EN10MB)
			return false;
		l->index = l->updates;
	}
	memcpy(l->name, r.ifr_name, sizeof l->name);
	memcpy(m.ifm_name, r.ifr_name, sizeof m.ifm_name);
	if (ioctl(n->route, SIOCGIFMTU, &r) == 0)
		l->mtu = MIN((unsigned)r.ifr_mtu, room - ETH_HEADER);
	ioctl(n->route, SIOCGIFMEDIA, &m);	/* fails where there is none */
	if (ioctl(n->route, SIOCGIFFLAGS, &r) == 0)
		l->up = (r.ifr_flags & IFF_UP) && (m.ifm_status &
		    (IFM_AVALID | IFM_ACTIVE)) != IFM_AVALID;
	link_read_mac(n);
	return true;
}

/* Frames. */

/*
 * Wait for an event; fill the buffer.  Messages of route(4), of which some may
 * be lost (ENOBUFS), are only a reason to update the link, as is ENXIO: the
 * interface is gone.  A bpf device without one is always ready, and a read must
 * be of the size of the kernel's buffer (15.1).
 */
static void
net_wait(struct net *n, bool receive, int timeout)
{
	struct timespec wait = { timeout / 1000, timeout % 1000 * 1000000 };
	bool bound = n->link->index != 0;
	struct pollfd p[] = { { receive && bound ? n->fd : -1, POLLIN, 0 },
	    { n->route, POLLIN, 0 }, { n->watched, POLLIN, 0 } };
	static const sigset_t none;
	ssize_t got = 0;
	char byte;

	n->next = n->end = n->buffer;
	if (ppoll(p, nitems(p), timeout < 0 ? NULL : &wait, &none) <= 0)
		return;
	if (p[0].revents != 0)
		got = read(n->fd, n->buffer, n->size);
	n->end = n->buffer + MAX(got, 0);
	if (p[1].revents == 0 && (got >= 0 || errno != ENXIO))
		return;
	while (recv(n->route, &byte, 1, MSG_DONTWAIT) >= 0)
		continue;
	link_refresh(n);
}

/*
 * Return records of the buffer.  A header is shorter than its struct, and the
 * last record is not padded (15.1), so `next` may pass `end`.  No event reports
 * a new address of the interface, but the broadcasts of initiators that search
 * for us arrive: once a second, frames are a reason to update the link.
 */
int
net_recv(struct net *n, struct iovec frames[], int max, int timeout)
{
	int count = 0;

	if (n->next >= n->end || max == 0)
		net_wait(n, max > 0, timeout);
	while (count < max && n->next < n->end) {
		const struct bpf_hdr *h = (void *)n->next;
		uint8_t *f = n->next + h->bh_hdrlen;
		size_t tag = get16(f + 2 * MAC_LEN) == VLAN_TYPE ? VLAN_TAG : 0;

		memmove(f + tag, f, 2 * MAC_LEN);
		frames[count] = (struct iovec){ f + tag, h->bh_caplen - tag };
		n->next += BPF_WORDALIGN(h->bh_hdrlen + h->bh_caplen);
		count += h->bh_caplen >= h->bh_datalen;	/* not truncated */
	}
	if (count > 0 && time(NULL) != n->refreshed)
		link_refresh(n);
	return count;
}

/* With index 0, the device may be bound to an interface of another type. */
int
net_send(struct net *n, const struct iovec f[], int count)
{
	int dropped = n->link->index == 0 ? count : 0;

	for (int i = dropped; i < count; i++)
		dropped += write(n->fd, f[i].iov_base, f[i].iov_len) < 0;
	return dropped;
}

/* Opening the interface. */

/* Open /dev/bpf; set it up before it is bound: no other frames may arrive. */
static void
bpf_open(struct net *n, unsigned shelf, unsigned slot)
{
	struct bpf_insn code[] = {	/* X, 0 first, skips a priority tag */
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 12),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xffff0fff),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x81000000, 0, 1),
		BPF_STMT(BPF_LDX | BPF_IMM, VLAN_TAG),
		AOE_FILTER(BPF_IND, shelf, slot),	/* no other tags */
	};
	struct bpf_program filter = { nitems(code), code };
	unsigned on = 1, in = BPF_D_IN;

	n->fd = open("/dev/bpf", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (n->fd < 0 || ioctl(n->fd, BIOCSETF, &filter) < 0 ||
	    ioctl(n->fd, BIOCSBLEN, &n->size) < 0 ||	/* or less */
	    ioctl(n->fd, BIOCIMMEDIATE, &on) < 0 ||	/* frames wake poll */
	    ioctl(n->fd, BIOCSHDRCMPLT, &on) < 0 ||	/* keep the source */
	    ioctl(n->fd, BIOCSDIRECTION, &in) < 0)	/* none of our own */
		fail(EXIT_TRANSIENT, errno,
		    "/dev/bpf (requires root or a devfs(8) rule)");
}

/*
 * Two processes that export one address on one interface would both execute
 * every write: a lock, which ends with this process, claims it.
 */
struct net *
net_open(const char *ifname, unsigned shelf, unsigned slot, unsigned frames,
    bool force, int fd, struct link *link)
{
	static struct net net, *n = &net;
	unsigned held;
	char path[64];
	int lock;	/* -1 also if a user has no right to create the file */

	n->link = link;
	n->watched = fd;
	strcpy(n->requested.ifr_name, ifname);
	n->size = MIN(frames, 1U << 16) * (RECORD_MAX + MTU_JUMBO);
	bpf_open(n, shelf, slot);
	n->next = n->end = n->buffer = malloc(n->size);
	n->route = socket(PF_ROUTE, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (n->buffer == NULL || n->route < 0 || !link_refresh(n))
		fail(EXIT_TRANSIENT, errno, errno != 0 ? "%s" :
		    "%s: not an Ethernet interface", ifname);
	snprintf(path, sizeof path, "/var/run/vblade.%s.e%u.%u", ifname, shelf,
	    slot);
	lock = force ? -1 :
	    open(path, O_RDONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (flock(lock, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK)
		fail(EXIT_USAGE, 0, "e%u.%u is already exported on %s by "
		    "another process (-f overrides)", shelf, slot, ifname);
	held = 2 * (n->size / (RECORD_MAX + ETH_HEADER + link->mtu));
	if (held < frames)
		logmsg(LOG_WARNING, "receive buffer holds only %u frames (%u "
		    "requested): see sysctl net.bpf.maxbufsize", held, frames);
	return n;
}

/* The disk. */

struct disk {
	int fd;			/* through the page cache, which devices lack */
	int direct;		/* with -d past the page cache, else as fd */
	bool device;
	unsigned unit;
	unsigned block;		/* of the file system */
	char *map;		/* a file, for mincore(2); never accessed */
	off_t mapped;		/* its size at the start; 0: not mapped */
};

/* EPERM: GEOM uses the disk itself and refuses to open it for writing. */
struct disk *
disk_open(const char *path, int flags, unsigned *unit)
{
	bool direct = flags & DISK_DIRECT, readonly = flags & DISK_READONLY;
	int mode = O_CLOEXEC | (readonly ? O_RDONLY : O_RDWR);
	static struct disk disk, *d = &disk;
	struct stat st;

	if (stat(path, &st) < 0)
		fail(EXIT_DISK, errno, "%s", path);
	d->device = S_ISCHR(st.st_mode);
	if (!d->device && !S_ISREG(st.st_mode))
		fail(EXIT_DISK, 0, "%s: not a regular file or disk", path);
	d->fd = open(path, mode);
	if (d->fd < 0 && errno == EPERM && d->device)
		fail(EXIT_DISK, 0, "%s: mounted, or part of another disk",
		    path);
	if (d->fd < 0 || (!(flags & DISK_FORCE) && flock(d->fd, LOCK_NB |
	    (readonly ? LOCK_SH : LOCK_EX)) < 0 && errno == EWOULDBLOCK))
		fail(EXIT_DISK, errno, "%s", path);
	d->direct = direct && !d->device ? open(path, mode | O_DIRECT) : d->fd;
	if (d->direct < 0)
		fail(EXIT_DISK, errno, "%s: -d", path);
	d->unit = direct ? (unsigned)getpagesize() : SECTOR;
	if (d->device && ioctl(d->fd, DIOCGSECTORSIZE, &d->unit) < 0)
		fail(EXIT_DISK, 0, "%s: not a regular file or disk", path);
	if (d->unit < SECTOR || !powerof2(d->unit))
		fail(EXIT_DISK, 0, "%s: sectors of %u bytes are not supported",
		    path, d->unit);
	*unit = d->unit;
	d->block = (unsigned)st.st_blksize;
	d->mapped = d->device || direct ? 0 : st.st_size;
	d->map = mmap(NULL, (size_t)d->mapped, PROT_READ,
	    MAP_SHARED | MAP_NOCORE, d->fd, 0);
	if (d->map == MAP_FAILED)	/* also if there is nothing to map */
		d->mapped = 0;
	return d;
}

off_t
disk_size(const struct disk *d)
{
	return lseek(d->fd, 0, SEEK_END);	/* of a device too (15.1) */
}

/*
 * A device transfers whole sectors, and each iovec by itself (physio(9)), so
 * a buffer is used.  What an unaligned write leaves of its sectors is read
 * first; `unit` keeps other requests away from them.  A device without a
 * cache may not support a flush; vblade.c requests none of a device that is
 * read-only, which would fail (15.1).
 */
static ssize_t
device_execute(const struct disk *d, const struct io *io)
{
	size_t lead = (size_t)(io->offset % d->unit), at = lead;
	size_t whole = roundup(lead + io->len, d->unit);
	off_t start = io->offset - (off_t)lead;
	bool write = io->op == OP_WRITE, done;
	uint8_t *buffer;

	if (io->op == OP_SYNC)
		return ioctl(d->fd, DIOCGFLUSH) < 0 && errno != EOPNOTSUPP ?
		    -1 : 0;
	buffer = malloc(whole);
	if (buffer == NULL)
		return -1;
	errno = EIO;			/* a short transfer */
	done = (write && whole == io->len) ||
	    pread(d->fd, buffer, whole, start) == (ssize_t)whole;
	for (int i = 0; done && i < io->count; i++) {
		void *p = buffer + at, *data = io->iov[i].iov_base;

		memcpy(write ? p : data, write ? data : p, io->iov[i].iov_len);
		at += io->iov[i].iov_len;
	}
	if (done && write)
		done = pwrite(d->fd, buffer, whole, start) == (ssize_t)whole;
	free(buffer);
	return done ? (ssize_t)io->len : -1;
}

/*
 * Data that could not be written stays dirty, so every sync tries again and
 * reports the error (brelse() in vfs_bio.c): one descriptor will do.
 */
ssize_t
disk_execute(const struct disk *d, const struct io *io)
{
	int fd = io->buffered ? d->fd : d->direct;
	ssize_t n = d->device ? device_execute(d, io) :
	    io->op == OP_SYNC ? fdatasync(d->fd) :
	    io->op == OP_READ ? preadv(fd, io->iov, io->count, io->offset) :
	    pwritev(fd, io->iov, io->count, io->offset);

	return n < 0 ? -errno : n;
}

/*
 * Are these bytes in the page cache?  mincore(2) reports only pages that are
 * mapped in this process, unless the sysctl vm.mincore_mapped is 0, and preadv
 * maps none.  MADV_WILLNEED maps those that are resident and reads nothing.  No
 * page is ever accessed, so a file that shrinks raises no SIGBUS.  ZFS has a
 * cache of its own, unknown here.
 */
static bool
is_cached(const struct disk *d, off_t offset, size_t len)
{
	size_t page = (size_t)getpagesize(), lead = (size_t)offset % page;
	size_t n = howmany(lead + len, page);
	off_t start = offset - (off_t)lead;
	char state[PAGES_MAX];

	return offset + (off_t)len <= d->mapped && n <= sizeof state &&
	    mincore(d->map + start, n * page, state) == 0 &&
	    (memchr(state, 0, n) == NULL ||
	    (madvise(d->map + start, n * page, MADV_WILLNEED) == 0 &&
	    mincore(d->map + start, n * page, state) == 0 &&
	    memchr(state, 0, n) == NULL));
}

/* ffs_write() first reads a block in whose middle the data begins or ends. */
ssize_t
disk_try(const struct disk *d, const struct io *io)
{
	off_t start = io->offset, end = start + (off_t)io->len;
	off_t lead = start % d->block, tail = end % d->block;
	bool waits = io->op == OP_READ ? !is_cached(d, start, io->len) :
	    d->mapped == 0 ||
	    (lead != 0 && !is_cached(d, start - lead, d->block)) ||
	    (tail != 0 && !is_cached(d, end - tail, d->block));

	return waits ? -1 : disk_execute(d, io);
}

const struct engine *
disk_engine(struct disk *d, unsigned depth)
{
	(void)d, (void)depth;
	return pool_engine();
}

/* The service manager and the log. */

/* There is no protocol for it: daemon(8) starts the export. */
void
notify(bool ready, const char *status)
{
	(void)ready, (void)status;
}

bool
is_journal(int fd)
{
	(void)fd;
	return false;
}

/* A pipe cannot be opened again. */
bool
stream_reopen(int fd)
{
	const char *tty = ttyname(fd);
	int new = tty == NULL ? -1 :
	    open(tty, O_WRONLY | O_NONBLOCK | O_NOCTTY);

	dup2(new, fd);
	close(new);
	return new >= 0 || tty == NULL;
}

/* Confinement. */

/* Without CAP_IOCTL, the list of ioctls has no effect. */
static void
limit(int fd, const cap_rights_t *rights)
{
	static const unsigned long ioctls[] = { BIOCSETIF, BIOCGETIF, BIOCGDLT,
	    BIOCGSTATS, SIOCGIFCONF, SIOCGIFFLAGS, SIOCGIFMEDIA, SIOCGIFMTU,
	    DIOCGFLUSH };

	if (cap_ioctls_limit(fd, ioctls, nitems(ioctls)) < 0 ||
	    cap_rights_limit(fd, rights) < 0)
		fail(EXIT_TRANSIENT, errno, "cap_rights_limit");
}

/*
 * After cap_enter(2) no file can be opened, no program executed, no address
 * connected; disk, network and descriptors 0 to 2 keep only the rights needed.
 * The filter is fixed, but BIOCSETIF remains, for an interface that is created
 * again.  Not prevented: socket(2), and with root's rights ioctls on a new one.
 */
void
confine(const struct net *n, const struct disk *d)
{
	cap_rights_t r;

	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		limit(fd, cap_rights_init(&r, CAP_WRITE, CAP_EVENT));
	limit(n->route, cap_rights_init(&r, CAP_READ, CAP_EVENT, CAP_IOCTL));
	limit(n->fd, cap_rights_init(&r, CAP_READ, CAP_WRITE, CAP_EVENT,
	    CAP_IOCTL));
	cap_rights_init(&r, CAP_PREAD, CAP_PWRITE, CAP_FSYNC, CAP_IOCTL);
	limit(d->fd, &r);
	limit(d->direct, &r);
	if (cap_enter() < 0)
		fail(EXIT_TRANSIENT, errno, "cap_enter");
}
