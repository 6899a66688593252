/* What freebsd.c and conf.c use of FreeBSD's <net/bpf.h>. */
#ifndef SHIM_BPF_H
#define SHIM_BPF_H

#include <sys/types.h>
#include <sys/time.h>
#include <linux/filter.h>
#include <stdint.h>
#include "../ioccom.h"

/* Linux has the same instructions. */
#define bpf_insn sock_filter

#define BPF_ALIGNMENT sizeof(long)
#define BPF_WORDALIGN(x) \
	(((x) + (BPF_ALIGNMENT - 1)) & ~(BPF_ALIGNMENT - 1))
#define BPF_D_IN 0
#define BPF_D_INOUT 1
#define BPF_D_OUT 2
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

#define BIOCGBLEN SHIM_IOR('B', 102, unsigned)
#define BIOCSBLEN SHIM_IOWR('B', 102, unsigned)
#define BIOCSETF SHIM_IOW('B', 103, struct bpf_program)
#define BIOCGDLT SHIM_IOR('B', 106, unsigned)
#define BIOCGETIF SHIM_IOR('B', 107, struct shim_ifreq)
#define BIOCSETIF SHIM_IOW('B', 108, struct shim_ifreq)
#define BIOCGSTATS SHIM_IOR('B', 111, struct bpf_stat)
#define BIOCIMMEDIATE SHIM_IOW('B', 112, unsigned)
#define BIOCSHDRCMPLT SHIM_IOW('B', 117, unsigned)
#define BIOCSDIRECTION SHIM_IOW('B', 119, unsigned)

#endif
