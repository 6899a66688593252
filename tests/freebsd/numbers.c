/* SPDX-License-Identifier: ISC */
/*
 * The numbers and layouts that freebsd.c and the shim use: zig.bats compares
 * what they are by FreeBSD's headers with what they are by the shim's.
 */
#include <sys/param.h>
#include <sys/disk.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <net/bpf.h>
#include <net/if.h>
#include <net/if_dl.h>
#include <net/if_media.h>
#include <stddef.h>

#define FIELD(type, field) sizeof(struct type), offsetof(struct type, field)

const unsigned long numbers[] = {
	BIOCSBLEN, BIOCSETF, BIOCGDLT, BIOCGETIF, BIOCSETIF, BIOCGSTATS,
	BIOCIMMEDIATE, BIOCSHDRCMPLT, BIOCSDIRECTION, BPF_D_IN, DLT_NULL,
	DLT_EN10MB, BPF_LD | BPF_B | BPF_ABS, BPF_LD | BPF_H | BPF_ABS,
	BPF_LD | BPF_W | BPF_ABS, BPF_ALU | BPF_AND | BPF_K,
	BPF_JMP | BPF_JEQ | BPF_K, BPF_JMP | BPF_JSET | BPF_K, BPF_RET | BPF_K,
	FIELD(bpf_insn, k), FIELD(bpf_program, bf_insns), BPF_WORDALIGN(61),
	FIELD(bpf_hdr, bh_caplen), FIELD(bpf_hdr, bh_datalen),
	FIELD(bpf_hdr, bh_hdrlen), FIELD(bpf_stat, bs_drop),
	AF_LINK, sizeof(struct sockaddr), FIELD(sockaddr_dl, sdl_family),
	FIELD(sockaddr_dl, sdl_nlen), FIELD(sockaddr_dl, sdl_alen),
	FIELD(sockaddr_dl, sdl_data), SIOCGIFMEDIA, IFM_AVALID, IFM_ACTIVE,
	FIELD(ifmediareq, ifm_status), DIOCGSECTORSIZE, DIOCGFLUSH,
	MINCORE_INCORE, MADV_WILLNEED,
};
