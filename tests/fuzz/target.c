/* SPDX-License-Identifier: ISC */
/*
 * target.c: see target.h.
 */
#include <signal.h>
#include <string.h>

#include "target.h"

enum { TAIL_BYTES = 100 };	/* that fill no sector, with OPT_PART */

static bool stopped;

void
fake_open(const char *path, int flags)
{
	(void)path, (void)flags;
}

void
fake_move(bool write, uint8_t *p, size_t len, off_t offset)
{
	check((size_t)offset + len <= sizeof disk, "I/O beyond the disk");
	if (write)
		memcpy(disk + offset, p, len);
	else
		memcpy(p, disk + offset, len);
}

void
fake_executed(const struct io *io, enum place place)
{
	(void)place;
	oracle_executed(io);
}

bool
fake_sent(const struct frame *f)
{
	oracle_sent(f);
	return true;
}

void
target_resize(uint64_t sectors)
{
	fake.size = (off_t)sectors * SECTOR + fake.size % SECTOR;
}

bool
target_settle(void)
{
	static unsigned tries;

	if (oracle_due() == 0 && fake_busy() == 0) {
		oracle_settled();
		tries = 0;
		return true;
	}
	fake.stalled = false;
	fake.accept = 0;
	if (++tries > 1000)
		oracle_settled();
	return false;
}

void
target_stop(void)
{
	if (stopped)
		fake_fail("vblade does not end");
	stopped = true;
	fake_raise(SIGTERM);
}

static void
fill_disk(void)
{
	for (size_t i = 0; i < sizeof disk; i++)
		disk[i] = (uint8_t)(i / 512 * 7 + i % 509);
}

static void
fake_start(unsigned options)
{
	static const unsigned mtus[] = { 1500, 9000, 65536, 500 };

	fake = (struct fake){ .quiet = true, .poison = true, .unit = 4096,
	    .time = 1000000, .pool = options & OPT_POOL,
	    .size = (off_t)DISK_SECTORS * SECTOR,
	    .link = { .looks = 1, .index = 1, .up = true, .name = "eth0",
	    .mtu = mtus[options / OPT_MTU % 4] } };
	if (options & OPT_PART)
		fake.size += TAIL_BYTES;
	if (!(options & OPT_LOOPBACK))
		memcpy(fake.link.mac, (uint8_t[]){ 2, 0, 0, 0, 0, 2 }, 6);
}

void
target_run(unsigned options)
{
	struct setup setup = { .readonly = options & OPT_READONLY,
	    .sync_writes = options & OPT_SYNC, .masked = options & OPT_MASKED,
	    .end = DISK_SECTORS, .buffers = 16 };
	char *argv[20] = { "vblade", "-b", "16" };
	int argc = 3;

	if (options & OPT_READONLY)
		argv[argc++] = "-r";
	if (options & OPT_SYNC)
		argv[argc++] = "-s";
	if (options & OPT_MASKED) {
		argv[argc++] = "-m";
		argv[argc++] = "020000000000,02:00:00:00:00:01";
	}
	if (options & OPT_PART) {
		setup.first = 3;
		setup.end = 50;
		argv[argc++] = "-o3";
		argv[argc++] = "-l47";
	}
	argv[argc++] = "258";
	argv[argc++] = "3";
	argv[argc++] = "eth0";
	argv[argc++] = "disk";
	fill_disk();
	fake_start(options);
	oracle_start(&setup);
	oracle_advert();
	stopped = false;
	oracle_end(fake_run(argc, argv));
}
