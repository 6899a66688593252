/* SPDX-License-Identifier: ISC */
/*
 * linux.c: the platform interface over AF_PACKET, io_uring and Linux files.
 *
 * Frames arrive in a ring of slots that the kernel shares with us (packet(7),
 * Documentation/networking/packet_mmap.rst; TPACKET_V2, since V3 delays
 * single frames).  An rtnetlink(7) socket reports changes of the link.
 * pselect(2) waits for everything: poll(2) refuses to once confine() has set
 * RLIMIT_NOFILE to 0, and an epoll(7) descriptor would be notified of every
 * frame sent (8 % of the CPU of cached reads).
 */
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/param.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include <arpa/inet.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/fs.h>
#include <linux/if_packet.h>
#include <linux/io_uring.h>
#include <linux/magic.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/if_arp.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "aoe.h"

enum {
	BLOCK = 1 << 18,	/* bytes; the receive ring consists of blocks */
	BLOCKS_MAX = 128,
	MTU_MAX = 36 + SECTORS_MAX * SECTOR,	/* no request is longer */
	SEND_ROOM = 1 << 22,	/* bytes of frames that queues may hold */
	SEND_WAIT = 20,		/* ms for which a full one delays a frame */
	CLAIM_TRIES = 50,	/* at intervals of 10 ms */
	SUBMIT_MAX = 4,		/* operations at a time */
	NOTIFY_WAIT = 5,	/* seconds, if the manager's socket is full */
};

struct net {
	int fd;			/* the packet socket */
	int route;		/* the rtnetlink socket */
	fd_set watched;		/* what ends a wait */
	struct ifreq requested;	/* the name; link.name is the present one */
	struct link *link;

	uint8_t (*ring)[BLOCK];
	unsigned frames;	/* for which it is to have slots */
	unsigned slots, slot_size, blocks, per_block;
	unsigned head;		/* the first slot that the caller uses, */
	unsigned borrowed;	/* and how many those are */
	uint64_t drops;
};

/* The receive ring. */

static struct tpacket2_hdr *
ring_slot(const struct net *n, unsigned i)
{
	i %= n->slots;
	return (void *)&n->ring[i / n->per_block][i % n->per_block *
	    n->slot_size];
}

/*
 * Fit the ring to the current MTU: as many slots as the kernel grants, or none:
 * false with errno.  A slot has two headers and that of Ethernet in 16 bytes,
 * aligned, then what the MTU counts (af_packet.c, tpacket_rcv).
 */
static bool
ring_resize(struct net *n)
{
	struct tpacket_req none = { 0 }, r = { .tp_block_size = BLOCK };
	unsigned need = (unsigned)(sizeof(struct tpacket2_hdr) +
	    sizeof(struct sockaddr_ll) + 16 + 15 + n->link->mtu + 15) / 16 * 16;

	if (n->slots > 0 && need <= n->slot_size)
		return true;
	munmap(n->ring, (size_t)n->blocks * BLOCK);
	n->slots = n->head = n->borrowed = 0;
	n->slot_size = r.tp_frame_size = need;
	n->per_block = BLOCK / need;
	n->blocks = MIN(howmany(n->frames, n->per_block), BLOCKS_MAX);
	for (; n->blocks > 0; n->blocks /= 2) {
		r.tp_block_nr = n->blocks;
		r.tp_frame_nr = n->blocks * n->per_block;
		setsockopt(n->fd, SOL_PACKET, PACKET_RX_RING, &none,
		    sizeof none);
		if (setsockopt(n->fd, SOL_PACKET, PACKET_RX_RING, &r,
		    sizeof r) < 0)
			continue;
		n->ring = mmap(NULL, (size_t)n->blocks * BLOCK,
		    PROT_READ | PROT_WRITE, MAP_SHARED, n->fd, 0);
		if (n->ring != MAP_FAILED)
			break;
	}
	if (n->blocks == 0)
		return false;
	n->slots = n->blocks * n->per_block;
	if (n->slots < n->frames)
		logmsg(LOG_WARNING, "receive ring holds only %u frames "
		    "(%u requested)", n->slots, n->frames);
	return true;
}

static int
ring_receive(struct net *n, struct iovec frames[], int max)
{
	int count = 0;

	while (count < max && n->borrowed < n->slots) {
		struct tpacket2_hdr *h = ring_slot(n, n->head + n->borrowed);
		const struct sockaddr_ll *from = (void *)(h + 1);

		if (!(__atomic_load_n(&h->tp_status, __ATOMIC_ACQUIRE) &
		    TP_STATUS_USER))
			break;
		n->borrowed++;
		/* frames for a VLAN interface above ours have another index */
		if (from->sll_ifindex == (int)n->link->index &&
		    h->tp_snaplen == h->tp_len)
			frames[count++] = (struct iovec){ (uint8_t *)h +
			    h->tp_mac, h->tp_len };
	}
	return count;
}

/* The link. */

/*
 * Update n->link from the interface that the socket is bound to, whatever its
 * name is now; if it is gone, bind to that of the requested name.  False with
 * errno on failure (0: not Ethernet); index 0: gone.  Opens no descriptor.
 */
static bool
link_refresh(struct net *n)
{
	char path[64], master[256] = "/";	/* if there is none */
	struct sockaddr_ll a = { 0 };
	socklen_t len = sizeof a;
	struct link *l = n->link;
	struct ifreq r = n->requested;

	l->updates++;
	getsockname(n->fd, (void *)&a, &len);
	r.ifr_ifindex = a.sll_ifindex;		/* -1: it has vanished */
	if (ioctl(n->fd, SIOCGIFNAME, &r) < 0 &&
	    (ioctl(n->fd, SIOCGIFINDEX, &r) < 0 ||
	    ioctl(n->fd, SIOCGIFNAME, &r) < 0)) {	/* not an alias */
		l->index = 0;
		return false;
	}
	a.sll_ifindex = r.ifr_ifindex;
	a.sll_protocol = htons(AOE_TYPE);
	if (ioctl(n->fd, SIOCGIFHWADDR, &r) < 0)
		return false;		/* it is being renamed */
	errno = 0;
	l->index = 0;
	if (r.ifr_hwaddr.sa_family != ARPHRD_ETHER &&
	    r.ifr_hwaddr.sa_family != ARPHRD_LOOPBACK)
		return false;
	l->index = (unsigned)a.sll_ifindex;
	memcpy(l->mac, r.ifr_hwaddr.sa_data, MAC_LEN);
	memcpy(l->name, r.ifr_name, sizeof l->name);
	if (ioctl(n->fd, SIOCGIFMTU, &r) == 0)
		l->mtu = (unsigned)MIN(r.ifr_mtu, MTU_MAX);
	if (ioctl(n->fd, SIOCGIFFLAGS, &r) == 0)
		l->up = r.ifr_flags & IFF_RUNNING;	/* only if IFF_UP */
	snprintf(path, sizeof path, "/sys/class/net/%s/master", l->name);
	(void)!readlink(path, master, sizeof master - 1); /* despite Landlock */
	snprintf(l->master, sizeof l->master, "%s", strrchr(master, '/') + 1);
	return bind(n->fd, (void *)&a, sizeof a) == 0 && ring_resize(n);
}

/* Frames. */

/*
 * Wait for an event, and update the link after any message, even a lost one,
 * since it may have changed; every second while there is no memory for a ring.
 */
static void
net_wait(struct net *n, bool receive, int timeout)
{
	bool ring = n->slots > 0;
	int ms = !ring && (timeout < 0 || timeout > 1000) ? 1000 : timeout;
	struct timespec wait = { ms / 1000, ms % 1000 * 1000000 };
	static const sigset_t none;
	fd_set ready = n->watched;

	if (!ring || !receive)
		FD_CLR((unsigned)n->fd, &ready);
	if (pselect(FD_SETSIZE, &ready, NULL, NULL, ms < 0 ? NULL : &wait,
	    &none) < 0 || (ring && !FD_ISSET((unsigned)n->route, &ready)))
		return;
	while (recv(n->route, NULL, 0, MSG_DONTWAIT) >= 0)
		continue;
	if (!link_refresh(n) && ring && errno != 0 && errno != ENODEV)
		logmsg(LOG_ERR, "%s: %s", n->link->name, strerror(errno));
}

/* A pending socket error would end every wait: recv(2) clears it. */
int
net_recv(struct net *n, struct iovec frames[], int max, int timeout)
{
	bool around = n->head + n->borrowed >= n->slots;
	int count = 0;

	for (; n->borrowed > 0; n->borrowed--) {
		__atomic_store_n(&ring_slot(n, n->head)->tp_status,
		    TP_STATUS_KERNEL, __ATOMIC_RELEASE);
		n->head = (n->head + 1) % n->slots;
	}
	if (!around)		/* else, once a round: other events, too */
		count = ring_receive(n, frames, max);
	if (count == 0) {
		net_wait(n, max > 0, timeout);
		count = ring_receive(n, frames, max);
	}
	if (count == 0)
		recv(n->fd, NULL, 0, MSG_DONTWAIT);
	return count;
}

/* One that is dropped may have waited: then the rest of the batch does not. */
int
net_send(struct net *n, const struct iovec frames[], int count)
{
	struct mmsghdr m[BATCH];
	int sent = 0, drops = 0;

	for (int i = 0; i < count; i++)
		m[i].msg_hdr = (struct msghdr){ .msg_iov = (void *)&frames[i],
		    .msg_iovlen = 1 };
	while (sent < count) {
		int done = sendmmsg(n->fd, m + sent, (unsigned)(count - sent),
		    drops > 0 ? MSG_DONTWAIT : 0);

		if (done < 0 && errno == EINTR)
			continue;
		drops += done < 0;
		sent += done < 0 ? 1 : done;
	}
	return drops;
}

uint64_t
net_drops(struct net *n)
{
	struct tpacket_stats s;
	socklen_t len = sizeof s;

	if (getsockopt(n->fd, SOL_PACKET, PACKET_STATISTICS, &s, &len) == 0)
		n->drops += s.tp_drops;
	return n->drops;
}

/* Opening the interface. */

/*
 * A socket that is set up before it receives: the filter, locked, and options.
 * All hosts share its send buffer, so that a slow one, whose replies wait in a
 * queue, must not fill it; without CAP_NET_ADMIN, net.core.wmem_max limits it.
 */
static int
packet_open(unsigned shelf, unsigned slot)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS,
		    (unsigned)(SKF_AD_OFF + SKF_AD_PKTTYPE)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_OTHERHOST, 13, 0),
		AOE_FILTER(BPF_ABS, shelf, slot),	/* 13 on: reject */
	};
	struct sock_fprog p = { sizeof code / sizeof *code, code };
	struct timeval wait = { .tv_usec = SEND_WAIT * 1000 };
	int on = 1, version = TPACKET_V2, room = SEND_ROOM;
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &p, sizeof p) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_LOCK_FILTER, &on, sizeof on) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait) < 0 ||
	    setsockopt(fd, SOL_PACKET, PACKET_VERSION, &version,
	    sizeof version) < 0)
		fail(EXIT_TRANSIENT, errno, errno != EPERM ? "packet socket" :
		    "packet socket (requires root or CAP_NET_RAW)");
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room) < 0)
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
	return fd;
}

/*
 * Two processes must not serve one address on one interface, where neither
 * would receive the other's query for it.  The interface is claimed by name,
 * since it may be created again, and by index, since it may be renamed, each as
 * an abstract name of this network namespace: unix(7).
 */
static void
claim_address(const struct link *l, const char *name, unsigned index,
    unsigned shelf, unsigned slot)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int n = snprintf(a.sun_path + 1, sizeof a.sun_path - 1,
	    "vblade/%s/%u/e%u.%u", name, index, shelf, slot);

	if (bind(fd, (void *)&a, (socklen_t)(offsetof(struct sockaddr_un,
	    sun_path) + 1 + (size_t)n)) < 0 && errno == EADDRINUSE)
		fail(EXIT_USAGE, 0, "e%u.%u is already exported on %s by "
		    "another process (-f overrides)", shelf, slot, l->name);
}

struct net *
net_open(const char *ifname, unsigned shelf, unsigned slot, unsigned frames,
    bool force, int fd, struct link *link)
{
	struct sockaddr_nl events = { .nl_family = AF_NETLINK,
	    .nl_groups = RTMGRP_LINK };
	static struct net net, *n = &net;

	strcpy(n->requested.ifr_name, ifname);
	n->link = link;
	n->frames = frames;
	n->fd = packet_open(shelf, slot);
	n->route = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (bind(n->route, (void *)&events, sizeof events) < 0)
		fail(EXIT_TRANSIENT, errno, "rtnetlink socket");
	if (!link_refresh(n))
		fail(EXIT_TRANSIENT, errno, errno != 0 ? "%s" :
		    "%s: not an Ethernet interface", ifname);
	if (!force) {
		claim_address(link, link->name, 0, shelf, slot);
		claim_address(link, "", link->index, shelf, slot);
	}
	if (n->fd >= FD_SETSIZE || n->route >= FD_SETSIZE || fd >= FD_SETSIZE)
		fail(EXIT_TRANSIENT, EMFILE, "select");
	FD_SET((unsigned)n->fd, &n->watched);
	FD_SET((unsigned)n->route, &n->watched);
	FD_SET((unsigned)fd, &n->watched);
	return n;
}

/*
 * The disk.  Its descriptors are registered with io_uring; struct io's
 * `buffered` is the index of the one to use.
 */

enum { FD_DATA, FD_BUFFERED, FDS };

struct disk {
	int fd[FDS];
	bool device, direct;
	long nowait;		/* a flag of preadv2(2) */

	int uring;
	unsigned *sq_head, *sq_tail, *sq_array, sq_mask;
	unsigned *cq_head, *cq_tail, cq_mask;
	struct io_uring_sqe *sqe;
	struct io_uring_cqe *cqe;
};

/*
 * Open a disk and claim it, by O_EXCL in `mode`, which no mount shares, or by
 * `lock`.  io_uring shares the descriptor, so the claim of a killed process
 * lasts until its last operation, which might undo a write of the next process,
 * has ended; without one, it still lasts for some milliseconds.
 */
static int
open_claimed(const char *path, int mode, int lock)
{
	int fd, tries = CLAIM_TRIES;

	while ((fd = open(path, mode)) < 0 ||
	    (lock != 0 && flock(fd, lock) < 0)) {
		if (tries-- == 0 || (errno != EBUSY && errno != EWOULDBLOCK))
			fail(EXIT_DISK, errno, "%s", path);
		close(fd);
		usleep(10000);
	}
	return fd;
}

struct disk *
disk_open(const char *path, int flags, unsigned *unit)
{
	bool claim = !(flags & DISK_FORCE), readonly = flags & DISK_READONLY;
	int mode = O_CLOEXEC | (readonly ? O_RDONLY : O_RDWR);
	int excl = 0, lock = 0, block = 0, fd, protected;
	static struct disk disk, *d = &disk;
	struct statfs fs;
	struct stat st;

	if (stat(path, &st) < 0)
		fail(EXIT_DISK, errno, "%s", path);
	d->device = S_ISBLK(st.st_mode);
	d->direct = flags & DISK_DIRECT;
	if (!d->device && !S_ISREG(st.st_mode))
		fail(EXIT_DISK, 0, "%s: not a regular file or block device",
		    path);
	if (claim && !d->device)
		lock = LOCK_NB | (readonly ? LOCK_SH : LOCK_EX);
	else if (claim && !readonly)
		excl = O_EXCL;
	d->fd[FD_BUFFERED] = fd = open_claimed(path, mode | excl, lock);
	if (!readonly && ioctl(fd, BLKROGET, &protected) == 0 && protected)
		fail(EXIT_DISK, EROFS, "%s", path);
	d->fd[FD_DATA] = open(path, mode | (d->direct ? O_DIRECT : 0));
	if (d->fd[FD_DATA] < 0)
		fail(EXIT_DISK, errno, "%s%s", path, d->direct ? ": -d" : "");
	/* if permitted, no time of access, which would wait for the journal */
	fcntl(d->fd[FD_DATA], F_SETFL, O_NOATIME | (d->direct ? O_DIRECT : 0));
	fcntl(fd, F_SETFL, O_NOATIME);
	/* the page cache shares no block with direct I/O: no readahead */
	posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM);
	ioctl(fd, FIGETBSZ, &block);
	*unit = d->direct ? (unsigned)MAX(block, getpagesize()) : SECTOR;
	d->nowait = !d->device && fstatfs(fd, &fs) == 0 && fs.f_type ==
	    TMPFS_MAGIC ? 0 : RWF_NOWAIT;	/* tmpfs never waits */
	return d;
}

/*
 * After fstat(2), the next write has to give the inode a new time stamp, which
 * costs each sync another write to the disk; lseek(2) on a device waits for
 * writes under way.  A device that has vanished has no sectors left.
 */
off_t
disk_size(const struct disk *d)
{
	uint64_t size = 0;

	if (!d->device)
		return lseek(d->fd[FD_BUFFERED], 0, SEEK_END);
	if (syscall(SYS_ioctl, (long)d->fd[FD_BUFFERED], (long)BLKGETSIZE64,
	    &size) == 0 && size == 0)	/* musl's ioctl takes an int */
		errno = ENXIO;
	return size == 0 ? -1 : (off_t)size;
}

ssize_t
disk_execute(const struct disk *d, const struct io *io)
{
	int fd = d->fd[io->buffered];
	ssize_t n = io->op == OP_SYNC ? fdatasync(fd) : io->op == OP_WRITE ?
	    pwritev(fd, io->iov, io->count, io->offset) :
	    preadv(fd, io->iov, io->count, io->offset);

	return n < 0 ? -errno : n;
}

/* preadv2(2), called by number since musl 1.2.3 lacks it. */
static ssize_t
read_nowait(const struct disk *d, const struct iovec *iov, int count,
    off_t offset)
{
	return syscall(SYS_preadv2, d->fd[FD_DATA], iov, (long)count,
	    (long)offset, (long)((uint64_t)offset >> 32), d->nowait);
}

/*
 * A page that is written only in part is read first, unless it is cached or
 * beyond the end, which reading a byte of it shows.  Direct I/O always waits.
 */
ssize_t
disk_try(const struct disk *d, const struct io *io)
{
	off_t page = getpagesize(), end = io->offset + (off_t)io->len;
	off_t last = end - end % page;	/* the page that it ends in, if any */
	struct iovec byte = { &(char){ 0 }, 1 };

	if (d->direct)
		return -1;
	if (io->op == OP_READ)
		return read_nowait(d, io->iov, io->count, io->offset);
	if (io->offset % page != 0 && read_nowait(d, &byte, 1, io->offset) < 0)
		return -1;
	if (last != end && last >= io->offset &&
	    read_nowait(d, &byte, 1, last) < 0)
		return -1;
	return disk_execute(d, io);
}

/* The engine: io_uring(7), restricted to transfers and syncs of the disk. */

static long
uring_register(int fd, long opcode, void *arg, long count)
{
	return syscall(SYS_io_uring_register, (long)fd, opcode, arg, count);
}

/* One mapping has both queues since Linux 5.4, and sq_array last. */
static bool
uring_map(struct disk *d, int fd, const struct io_uring_params *p)
{
	size_t size = p->sq_off.array + p->sq_entries * sizeof *d->sq_array;
	uint8_t *ring = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED,
	    fd, IORING_OFF_SQ_RING);

	d->sqe = mmap(NULL, p->sq_entries * sizeof *d->sqe,
	    PROT_READ | PROT_WRITE, MAP_SHARED, fd, IORING_OFF_SQES);
	if (ring == MAP_FAILED || d->sqe == MAP_FAILED)
		return false;
	d->sq_head = (void *)(ring + p->sq_off.head);
	d->sq_tail = (void *)(ring + p->sq_off.tail);
	d->sq_array = (void *)(ring + p->sq_off.array);
	d->sq_mask = p->sq_entries - 1;
	d->cq_head = (void *)(ring + p->cq_off.head);
	d->cq_tail = (void *)(ring + p->cq_off.tail);
	d->cqe = (void *)(ring + p->cq_off.cqes);
	d->cq_mask = p->cq_entries - 1;
	return true;
}

static bool
uring_submit(struct disk *d)
{
	unsigned n = *d->sq_tail - *d->sq_head;	/* moved by this call only */

	return n == 0 || syscall(SYS_io_uring_enter, (long)d->uring, (long)n,
	    0L, 0L, NULL, 0L) == (long)n;
}

/*
 * Never full: vblade.c starts no more operations than `depth`.  The disk begins
 * with the first of a batch while the others are still being prepared.
 */
static void
uring_start(struct disk *d, struct io *io)
{
	static const uint8_t opcodes[] = { [OP_READ] = IORING_OP_READV,
	    [OP_WRITE] = IORING_OP_WRITEV, [OP_SYNC] = IORING_OP_FSYNC };
	unsigned tail = *d->sq_tail, i = tail & d->sq_mask;
	bool sync = io->op == OP_SYNC;

	d->sqe[i] = (struct io_uring_sqe){ .opcode = opcodes[io->op],
	    .flags = IOSQE_FIXED_FILE, .fd = io->buffered,
	    .off = (uint64_t)io->offset, .len = (unsigned)io->count,
	    .addr = sync ? 0 : (uintptr_t)io->iov,
	    .fsync_flags = sync ? IORING_FSYNC_DATASYNC : 0,
	    .user_data = (uintptr_t)io };
	d->sq_array[i] = i;
	__atomic_store_n(d->sq_tail, tail + 1, __ATOMIC_RELEASE);
	if (tail % SUBMIT_MAX == SUBMIT_MAX - 1)
		uring_submit(d);
}

static struct io *
uring_finished(struct disk *d)
{
	unsigned head = *d->cq_head;
	const struct io_uring_cqe *e = &d->cqe[head & d->cq_mask];
	struct io *io;

	if (head == __atomic_load_n(d->cq_tail, __ATOMIC_ACQUIRE))
		return NULL;
	io = (void *)(uintptr_t)e->user_data;
	/* canceled: there is no thread that would execute it */
	io->result = e->res == -ECANCELED ? disk_execute(d, io) : e->res;
	__atomic_store_n(d->cq_head, head + 1, __ATOMIC_RELEASE);
	return io;
}

static struct engine engine = { "io_uring", -1, 0, uring_start, uring_submit,
    uring_finished };

/* Else the kernel keeps the files in use for some time after the exit. */
static void
release_files(void)
{
	usleep(1000);		/* a worker may still have to release one */
	uring_register(engine.fd, IORING_UNREGISTER_FILES, NULL, 0);
}

const struct engine *
disk_engine(struct disk *d, unsigned depth)
{
	struct io_uring_restriction allowed[] = {
		{ .opcode = IORING_RESTRICTION_SQE_OP, { IORING_OP_READV } },
		{ .opcode = IORING_RESTRICTION_SQE_OP, { IORING_OP_WRITEV } },
		{ .opcode = IORING_RESTRICTION_SQE_OP, { IORING_OP_FSYNC } },
		{ .opcode = IORING_RESTRICTION_SQE_FLAGS_REQUIRED,
		    { IOSQE_FIXED_FILE } },
		{ .opcode = IORING_RESTRICTION_REGISTER_OP,
		    { IORING_UNREGISTER_FILES } },
	};
	struct io_uring_params p = { .flags = IORING_SETUP_R_DISABLED |
	    IORING_SETUP_SUBMIT_ALL | IORING_SETUP_COOP_TASKRUN |
	    IORING_SETUP_SINGLE_ISSUER };
	unsigned limits[] = { depth, 0 };	/* of workers; 0: as it is */
	int fd = (int)syscall(SYS_io_uring_setup, (long)depth, &p);

	if (fd < 0 && errno == EINVAL) {
		/* before Linux 6.0, whose flags save wake-ups and interrupts */
		p.flags = IORING_SETUP_R_DISABLED;
		fd = (int)syscall(SYS_io_uring_setup, (long)depth, &p);
	}
	if (fd >= 0)		/* before Linux 5.15 they are 4 per CPU */
		uring_register(fd, IORING_REGISTER_IOWQ_MAX_WORKERS, limits, 2);
	if (fd < 0 || !uring_map(d, fd, &p) ||
	    uring_register(fd, IORING_REGISTER_RESTRICTIONS, allowed, 5) < 0 ||
	    uring_register(fd, IORING_REGISTER_FILES, d->fd, FDS) < 0 ||
	    uring_register(fd, IORING_REGISTER_ENABLE_RINGS, NULL, 0) < 0) {
		logmsg(LOG_NOTICE, "io_uring is not available: %s",
		    strerror(errno));
		close(fd);
		return pool_engine();
	}
	d->uring = engine.fd = fd;
	engine.depth = depth;
	atexit(release_files);
	return &engine;
}

/* The service manager and the log. */

void
notify(bool ready, const char *status)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	struct timeval wait = { .tv_sec = NOTIFY_WAIT };
	size_t n = path == NULL ? 0 : strlen(path);
	char state[512];
	int fd;

	if (n == 0 || n >= sizeof to.sun_path)
		return;
	memcpy(to.sun_path, path, n);
	if (*path == '@')
		to.sun_path[0] = '\0';
	snprintf(state, sizeof state, "%sSTATUS=%s", ready ? "READY=1\n" : "",
	    status);
	fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
	if (fd < 0 || sendto(fd, state, strlen(state), 0, (void *)&to,
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)) < 0)
		logmsg(LOG_WARNING, "%s: %s", path, strerror(errno));
	close(fd);
}

bool
is_journal(int fd)
{
	const char *stream = getenv("JOURNAL_STREAM");
	struct stat st = { 0 };
	char id[64];

	fstat(fd, &st);
	snprintf(id, sizeof id, "%ju:%ju", (uintmax_t)st.st_dev,
	    (uintmax_t)st.st_ino);
	return stream != NULL && strcmp(stream, id) == 0;
}

bool
stream_reopen(int fd)
{
	const char *tty = ttyname(fd);
	char path[32];
	int new;

	if (tty == NULL && lseek(fd, 0, SEEK_CUR) >= 0)
		return true;		/* neither a terminal nor a pipe */
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	new = open(tty != NULL ? tty : path, O_WRONLY | O_NONBLOCK | O_NOCTTY);
	dup2(new, fd);
	close(new);
	return new >= 0 || !isatty(fd);
}

/* Confinement. */

/*
 * No capability, nothing gained by execve(2), and no descriptor can be made,
 * not even in the place of one that was closed.  landlock(7): no file can be
 * opened, made, removed or executed, no TCP port used, no process outside
 * signaled, as far as the kernel supports that.
 */
void
confine(const struct net *n, const struct disk *d)
{
	/* to files, to TCP, scopes: what older kernels lack must be 0 */
	static const uint64_t rights[][3] = { { 0xffff, 0x3, 0x3 },
	    { 0xffff, 0x3 }, { 0x7fff, 0x3 }, { 0x7fff }, { 0x3fff },
	    { 0x1fff } };
	struct __user_cap_header_struct h = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct none[2] = { { 0 } };
	struct rlimit limit = { 0, 0 };
	long rules = -1;

	(void)n, (void)d;
	for (int i = 0; i < 6 && rules < 0; i++)
		rules = syscall(SYS_landlock_create_ruleset, rights[i],
		    sizeof *rights, 0L);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    setrlimit(RLIMIT_NOFILE, &limit) < 0 ||
	    syscall(SYS_capset, &h, none) < 0)
		fail(EXIT_TRANSIENT, errno, "confine");
	if (rules < 0 || syscall(SYS_landlock_restrict_self, rules, 0L) < 0)
		logmsg(LOG_NOTICE, "Landlock is not available: %s",
		    strerror(errno));
	close((int)rules);
}
