/* What freebsd.c and the shim use of FreeBSD's headers beyond Linux's. */
#ifndef SHIM_FREEBSD_H
#define SHIM_FREEBSD_H

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/types.h>

/* <sys/ioccom.h> */
#define SHIM_IOC(way, group, number, len) ((unsigned long) \
	((way) | ((len) & 0x1fffUL) << 16 | (group) << 8 | (number)))
#define SHIM_IO(g, n) SHIM_IOC(0x20000000UL, g, n, 0)
#define SHIM_IOR(g, n, t) SHIM_IOC(0x40000000UL, g, n, sizeof(t))
#define SHIM_IOW(g, n, t) SHIM_IOC(0x80000000UL, g, n, sizeof(t))
#define SHIM_IOWR(g, n, t) SHIM_IOC(0xc0000000UL, g, n, sizeof(t))

/* <net/if.h>: an ifreq of FreeBSD's size; Linux's has 40 bytes. */
struct shim_ifreq {
	char bytes[32];
};

/* <net/bpf.h>; the instructions are the same. */
#define bpf_insn sock_filter
#define BPF_WORDALIGN(x) (((x) + sizeof(long) - 1) & ~(sizeof(long) - 1))
#define BPF_D_IN 0
#define BPF_D_INOUT 1
#define DLT_NULL 0
#define DLT_EN10MB 1

struct bpf_stat {
	unsigned bs_recv, bs_drop;
};

struct bpf_program {
	unsigned bf_len;
	struct bpf_insn *bf_insns;
};

struct bpf_hdr {
	struct timeval bh_tstamp;
	uint32_t bh_caplen, bh_datalen;
	unsigned short bh_hdrlen;
};

#define BIOCSBLEN SHIM_IOWR('B', 102, unsigned)
#define BIOCSETF SHIM_IOW('B', 103, struct bpf_program)
#define BIOCGDLT SHIM_IOR('B', 106, unsigned)
#define BIOCGETIF SHIM_IOR('B', 107, struct shim_ifreq)
#define BIOCSETIF SHIM_IOW('B', 108, struct shim_ifreq)
#define BIOCGSTATS SHIM_IOR('B', 111, struct bpf_stat)
#define BIOCIMMEDIATE SHIM_IOW('B', 112, unsigned)
#define BIOCSHDRCMPLT SHIM_IOW('B', 117, unsigned)
#define BIOCSDIRECTION SHIM_IOW('B', 119, unsigned)

/* <net/if_dl.h> */
#define AF_LINK 18

struct sockaddr_dl {
	unsigned char sdl_len, sdl_family;
	unsigned short sdl_index;
	unsigned char sdl_type, sdl_nlen, sdl_alen, sdl_slen;
	char sdl_data[46];
};

#define LLADDR(s) (&(s)->sdl_data[(s)->sdl_nlen])

/* <net/if_media.h> */
#define IFM_AVALID 1
#define IFM_ACTIVE 2

struct ifmediareq {
	char ifm_name[16];
	int ifm_current, ifm_mask, ifm_status, ifm_active, ifm_count;
	int *ifm_ulist;
};

#define SIOCGIFMEDIA SHIM_IOWR('i', 56, struct ifmediareq)

/* <sys/disk.h> */
#define DIOCGSECTORSIZE SHIM_IOR('d', 128, unsigned)
#define DIOCGMEDIASIZE SHIM_IOR('d', 129, off_t)
#define DIOCGFLUSH SHIM_IO('d', 135)

/* <sys/capsicum.h>; the bits are our own. */
#define CAP_READ 1ULL
#define CAP_WRITE 2ULL
#define CAP_SEEK 4ULL
#define CAP_PREAD (CAP_SEEK | CAP_READ)
#define CAP_PWRITE (CAP_SEEK | CAP_WRITE)
#define CAP_FSYNC 8ULL
#define CAP_FSTAT 16ULL
#define CAP_EVENT 32ULL
#define CAP_IOCTL 64ULL

typedef struct {
	uint64_t bits;
} cap_rights_t;

#define cap_rights_init(rights, ...) \
	shim_rights_init((rights), (const uint64_t[]){ __VA_ARGS__, 0 })

cap_rights_t *shim_rights_init(cap_rights_t *, const uint64_t *);
int cap_rights_limit(int, const cap_rights_t *);
int cap_ioctls_limit(int, const unsigned long *, size_t);
int cap_enter(void);

/* <sys/mman.h> */
#define MAP_NOCORE 0
#define MINCORE_INCORE 1

int shim_mincore(const void *, size_t, char *);

#define mincore shim_mincore

#endif
