/*
 * linux.c: the platform interface over AF_PACKET and Linux's block devices.
 *
 * Frames arrive in a ring of slots that the kernel shares with us (packet(7),
 * Documentation/networking/packet_mmap.rst; TPACKET_V2, since V3 holds single
 * frames back), or by recvmmsg(2) where there is no ring to be had.  Link
 * events come from one rtnetlink(7) socket.  Nothing is polled for.
 */
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include <arpa/inet.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/fs.h>
#include <linux/if_packet.h>
#include <linux/landlock.h>
#include <linux/magic.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/if_arp.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "aoe.h"

enum {
	RING_MOST = 32 << 20,	/* bytes */
	RECV_BATCH = 64,	/* frames, without a ring */
	SLOT_ADDRESS = 32,	/* where a slot has the sender's address */
	SEND_BATCH = 64,	/* frames in one system call */
	BUSY = 64,		/* receives between looks at the link */
	LOWER_UP = 1 << 16,	/* IFF_LOWER_UP of <linux/if.h>, which cannot
				   be had together with <net/if.h> */
};

_Static_assert(sizeof(struct tpacket2_hdr) == SLOT_ADDRESS, "slot");

/* What rtnetlink tells of an interface. */
struct link {
	int index;		/* 0: there is none */
	bool up;		/* and has carrier */
	int bridge;		/* of which it is a port, or 0 */
	unsigned mtu;
	uint8_t mac[MAC_LEN];
	char name[IFNAMSIZ];
};

struct net {
	int fd;			/* the packet socket */
	int route;		/* the rtnetlink socket */
	int wake;
	char name[IFNAMSIZ];	/* as it was asked for */
	struct link link;
	bool news;		/* others should hear of us again */
	unsigned busy;		/* receives since the last look at the link */

	uint8_t *memory;	/* the ring, or what recvmmsg(2) fills */
	size_t size;
	bool ring;
	unsigned wanted;	/* slots somebody hoped for */
	unsigned slots, slot_size, block_size, per_block;
	unsigned head;		/* the next slot to look at */
	unsigned lent;		/* slots before it, which the caller has */
	atomic_ullong drops;
};

/*
 * Room for frames.
 */

static uint8_t *
slot(const struct net *n, unsigned i)
{
	return n->memory + (size_t)(i / n->per_block) * n->block_size +
	    (size_t)(i % n->per_block) * n->slot_size;
}

static int
ring_request(const struct net *n, unsigned blocks)
{
	struct tpacket_req r = { .tp_block_nr = blocks };

	if (blocks > 0) {
		r.tp_block_size = n->block_size;
		r.tp_frame_size = n->slot_size;
		r.tp_frame_nr = blocks * n->per_block;
	}
	return setsockopt(n->fd, SOL_PACKET, PACKET_RX_RING, &r, sizeof r);
}

static void
room_free(struct net *n)
{
	if (n->memory != NULL)
		munmap(n->memory, n->size);
	if (n->ring)
		ring_request(n, 0);
	n->memory = NULL;
	n->ring = false;
	n->head = n->lent = 0;
}

/* Makes a ring of as many slots as the kernel will give; false if none. */
static bool
ring_make(struct net *n)
{
	unsigned blocks = (n->wanted + n->per_block - 1) / n->per_block;

	if (blocks > RING_MOST / n->block_size)
		blocks = RING_MOST / n->block_size;
	while (blocks > 0 && ring_request(n, blocks) < 0)
		blocks /= 2;
	if (blocks == 0)
		return false;
	n->ring = true;
	n->slots = blocks * n->per_block;
	n->size = (size_t)blocks * n->block_size;
	n->memory = mmap(NULL, n->size, PROT_READ | PROT_WRITE, MAP_SHARED,
	    n->fd, 0);
	if (n->memory != MAP_FAILED)
		return true;
	n->memory = NULL;
	room_free(n);
	return false;
}

/* Without a ring frames wait in the socket's buffer: makes it large. */
static void
socket_make(struct net *n)
{
	unsigned most = RING_MOST / n->slot_size;
	int want = (int)((n->wanted < most ? n->wanted : most) * n->slot_size);
	int have = 0;
	socklen_t len = sizeof have;

	getsockopt(n->fd, SOL_SOCKET, SO_RCVBUF, &have, &len);
	if (have < want && setsockopt(n->fd, SOL_SOCKET, SO_RCVBUFFORCE,
	    &want, sizeof want) < 0)
		setsockopt(n->fd, SOL_SOCKET, SO_RCVBUF, &want, sizeof want);
	getsockopt(n->fd, SOL_SOCKET, SO_RCVBUF, &have, &len);
	n->slots = (unsigned)have / n->slot_size;
	n->size = (size_t)RECV_BATCH * n->slot_size;
	n->memory = mmap(NULL, n->size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (n->memory == MAP_FAILED)
		err(EXIT_TRANSIENT, "memory for frames");
}

/*
 * The bytes of a slot: first a struct tpacket2_hdr and the sender's address,
 * aligned, then the Ethernet header in 16 bytes, then what the MTU counts
 * (net/packet/af_packet.c, tpacket_rcv).
 */
static unsigned
slot_need(unsigned mtu)
{
	return (SLOT_ADDRESS + sizeof(struct sockaddr_ll) + 16 + 15 + mtu +
	    15) / 16 * 16;
}

/* Makes room for frames of the MTU as it is now; blocks are filled well. */
static void
room_make(struct net *n)
{
	room_free(n);
	n->slot_size = slot_need(n->link.mtu);
	n->block_size = 1 << 16;
	while (n->block_size < 3 * n->slot_size)
		n->block_size *= 2;
	n->per_block = n->block_size / n->slot_size;
	if (!ring_make(n)) {
		note(LOG_WARNING, "no receive ring: %s", strerror(errno));
		socket_make(n);
	}
	if (n->slots < n->wanted / 2)
		note(LOG_WARNING, "room for %u frames at a time, "
		    "where %u would do", n->slots, n->wanted);
}

/*
 * The link.
 */

/* The attribute at p, when all of it lies before the end, else NULL. */
static const struct rtattr *
attribute(const void *p, const void *end)
{
	const struct rtattr *a = p;
	size_t left = (size_t)((const char *)end - (const char *)p);

	return (const char *)end > (const char *)p && left >= sizeof *a &&
	    a->rta_len >= sizeof *a && a->rta_len <= left ? a : NULL;
}

static const void *
after(const struct rtattr *a)
{
	return (const char *)a + (a->rta_len + 3U) / 4 * 4;
}

/* Is it a bridge's port, by the attributes within IFLA_LINKINFO? */
static bool
is_port(const struct rtattr *info)
{
	const void *end = (const char *)info + info->rta_len;
	const struct rtattr *a = attribute(info + 1, end);

	for (; a != NULL; a = attribute(after(a), end))
		if (a->rta_type == IFLA_INFO_SLAVE_KIND &&
		    strncmp(RTA_DATA(a), "bridge", RTA_PAYLOAD(a)) == 0)
			return true;
	return false;
}

static struct link
link_parse(const struct nlmsghdr *h)
{
	const struct ifinfomsg *i = NLMSG_DATA(h);
	const void *end = (const char *)h + h->nlmsg_len;
	const struct rtattr *a = attribute(i + 1, end);
	int master = 0;
	struct link l = { .index = i->ifi_index,
	    .up = (i->ifi_flags & IFF_UP) && (i->ifi_flags & LOWER_UP) };
	bool port = false;

	for (; a != NULL; a = attribute(after(a), end)) {
		if (a->rta_type == IFLA_IFNAME)
			snprintf(l.name, sizeof l.name, "%s",
			    (const char *)RTA_DATA(a));
		else if (a->rta_type == IFLA_MTU)
			memcpy(&l.mtu, RTA_DATA(a), sizeof l.mtu);
		else if (a->rta_type == IFLA_ADDRESS &&
		    RTA_PAYLOAD(a) == MAC_LEN)
			memcpy(l.mac, RTA_DATA(a), MAC_LEN);
		else if (a->rta_type == IFLA_MASTER)
			memcpy(&master, RTA_DATA(a), sizeof master);
		else if (a->rta_type == IFLA_LINKINFO)
			port = is_port(a);
	}
	l.bridge = port ? master : 0;
	return l;
}

static int
link_bind(const struct net *n)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET,
	    .sll_protocol = htons(AOE_TYPE), .sll_ifindex = n->link.index };

	return bind(n->fd, (void *)&to, sizeof to);
}

/* Says what changed, once a change; ready() says what it was at first. */
static void
link_tell(const struct link *l, const struct link *old)
{
	char bridge[IFNAMSIZ] = "a bridge";

	if (strcmp(l->name, old->name) != 0)
		note(LOG_NOTICE, "now named %s", l->name);
	if (l->mtu != old->mtu && old->mtu != 0)
		note(LOG_NOTICE, "MTU %u", l->mtu);
	if (memcmp(l->mac, old->mac, MAC_LEN) != 0 && old->mtu != 0)
		note(LOG_NOTICE, "address %02x:%02x:%02x:%02x:%02x:%02x",
		    l->mac[0], l->mac[1], l->mac[2], l->mac[3], l->mac[4],
		    l->mac[5]);
	if (l->up != old->up)
		note(LOG_NOTICE, "link %s", l->up ? "up" : "down");
	if (l->bridge != 0 && l->bridge != old->bridge) {
		if_indextoname((unsigned)l->bridge, bridge);
		note(LOG_WARNING, "a port of bridge %s hears nothing: "
		    "export on %s", bridge, bridge);
	}
}

/* The interface is as l says; l->index is not 0. */
static void
link_is(struct net *n, const struct link *l)
{
	struct link old = n->link;

	n->link = *l;
	if (old.index == 0) {
		note(LOG_NOTICE, "interface is back");
		if (link_bind(n) < 0)
			note(LOG_ERR, "bind: %s", strerror(errno));
	}
	link_tell(l, &old);
	if (slot_need(l->mtu) > n->slot_size)
		room_make(n);
	if (l->up && (!old.up || old.index == 0 || l->mtu != old.mtu ||
	    memcmp(l->mac, old.mac, MAC_LEN) != 0))
		n->news = true;
}

static void
link_gone(struct net *n)
{
	if (n->link.index != 0)
		note(LOG_WARNING, "interface is gone");
	n->link.index = 0;
	n->link.up = false;
}

/* A message of another family speaks of a bridge's ports, not of links. */
static void
link_message(struct net *n, const struct nlmsghdr *h)
{
	const struct ifinfomsg *i = NLMSG_DATA(h);
	struct link l;

	if (h->nlmsg_type == NLMSG_ERROR)
		link_gone(n);
	if ((h->nlmsg_type != RTM_NEWLINK && h->nlmsg_type != RTM_DELLINK) ||
	    i->ifi_family != AF_UNSPEC)
		return;
	l = link_parse(h);
	if (l.index == n->link.index && h->nlmsg_type == RTM_DELLINK)
		link_gone(n);
	else if (h->nlmsg_type == RTM_NEWLINK && (l.index == n->link.index ||
	    (n->link.index == 0 && strcmp(l.name, n->name) == 0)))
		link_is(n, &l);
}

/* Asks for a message about the interface as it is now. */
static void
link_ask(const struct net *n)
{
	struct {
		struct nlmsghdr h;
		struct ifinfomsg i;
	} q = { .h = { .nlmsg_len = sizeof q, .nlmsg_type = RTM_GETLINK,
	    .nlmsg_flags = NLM_F_REQUEST },
	    .i.ifi_index = (int)if_nametoindex(n->name) };

	if (send(n->route, &q, sizeof q, 0) < 0)
		note(LOG_WARNING, "rtnetlink: %s", strerror(errno));
}

/* Takes what rtnetlink has to say; when it had to drop some, asks anew. */
static void
link_read(struct net *n)
{
	_Alignas(struct nlmsghdr) char buffer[1 << 15];
	int64_t len;		/* which all types in NLMSG_NEXT fit into */

	for (;;) {
		len = recv(n->route, buffer, sizeof buffer, MSG_DONTWAIT);
		if (len < 0 && errno == ENOBUFS)
			link_ask(n);
		else if (len <= 0)
			return;
		for (struct nlmsghdr *h = (void *)buffer; len > 0 &&
		    NLMSG_OK(h, (size_t)len); h = NLMSG_NEXT(h, len))
			link_message(n, h);
	}
}

/*
 * Frames.
 */

static int
ring_take(struct net *n, struct frame frames[], int max)
{
	int count = 0;

	while (count < max && n->lent < n->slots) {
		uint8_t *s = slot(n, n->head);
		struct tpacket2_hdr *h = (void *)s;
		struct sockaddr_ll *from = (void *)(s + SLOT_ADDRESS);
		unsigned status = __atomic_load_n(&h->tp_status,
		    __ATOMIC_ACQUIRE);

		if (!(status & TP_STATUS_USER))
			break;
		if (status & TP_STATUS_LOSING)
			net_drops(n);
		n->head = n->head + 1 < n->slots ? n->head + 1 : 0;
		n->lent++;
		if (from->sll_pkttype != PACKET_OTHERHOST &&
		    h->tp_snaplen == h->tp_len)
			frames[count++] = (struct frame){ s + h->tp_mac,
			    h->tp_len };
	}
	return count;
}

static void
ring_release(struct net *n)
{
	for (; n->lent > 0; n->lent--) {
		unsigned i = n->head >= n->lent ? n->head - n->lent :
		    n->head + n->slots - n->lent;
		struct tpacket2_hdr *h = (void *)slot(n, i);

		__atomic_store_n(&h->tp_status, TP_STATUS_KERNEL,
		    __ATOMIC_RELEASE);
	}
}

static int
socket_take(struct net *n, struct frame frames[], int max)
{
	struct mmsghdr m[RECV_BATCH];
	struct iovec iov[RECV_BATCH];
	struct sockaddr_ll from[RECV_BATCH] = { { 0 } };
	int got, count = 0;

	if (max > RECV_BATCH)
		max = RECV_BATCH;
	for (int i = 0; i < max; i++) {
		iov[i] = (struct iovec){ n->memory +
		    (size_t)i * n->slot_size, n->slot_size };
		m[i].msg_hdr = (struct msghdr){ .msg_name = &from[i],
		    .msg_namelen = sizeof from[i], .msg_iov = &iov[i],
		    .msg_iovlen = 1 };
	}
	got = recvmmsg(n->fd, m, (unsigned)max, MSG_DONTWAIT, NULL);
	for (int i = 0; i < got; i++)
		if (from[i].sll_pkttype != PACKET_OTHERHOST &&
		    !(m[i].msg_hdr.msg_flags & MSG_TRUNC))
			frames[count++] = (struct frame){ iov[i].iov_base,
			    m[i].msg_len };
	return count;
}

static int
take(struct net *n, struct frame frames[], int max)
{
	return n->ring ? ring_take(n, frames, max) :
	    socket_take(n, frames, max);
}

/* Sleeps until something happens, and sees to the link. */
static void
await(struct net *n, int timeout)
{
	struct pollfd p[] = { { .fd = n->fd, .events = POLLIN },
	    { .fd = n->route, .events = POLLIN },
	    { .fd = n->wake, .events = POLLIN } };
	int error;
	socklen_t len = sizeof error;

	n->busy = 0;
	if (poll(p, 3, timeout) <= 0)
		return;
	if (p[0].revents & POLLERR)	/* the link went; this forgets it */
		getsockopt(n->fd, SOL_SOCKET, SO_ERROR, &error, &len);
	if (p[1].revents != 0)
		link_read(n);
}

int
net_recv(struct net *n, struct frame frames[], int max, int timeout, bool *news)
{
	int count;

	ring_release(n);
	if (n->busy++ == BUSY)
		await(n, 0);
	count = take(n, frames, max);
	if (count == 0 && !n->news) {
		await(n, timeout);
		count = take(n, frames, max);
	}
	*news = n->news;
	n->news = false;
	return count;
}

int
net_send(struct net *n, const struct frame frames[], int count)
{
	struct mmsghdr m[SEND_BATCH];
	struct iovec iov[SEND_BATCH];
	int64_t until = 0;
	int sent = 0, lost = 0;

	while (sent < count) {
		int left = count - sent, got;
		int some = left < SEND_BATCH ? left : SEND_BATCH;

		for (int i = 0; i < some; i++) {
			iov[i] = (struct iovec){ frames[sent + i].data,
			    frames[sent + i].len };
			m[i].msg_hdr = (struct msghdr){ .msg_iov = &iov[i],
			    .msg_iovlen = 1 };
		}
		got = sendmmsg(n->fd, m, (unsigned)some, 0);
		if (got > 0) {
			sent += got;
			continue;
		}
		if (send_again(errno, &until))
			continue;
		if (errno != EMSGSIZE)	/* what is too long concerns only it */
			return lost + count - sent;
		lost++;
		sent++;
	}
	return lost;
}

uint64_t
net_drops(struct net *n)
{
	struct tpacket_stats s;
	socklen_t len = sizeof s;

	if (getsockopt(n->fd, SOL_PACKET, PACKET_STATISTICS, &s, &len) < 0)
		s.tp_drops = 0;
	return atomic_fetch_add(&n->drops, s.tp_drops) + s.tp_drops;
}

const uint8_t *
net_mac(const struct net *n)
{
	return n->link.mac;
}

unsigned
net_mtu(const struct net *n)
{
	return n->link.mtu;
}

/*
 * The kernel's part of the checks, attached and locked before it listens.
 * Frames of a VLAN that this interface is not on are PACKET_OTHERHOST too;
 * the kernel takes off their tag, and that of mere priority, before we see
 * them (net/core/dev.c, __netif_receive_skb_core).
 */
static void
filter(int fd, unsigned shelf, unsigned slot)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS,
		    (unsigned)(SKF_AD_OFF + SKF_AD_PKTTYPE)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_OTHERHOST, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0),
		AOE_FILTER(shelf, slot),
	};
	struct sock_fprog p = { sizeof code / sizeof *code, code };
	int on = 1;

	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &p, sizeof p) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_LOCK_FILTER, &on, sizeof on) < 0)
		err(EXIT_TRANSIENT, "packet filter");
}

static void
options(int fd)
{
	struct timeval wait = { .tv_usec = SEND_WAIT * 1000 };
	int version = TPACKET_V2;

	if (setsockopt(fd, SOL_PACKET, PACKET_VERSION, &version,
	    sizeof version) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait) < 0)
		err(EXIT_TRANSIENT, "packet socket");
}

/* Subscribes to link events, then takes the first for how it is now. */
static void
link_open(struct net *n)
{
	struct sockaddr_nl to = { .nl_family = AF_NETLINK,
	    .nl_groups = RTMGRP_LINK };
	struct ifreq r = { 0 };

	n->route = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (n->route < 0 || bind(n->route, (void *)&to, sizeof to) < 0)
		err(EXIT_TRANSIENT, "rtnetlink");
	n->link.index = (int)if_nametoindex(n->name);
	strcpy(r.ifr_name, n->name);
	if (n->link.index == 0 || ioctl(n->fd, SIOCGIFHWADDR, &r) < 0)
		err(EXIT_TRANSIENT, "%s", n->name);
	if (r.ifr_hwaddr.sa_family != ARPHRD_ETHER &&
	    r.ifr_hwaddr.sa_family != ARPHRD_LOOPBACK)
		errx(EXIT_TRANSIENT, "%s: not an Ethernet", n->name);
	n->link.up = true;	/* so that a link that is down is told */
	strcpy(n->link.name, n->name);
	link_ask(n);
	while (n->link.mtu == 0 && n->link.index != 0) {
		struct pollfd p = { .fd = n->route, .events = POLLIN };

		poll(&p, 1, -1);
		link_read(n);
	}
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
	n->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (n->fd < 0)
		err(errno == EPERM ? EXIT_RIGHTS : EXIT_TRANSIENT,
		    "packet socket (wants root or CAP_NET_RAW)");
	filter(n->fd, shelf, slot);
	options(n->fd);
	link_open(n);
	if (link_bind(n) < 0)
		err(EXIT_TRANSIENT, "%s", ifname);
	n->news = false;
	return n;
}

/*
 * The disk.
 */

/* A number that the kernel tells of the queue of a block device, or -1. */
static long
queue_number(dev_t dev, const char *what)
{
	static const char *const at[] = { "queue", "../queue" };
	char path[128];
	long value = -1;

	for (int i = 0; i < 2 && value < 0; i++) {	/* disk, partition */
		FILE *f;

		snprintf(path, sizeof path, "/sys/dev/block/%u:%u/%s/%s",
		    major(dev), minor(dev), at[i], what);
		if ((f = fopen(path, "re")) == NULL)
			continue;
		if (fscanf(f, "%ld", &value) != 1)
			value = -1;
		fclose(f);
	}
	return value;
}

static const char *
unfit(mode_t mode)
{
	return S_ISDIR(mode) ? "a directory" : S_ISFIFO(mode) ? "a pipe" :
	    S_ISCHR(mode) ? "a character device" : S_ISSOCK(mode) ?
	    "a socket" : "no file";
}

void
disk_open(struct disk *d, const char *path, int flags)
{
	bool claim = !(flags & DISK_FORCE), readonly = flags & DISK_READONLY;
	int mode = O_CLOEXEC | (readonly ? O_RDONLY : O_RDWR) |
	    (flags & DISK_SYNC ? O_DSYNC : 0), excl = 0;
	struct statfs fs;
	struct stat st;
	dev_t dev;
	long physical;

	if (stat(path, &st) < 0)
		disk_err(path, false);
	if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
		errx(EXIT_DISK, "%s is %s, neither a file nor a disk", path,
		    unfit(st.st_mode));
	if (S_ISBLK(st.st_mode) && claim && !readonly)
		excl = O_EXCL;	/* no mount, no other claim, while it is open */
	d->fd = open(path, mode | excl);
	if (d->fd < 0 || (S_ISREG(st.st_mode) && claim &&
	    flock(d->fd, LOCK_NB | (readonly ? LOCK_SH : LOCK_EX)) < 0))
		disk_err(path, errno == EBUSY || errno == EWOULDBLOCK);
	d->direct = flags & DISK_DIRECT ? open(path, mode | O_DIRECT) : -1;
	if ((flags & DISK_DIRECT) && d->direct < 0)
		err(EXIT_DISK, "%s: -d", path);
	d->sync = flags & DISK_SYNC;
	d->memory = fstatfs(d->fd, &fs) == 0 && S_ISREG(st.st_mode) &&
	    fs.f_type == TMPFS_MAGIC;
	d->unit = d->direct < 0 ? SECTOR : (unsigned)getpagesize();
	dev = S_ISBLK(st.st_mode) ? st.st_rdev : st.st_dev;
	physical = queue_number(dev, "physical_block_size");
	d->physical = physical > 0 ? (unsigned)physical : 0;
	d->solid = queue_number(dev, "rotational") == 0;
}

off_t
disk_size(const struct disk *d)
{
	struct stat st;

	if (fstat(d->fd, &st) < 0)
		return -1;
	if (S_ISREG(st.st_mode))
		return st.st_size;
	return lseek(d->fd, 0, SEEK_END);
}

/* Direct I/O wants what the device wants; the rest takes the page cache. */
ssize_t
disk_read(const struct disk *d, const struct iovec *iov, int n, off_t off)
{
	ssize_t got;

	if (d->direct >= 0) {
		got = preadv(d->direct, iov, n, off);
		if (got >= 0 || errno != EINVAL)
			return got;
	}
	return preadv(d->fd, iov, n, off);
}

ssize_t
disk_write(const struct disk *d, const struct iovec *iov, int n, off_t off)
{
	ssize_t put;

	if (d->direct >= 0) {
		put = pwritev(d->direct, iov, n, off);
		if (put >= 0 || errno != EINVAL)
			return put;
	}
	return pwritev(d->fd, iov, n, off);
}

/*
 * preadv2(RWF_NOWAIT), called by number since musl lacks it.  Never with
 * O_DIRECT, where it waits; tmpfs refuses it and needs it not.
 */
ssize_t
disk_read_now(const struct disk *d, const struct iovec *iov, int n, off_t off)
{
	if (d->direct >= 0)
		return -1;
	if (d->memory)
		return preadv(d->fd, iov, n, off);
	return syscall(SYS_preadv2, d->fd, iov, (long)n, (long)off,
	    (long)((uint64_t)off >> 32), (long)RWF_NOWAIT);
}

/* Is the page with this byte in memory, or beyond the end? */
static bool
cached(const struct disk *d, off_t off)
{
	char byte;

	return disk_read_now(d, &(struct iovec){ &byte, 1 }, 1, off) >= 0;
}

/* A page that is written only in part is read first. */
bool
disk_write_waits(const struct disk *d, off_t off, size_t len)
{
	off_t page = getpagesize(), end = off + (off_t)len;

	if (d->sync || d->direct >= 0)
		return true;
	return (off % page != 0 && !cached(d, off)) ||
	    (end % page != 0 && !cached(d, end - 1));
}

int
disk_flush(const struct disk *d)
{
	int failed;

	do
		failed = fdatasync(d->fd);
	while (failed && errno == EINTR);
	return failed;
}

/*
 * Rights.
 */

#ifdef UNCONFINED		/* sanitizers open files as they please */
void
confine(const struct net *n, const struct disk *d)
{
	(void)n;
	(void)d;
}
#else
/* No file can be opened, changed or executed any more: landlock(7). */
static void
landlock(void)
{
	static const uint64_t rights[] = { 0x1fff, 0x3fff, 0x7fff };
	struct landlock_ruleset_attr a;
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION);
	long rules;

	if (abi < 1)
		return;		/* an old kernel, or switched off */
	a.handled_access_fs = rights[abi < 3 ? abi - 1 : 2];
	rules = syscall(SYS_landlock_create_ruleset, &a,
	    sizeof a.handled_access_fs, 0);
	if (rules < 0 || syscall(SYS_landlock_restrict_self, rules, 0) < 0)
		err(EXIT_TRANSIENT, "landlock");
	close((int)rules);
}

/*
 * No capability, nothing gained by execve(2), nothing opened, and no number
 * left for a new descriptor: all below the lowest free one are taken.
 */
void
confine(const struct net *n, const struct disk *d)
{
	struct __user_cap_header_struct h = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct none[2] = { { 0 } };
	struct rlimit limit;
	int free = dup(n->fd);

	(void)d;
	if (free < 0 || close(free) < 0 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		err(EXIT_TRANSIENT, "confine");
	landlock();
	limit.rlim_cur = limit.rlim_max = (rlim_t)free;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0 ||
	    syscall(SYS_capset, &h, none) < 0)
		err(EXIT_TRANSIENT, "confine");
}
#endif
