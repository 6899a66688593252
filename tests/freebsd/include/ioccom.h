/* How FreeBSD numbers its ioctls: <sys/ioccom.h>. */
#ifndef SHIM_IOCCOM_H
#define SHIM_IOCCOM_H

#define SHIM_IOC(way, group, number, len) ((unsigned long) \
	((way) | ((len) & 0x1fffUL) << 16 | (group) << 8 | (number)))
#define SHIM_IO(g, n) SHIM_IOC(0x20000000UL, g, n, 0)
#define SHIM_IOR(g, n, t) SHIM_IOC(0x40000000UL, g, n, sizeof(t))
#define SHIM_IOW(g, n, t) SHIM_IOC(0x80000000UL, g, n, sizeof(t))
#define SHIM_IOWR(g, n, t) SHIM_IOC(0xc0000000UL, g, n, sizeof(t))

/* An ifreq of FreeBSD's size; Linux's has 40 bytes. */
struct shim_ifreq {
	char bytes[32];
};

#endif
