/* SPDX-License-Identifier: ISC */
/*
 * numbers: print a program that compiles with FreeBSD's headers only if the
 * shim's headers have their numbers and layouts.
 */
#include <sys/socket.h>
#include <net/bpf.h>
#include <net/if_dl.h>
#include <net/if_media.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/disk.h>
#include <sys/mman.h>

static void
print_assert(const char *what, unsigned long value)
{
	printf("_Static_assert((unsigned long)(%s) == %#lxUL, \"%s\");\n",
	    what, value, what);
}

#define ASSERT(what) print_assert(#what, (unsigned long)(what))

int
main(void)
{
	puts("#include <sys/types.h>\n#include <sys/socket.h>\n"
	    "#include <sys/disk.h>\n#include <sys/mman.h>\n#include <sys/sockio.h>\n"
	    "#include <net/bpf.h>\n#include <net/if.h>\n"
	    "#include <net/if_dl.h>\n#include <net/if_media.h>\n"
	    "#include <stddef.h>");
	ASSERT(BIOCGBLEN);
	ASSERT(BIOCSBLEN);
	ASSERT(BIOCSETF);
	ASSERT(BIOCGDLT);
	ASSERT(BIOCGETIF);
	ASSERT(BIOCSETIF);
	ASSERT(BIOCGSTATS);
	ASSERT(BIOCIMMEDIATE);
	ASSERT(BIOCSHDRCMPLT);
	ASSERT(BIOCSDIRECTION);
	ASSERT(BPF_D_IN);
	ASSERT(BPF_D_INOUT);
	ASSERT(BPF_D_OUT);
	ASSERT(DLT_NULL);
	ASSERT(DLT_EN10MB);
	ASSERT(BPF_LD | BPF_H | BPF_ABS);
	ASSERT(BPF_LD | BPF_B | BPF_ABS);
	ASSERT(BPF_JMP | BPF_JEQ | BPF_K);
	ASSERT(BPF_JMP | BPF_JSET | BPF_K);
	ASSERT(BPF_RET | BPF_K);
	ASSERT(BPF_WORDALIGN(61));
	ASSERT(sizeof(struct bpf_hdr));
	ASSERT(offsetof(struct bpf_hdr, bh_caplen));
	ASSERT(offsetof(struct bpf_hdr, bh_datalen));
	ASSERT(offsetof(struct bpf_hdr, bh_hdrlen));
	ASSERT(sizeof(struct bpf_insn));
	ASSERT(offsetof(struct bpf_insn, k));
	ASSERT(sizeof(struct bpf_program));
	ASSERT(sizeof(struct bpf_stat));
	ASSERT(offsetof(struct bpf_stat, bs_drop));
	ASSERT(AF_LINK);
	ASSERT(sizeof(struct sockaddr_dl));
	ASSERT(offsetof(struct sockaddr_dl, sdl_family));
	ASSERT(offsetof(struct sockaddr_dl, sdl_nlen));
	ASSERT(offsetof(struct sockaddr_dl, sdl_alen));
	ASSERT(offsetof(struct sockaddr_dl, sdl_data));
	ASSERT(sizeof(struct sockaddr));
	ASSERT(SIOCGIFMEDIA);
	ASSERT(IFM_AVALID);
	ASSERT(IFM_ACTIVE);
	ASSERT(offsetof(struct ifmediareq, ifm_status));
	ASSERT(DIOCGSECTORSIZE);
	ASSERT(DIOCGMEDIASIZE);
	ASSERT(DIOCGFLUSH);
	ASSERT(MINCORE_INCORE);
	ASSERT(MADV_WILLNEED);
	return 0;
}
