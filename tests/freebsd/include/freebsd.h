/* What freebsd.c and the shim use of FreeBSD's headers beyond Linux's. */
#ifndef SHIM_FREEBSD_H
#define SHIM_FREEBSD_H

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/types.h>

/* <net/if.h>: an ifreq of FreeBSD's size; Linux's has 40 bytes. */
struct shim_ifreq {
	char bytes[32];
};

/*
 * <net/bpf.h>.  The instructions are the same; _IOR and _IOW have each other's
 * numbers, here and below.
 */
#define bpf_insn sock_filter
#define BPF_WORDALIGN(x) (((x) + sizeof(long) - 1) & ~(sizeof(long) - 1))
#define BPF_D_IN 0
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

#define BIOCSBLEN _IOWR('B', 102, unsigned)
#define BIOCSETF _IOR('B', 103, struct bpf_program)
#define BIOCGDLT _IOW('B', 106, unsigned)
#define BIOCGETIF _IOW('B', 107, struct shim_ifreq)
#define BIOCSETIF _IOR('B', 108, struct shim_ifreq)
#define BIOCGSTATS _IOW('B', 111, struct bpf_stat)
#define BIOCIMMEDIATE _IOR('B', 112, unsigned)
#define BIOCSHDRCMPLT _IOR('B', 117, unsigned)
#define BIOCSDIRECTION _IOR('B', 119, unsigned)

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

#define SIOCGIFMEDIA _IOWR('i', 56, struct ifmediareq)

/* <sys/disk.h> */
#define DIOCGSECTORSIZE _IOW('d', 128, unsigned)
#define DIOCGFLUSH (0x20000000UL | 'd' << 8 | 135)

/* <sys/capsicum.h>; the bits are our own. */
#define CAP_READ 1ULL
#define CAP_WRITE 2ULL
#define CAP_SEEK 4ULL
#define CAP_PREAD (CAP_SEEK | CAP_READ)
#define CAP_PWRITE (CAP_SEEK | CAP_WRITE)
#define CAP_FSYNC 8ULL
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

/* <sys/param.h> */
#define nitems(array) (sizeof(array) / sizeof(array)[0])

/* <sys/mman.h> */
#define MAP_NOCORE 0
#define MINCORE_INCORE 1

int shim_mincore(const void *, size_t, char *);

#define mincore shim_mincore

#endif
