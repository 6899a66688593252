/* What freebsd.c uses of FreeBSD's <net/if_dl.h>. */
#ifndef SHIM_IF_DL_H
#define SHIM_IF_DL_H

#define AF_LINK 18

struct sockaddr_dl {
	unsigned char sdl_len, sdl_family;
	unsigned short sdl_index;
	unsigned char sdl_type, sdl_nlen, sdl_alen, sdl_slen;
	char sdl_data[46];
};

#define LLADDR(s) (&(s)->sdl_data[(s)->sdl_nlen])

#endif
