/* What freebsd.c uses of FreeBSD's <net/if_media.h> and <net/if.h>. */
#ifndef SHIM_IF_MEDIA_H
#define SHIM_IF_MEDIA_H

#include "../ioccom.h"

#define IFM_AVALID 1
#define IFM_ACTIVE 2

struct ifmediareq {
	char ifm_name[16];
	int ifm_current, ifm_mask, ifm_status, ifm_active, ifm_count;
	int *ifm_ulist;
};

#define SIOCGIFMEDIA SHIM_IOWR('i', 56, struct ifmediareq)

#endif
