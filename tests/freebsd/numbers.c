/* SPDX-License-Identifier: ISC */
/*
 * numbers: print a program that compiles with FreeBSD's headers only if the
 * shim's headers have their numbers and layouts.
 */
#include <sys/socket.h>
#include <stdio.h>
#include "include/freebsd.h"

#define EXPRESSIONS(X) \
	X(BIOCSBLEN) X(BIOCSETF) X(BIOCGDLT) X(BIOCGETIF) \
	X(BIOCSETIF) X(BIOCGSTATS) X(BIOCIMMEDIATE) X(BIOCSHDRCMPLT) \
	X(BIOCSDIRECTION) X(BPF_D_IN) X(BPF_D_INOUT) \
	X(DLT_NULL) X(DLT_EN10MB) X(BPF_LD | BPF_H | BPF_ABS) \
	X(BPF_JMP | BPF_JEQ | BPF_K) \
	X(BPF_JMP | BPF_JSET | BPF_K) X(BPF_RET | BPF_K) \
	X(BPF_WORDALIGN(61)) X(sizeof(struct bpf_hdr)) \
	X(offsetof(struct bpf_hdr, bh_caplen)) \
	X(offsetof(struct bpf_hdr, bh_datalen)) \
	X(offsetof(struct bpf_hdr, bh_hdrlen)) X(sizeof(struct bpf_insn)) \
	X(offsetof(struct bpf_insn, k)) X(sizeof(struct bpf_program)) \
	X(sizeof(struct bpf_stat)) X(offsetof(struct bpf_stat, bs_drop)) \
	X(AF_LINK) X(sizeof(struct sockaddr_dl)) \
	X(offsetof(struct sockaddr_dl, sdl_family)) \
	X(offsetof(struct sockaddr_dl, sdl_nlen)) \
	X(offsetof(struct sockaddr_dl, sdl_alen)) \
	X(offsetof(struct sockaddr_dl, sdl_data)) X(sizeof(struct sockaddr)) \
	X(SIOCGIFMEDIA) X(IFM_AVALID) X(IFM_ACTIVE) \
	X(offsetof(struct ifmediareq, ifm_status)) X(DIOCGSECTORSIZE) \
	X(DIOCGMEDIASIZE) X(DIOCGFLUSH) X(MINCORE_INCORE) X(MADV_WILLNEED)

#define ASSERT(what) \
	printf("_Static_assert((unsigned long)(%s) == %#lxUL, \"%s\");\n", \
	    #what, (unsigned long)(what), #what);

int
main(void)
{
	puts("#include <sys/types.h>\n#include <sys/socket.h>\n"
	    "#include <sys/disk.h>\n#include <sys/mman.h>\n"
	    "#include <sys/sockio.h>\n#include <net/bpf.h>\n"
	    "#include <net/if.h>\n#include <net/if_dl.h>\n"
	    "#include <net/if_media.h>\n#include <stddef.h>");
	EXPRESSIONS(ASSERT)
	return 0;
}
