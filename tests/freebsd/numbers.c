/*
 * numbers: prints a program that a compiler with FreeBSD's headers takes only
 * if the shim's headers have FreeBSD's numbers and layouts.
 */
#include <sys/socket.h>
#include <net/bpf.h>
#include <net/if_dl.h>
#include <net/if_media.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/disk.h>

static void
says(const char *what, unsigned long value)
{
	printf("_Static_assert((unsigned long)(%s) == %#lxUL, \"%s\");\n",
	    what, value, what);
}

#define SAY(what) says(#what, (unsigned long)(what))

int
main(void)
{
	puts("#include <sys/types.h>\n#include <sys/socket.h>\n"
	    "#include <sys/disk.h>\n#include <sys/sockio.h>\n"
	    "#include <net/bpf.h>\n#include <net/if.h>\n"
	    "#include <net/if_dl.h>\n#include <net/if_media.h>\n"
	    "#include <stddef.h>");
	SAY(BIOCGBLEN);
	SAY(BIOCSBLEN);
	SAY(BIOCSETF);
	SAY(BIOCGDLT);
	SAY(BIOCGETIF);
	SAY(BIOCSETIF);
	SAY(BIOCSRTIMEOUT);
	SAY(BIOCGSTATS);
	SAY(BIOCIMMEDIATE);
	SAY(BIOCSHDRCMPLT);
	SAY(BIOCSDIRECTION);
	SAY(BIOCLOCK);
	SAY(BIOCSETWF);
	SAY(BIOCSETFNR);
	SAY(BPF_D_IN);
	SAY(BPF_D_INOUT);
	SAY(BPF_D_OUT);
	SAY(DLT_NULL);
	SAY(DLT_EN10MB);
	SAY(BPF_LD | BPF_H | BPF_ABS);
	SAY(BPF_LD | BPF_B | BPF_ABS);
	SAY(BPF_JMP | BPF_JEQ | BPF_K);
	SAY(BPF_JMP | BPF_JSET | BPF_K);
	SAY(BPF_RET | BPF_K);
	SAY(BPF_WORDALIGN(61));
	SAY(sizeof(struct bpf_hdr));
	SAY(offsetof(struct bpf_hdr, bh_caplen));
	SAY(offsetof(struct bpf_hdr, bh_datalen));
	SAY(offsetof(struct bpf_hdr, bh_hdrlen));
	SAY(sizeof(struct bpf_insn));
	SAY(offsetof(struct bpf_insn, k));
	SAY(sizeof(struct bpf_program));
	SAY(sizeof(struct bpf_stat));
	SAY(offsetof(struct bpf_stat, bs_drop));
	SAY(AF_LINK);
	SAY(sizeof(struct sockaddr_dl));
	SAY(offsetof(struct sockaddr_dl, sdl_family));
	SAY(offsetof(struct sockaddr_dl, sdl_nlen));
	SAY(offsetof(struct sockaddr_dl, sdl_alen));
	SAY(offsetof(struct sockaddr_dl, sdl_data));
	SAY(sizeof(struct sockaddr));
	SAY(SIOCGIFMEDIA);
	SAY(IFM_AVALID);
	SAY(IFM_ACTIVE);
	SAY(offsetof(struct ifmediareq, ifm_status));
	SAY(DIOCGSECTORSIZE);
	SAY(DIOCGMEDIASIZE);
	SAY(DIOCGFLUSH);
	SAY(DIOCGSTRIPESIZE);
	SAY(DIOCGATTR);
	SAY(offsetof(struct diocgattr_arg, value));
	return 0;
}
