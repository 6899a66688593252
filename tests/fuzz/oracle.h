/* SPDX-License-Identifier: ISC */
/*
 * oracle.h: what vblade has to reply, byte by byte.
 *
 * A second implementation of the protocol, as plain as can be, made from its
 * description and sharing no line with vblade.c: offsets are those of the
 * description.  It is given each frame that vblade gets, works out the reply
 * and what becomes of the state and the disk, and looks the frames that
 * vblade sends up among the replies that are due.  (Whether they come too early
 * is for random.c.)
 */
#ifndef ORACLE_H
#define ORACLE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../fake-platform.h"

enum {
	DISK_SECTORS = 64,	/* at most: sets of them are bit masks */
	SHELF = 0x0102,
	SLOT = 3,
	DUE_MAX = 64 + 4096,
	BUFFER = 65536 + 64,
};

/* How vblade was started. */
struct setup {
	bool readonly, sync_writes, masked;
	uint64_t first, end;	/* the exported sectors */
	unsigned buffers;
};

struct list {
	unsigned n;
	uint8_t mac[255][MAC_LEN];
};

/* The state that the target should be in. */
static struct model {
	struct setup setup;
	bool cache;
	unsigned config_len;
	uint8_t config[1024];
	struct list allowed, reserved_for;
	uint8_t disk[DISK_SECTORS * SECTOR];
} model;

/* What vblade has to send, in any order. */
struct due {
	bool met;
	bool reply;
	bool or_bad;		/* IDNF, or UNC for a sector before the end */
	size_t len;
	uint8_t bytes[BUFFER];
};

static const uint8_t none[6];
static const uint8_t broadcast[6] = { 255, 255, 255, 255, 255, 255 };

/* The disk as vblade leaves it. */
static uint8_t disk[DISK_SECTORS * SECTOR];

static struct due due[DUE_MAX];
static unsigned dues, unmet;	/* unmet: frames that are due */
static int64_t unsynced_since;	/* microseconds */

/* Unless it is good, print a message and abort. */
static void
check(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "oracle: %s\n", what);
	abort();
}

/*
 * Lists of addresses.
 */

static bool
list_has(const struct list *l, const uint8_t *mac)
{
	for (unsigned i = 0; i < l->n; i++)
		if (memcmp(l->mac[i], mac, 6) == 0)
			return true;
	return false;
}

static bool
list_add(struct list *l, const uint8_t *mac)
{
	if (list_has(l, mac))
		return true;
	if (l->n == 255)
		return false;
	memcpy(l->mac[l->n++], mac, 6);
	return true;
}

static void
list_drop(struct list *l, const uint8_t *mac)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < l->n; i++)
		if (memcmp(l->mac[i], mac, 6) != 0)
			memmove(l->mac[kept++], l->mac[i], 6);
	l->n = kept;
}

/* How many of a list's members fit into a frame, each in `size` bytes. */
static unsigned
list_fits(const struct list *l, size_t header, size_t size)
{
	unsigned n = 0;

	while (n < l->n && header + (n + 1) * size <= fake.link.mtu + 14)
		n++;
	return n;
}

/*
 * Replies: each takes the request q of len bytes and fills the reply a, which
 * has its header and then zeroes; returns its length, 0 for silence.
 */

static size_t
aoe_error(uint8_t *a, uint8_t error, size_t len)
{
	a[14] |= 0x04;
	a[15] = error;
	return len;
}

static size_t
ata_error(uint8_t *a, uint8_t error)
{
	a[25] = error;
	a[27] = 0x41;
	return 36;
}

static uint64_t
exported(void)
{
	uint64_t size = (uint64_t)fake.size / SECTOR;
	uint64_t end = size < model.setup.end ? size : model.setup.end;

	return end < model.setup.first ? 0 : end - model.setup.first;
}

/* With -r there is nothing to sync. */
static bool
syncs_fail(void)
{
	return !model.setup.readonly && (fake.sync_failed || fake.sync_fails);
}

/* Text in words, the first character in the high byte, padded with blanks. */
static void
identify_text(uint8_t *id, size_t len, const char *text)
{
	for (size_t i = 0; i < len; i++)
		id[i ^ 1] = (uint8_t)(*text != '\0' ? *text++ : ' ');
}

static size_t
expect_identify(uint8_t *a)
{
	static const uint16_t words[256] = { [0] = 0x40, [47] = 0x8000,
	    [49] = 0x0200, [50] = 0x4000, [80] = 0x01f0, [82] = 0x0020,
	    [83] = 0x7400, [84] = 0x4000, [86] = 0x3400, [87] = 0x4000,
	    [93] = 0x400b, [255] = 0xa5 };
	char serial[80];
	int n = snprintf(serial, sizeof serial, "%d.%d:", SHELF, SLOT);
	uint8_t *id = a + 36;

	if (fake.link.mtu + 14 < 36 + 512)
		return ata_error(a, 0x04);
	for (int i = 0; i < 256; i++) {
		id[2 * i] = (uint8_t)words[i];
		id[2 * i + 1] = (uint8_t)(words[i] >> 8);
	}
	gethostname(serial + n, sizeof serial - (size_t)n);
	identify_text(id + 2 * 10, 20, serial);
	identify_text(id + 2 * 23, 8, "1.0");
	identify_text(id + 2 * 27, 40, "vblade");
	id[2 * 60] = id[2 * 100] = (uint8_t)exported();	/* 64 at most */
	id[2 * 85] = model.cache ? 0x20 : 0;
	for (int i = 0; i < 511; i++)	/* all bytes add up to 0 */
		id[511] = (uint8_t)(id[511] - id[i]);
	return 36 + 512;
}

static size_t
expect_io(const uint8_t *q, size_t len, struct due *d)
{
	uint8_t *a = d->bytes;
	bool write_ = q[27] == 0x30 || q[27] == 0x34;
	bool wide = q[27] == 0x24 || q[27] == 0x34;
	uint64_t lba = wide ? get_le(q + 28, 6) :
	    get_le(q + 28, 4) & 0x0fffffff;
	size_t n = q[26], good = 0;
	uint8_t *sectors;

	if (n == 0 || (write_ && model.setup.readonly) ||
	    36 + n * 512 > (write_ ? len : fake.link.mtu + 14))
		return ata_error(a, 0x04);
	if (!wide && lba + n > 0x10000000)
		return ata_error(a, 0x10);
	while (good < n && lba + good < exported() &&
	    !(fake.bad >> (model.setup.first + lba + good) & 1))
		good++;
	if (lba + n > exported()) {
		d->or_bad = !write_ && lba + good < exported();
		return ata_error(a, 0x10);
	}
	lba += model.setup.first;
	sectors = model.disk + lba * 512;
	if (write_)	/* those before the one that failed are written */
		memcpy(sectors, q + 36, good * 512);
	if (good < n)
		return ata_error(a, write_ ? 0x04 : 0x40);
	if (!write_) {
		memcpy(a + 36, sectors, n * 512);
		return 36 + n * 512;
	}
	return model.setup.sync_writes && syncs_fail() ?
	    ata_error(a, 0x04) : 36;
}

static size_t
expect_ata(const uint8_t *q, size_t len, struct due *d)
{
	uint8_t *a = d->bytes;

	a[24] = q[24] & 0x53;
	a[26] = q[26];
	a[27] = 0x40;
	memcpy(a + 28, q + 28, 6);
	if (q[27] != 0xec && model.reserved_for.n > 0 &&
	    !list_has(&model.reserved_for, q + 6))
		return aoe_error(a, 6, ata_error(a, 0x04));
	switch (q[27]) {
	case 0xec:
		return expect_identify(a);
	case 0x20: case 0x24: case 0x30: case 0x34:
		return expect_io(q, len, d);
	case 0xe5:
		a[26] = 0xff;
		return 36;
	case 0xe7: case 0xea:
		if (syncs_fail())
			break;
		return 36;
	case 0xef:
		if (q[25] != 0x02 &&
		    !(q[25] == 0x82 && model.setup.sync_writes))
			break;
		model.cache = q[25] == 0x02;
		return 36;
	}
	return ata_error(a, 0x04);
}

static size_t
config_body(uint8_t *a, unsigned command)
{
	unsigned n = fake.link.mtu < 36 + 512 ? 1 : (fake.link.mtu - 36) / 512;
	unsigned length = model.config_len;

	while (length > 0 && 32 + length > fake.link.mtu + 14)
		length--;
	put16(a + 24, model.setup.buffers);
	a[26] = 1;		/* version 1.0 */
	a[28] = (uint8_t)(n > 255 ? 255 : n);
	a[29] = (uint8_t)(0x10 | command);
	put16(a + 30, length);
	memcpy(a + 32, model.config, length);
	return 32 + length;
}

static size_t
expect_config(const uint8_t *q, size_t len, uint8_t *a)
{
	unsigned command = q[29] & 15, n = get16(q + 30);
	bool prefix, same;

	if (command > 4)
		return aoe_error(a, 2, 32);
	if (command == 0)
		return config_body(a, 0);
	if (n > 1024 || 32 + n > len)
		return 0;
	prefix = n <= model.config_len &&
	    memcmp(model.config, q + 32, n) == 0;
	same = prefix && n == model.config_len;
	if ((command == 1 && !same) || (command == 2 && !prefix))
		return 0;
	if (command == 3 && model.config_len > 0 && !same)
		aoe_error(a, 4, 0);
	else if (command >= 3)
		memcpy(model.config, q + 32, model.config_len = n);
	return config_body(a, command);
}

/* The MError of a directive. */
static uint8_t
mask_error(const uint8_t *directive)
{
	if (model.setup.masked)
		return 1;
	if (directive[1] == 1 && !list_add(&model.allowed, directive + 2))
		return 3;
	if (directive[1] == 2)
		list_drop(&model.allowed, directive + 2);
	return directive[1] > 2 ? 2 : 0;
}

static size_t
expect_mask(const uint8_t *q, size_t len, uint8_t *a)
{
	unsigned n;

	a[25] = q[25];
	if (q[25] > 1 || (q[25] == 1 && 28 + 8U * q[27] > len))
		return aoe_error(a, 2, 28);
	for (unsigned i = 0; q[25] == 1 && i < q[27]; i++) {
		a[26] = mask_error(q + 28 + 8 * i);
		a[27] = (uint8_t)i;
		if (a[26] != 0)
			return 28;
	}
	n = list_fits(&model.allowed, 28, 8);
	a[27] = (uint8_t)n;
	for (unsigned i = 0; i < n; i++)
		memcpy(a + 28 + 8 * i + 2, model.allowed.mac[i], 6);
	return 28 + 8 * n;
}

static size_t
expect_reserve(const uint8_t *q, size_t len, uint8_t *a)
{
	struct list *l = &model.reserved_for;

	a[24] = q[24];
	if (q[24] > 2 || (q[24] > 0 && 26 + 6U * q[25] > len))
		return aoe_error(a, 2, 26);
	if (q[24] == 1 && l->n > 0 && !list_has(l, q + 6)) {
		aoe_error(a, 6, 0);
	} else if (q[24] > 0) {
		l->n = 0;
		for (unsigned i = 0; i < q[25]; i++)
			list_add(l, q + 26 + 6 * i);
	}
	a[25] = (uint8_t)list_fits(l, 26, 6);
	memcpy(a + 26, l->mac, a[25] * 6U);
	return 26 + a[25] * 6U;
}

/* Is it a request to this target from a host that is allowed? */
static bool
accepted(const uint8_t *q)
{
	bool loopback = memcmp(fake.link.mac, none, 6) == 0;

	return get16(q + 12) == 0x88a2 && q[14] >> 4 == 1 &&
	    (q[14] & 8) == 0 &&
	    (memcmp(q, fake.link.mac, 6) == 0 ||
	    memcmp(q, broadcast, 6) == 0) &&
	    (q[6] & 1) == 0 &&
	    (loopback || memcmp(q + 6, fake.link.mac, 6) != 0) &&
	    (get16(q + 16) == SHELF || get16(q + 16) == 0xffff) &&
	    (q[18] == SLOT || q[18] == 0xff) &&
	    (model.allowed.n == 0 || list_has(&model.allowed, q + 6));
}

/* The next frame to be due: a header, and zeroes in all it can become. */
static struct due *
due_new(const uint8_t *dst, uint8_t flags, uint8_t command)
{
	size_t max = fake.link.mtu + 14U;
	struct due *d = &due[dues];
	uint8_t *a = d->bytes;

	check(dues < DUE_MAX, "too many frames for the harness");
	memset(d, 0, offsetof(struct due, bytes));
	memset(a, 0, 36 + 8 * 256 > max ? 36 + 8 * 256 : max);
	memcpy(a, dst, 6);
	memcpy(a + 6, fake.link.mac, 6);
	put16(a + 12, 0x88a2);
	a[14] = flags;
	put16(a + 16, SHELF);
	a[18] = SLOT;
	a[19] = command;
	return d;
}

static void
due_add(struct due *d, size_t len)
{
	if (len == 0)
		return;
	d->len = len < 60 ? 60 : len;
	dues++;
	unmet++;
}

/* vblade gets this frame next.  A short one counts as padded. */
static void
oracle_request(const uint8_t *q, size_t len)
{
	uint8_t padded[60] = { 0 };
	struct due *d;
	uint8_t *a;
	size_t n = 0;

	if (len < sizeof padded) {
		memcpy(padded, q, len);
		q = padded;
		len = sizeof padded;
	}
	if (!accepted(q))
		return;
	d = due_new(q + 6, 0x18, q[19]);
	d->reply = true;
	a = d->bytes;
	memcpy(a + 20, q + 20, 4);
	if (q[19] == 0)
		n = expect_ata(q, len, d);
	else if (q[19] == 1)
		n = expect_config(q, len, a);
	else if (q[19] == 2)
		n = expect_mask(q, len, a);
	else if (q[19] == 3)
		n = expect_reserve(q, len, a);
	else if (get16(q + 16) != 0xffff && q[18] != 0xff)
		n = aoe_error(a, 1, 24);
	due_add(d, n);
}

/* vblade has to advertise the target, and to query for duplicates. */
static void
oracle_advert(void)
{
	const struct list *l = &model.allowed;
	unsigned i = 0;
	struct due *d;

	do {
		d = due_new(l->n > 0 ? l->mac[i] : broadcast, 0x18, 1);
		due_add(d, config_body(d->bytes, 0));
	} while (++i < l->n);
	d = due_new(broadcast, 0x10, 1);
	d->bytes[20] = 0x80;	/* a tag that drivers ignore */
	due_add(d, 60);
}

/*
 * What vblade sent.
 */

static bool
due_is(const struct due *d, const struct iovec *f)
{
	uint8_t start[36];

	if (d->met || d->len != f->iov_len)
		return false;
	memcpy(start, f->iov_base, sizeof start);
	if (d->or_bad && start[25] == 0x40)
		start[25] = 0x10;
	return memcmp(d->bytes, start, 36) == 0 &&
	    memcmp(d->bytes + 36, (uint8_t *)f->iov_base + 36,
	    f->iov_len - 36) == 0;
}

static void
show(const char *what, const uint8_t *p, size_t len)
{
	fprintf(stderr, "%s, %zu bytes:", what, len);
	for (size_t i = 0; i < len && i < 128; i++)
		fprintf(stderr, i % 32 == 0 ? "\n\t%02x" : " %02x", p[i]);
	fprintf(stderr, "\n");
}

static void
show_due(void)
{
	for (unsigned i = 0; i < dues; i++)
		if (!due[i].met)
			show("due", due[i].bytes, due[i].len);
}

/* vblade sent this frame: it must be due.  A reply is then overwritten. */
bool
fake_sent(const struct iovec *f)
{
	struct due *d;

	check(f->iov_len >= 60, "a frame shorter than 60 bytes");
	check(f->iov_len <= fake.link.mtu + 14 || f->iov_len == 60,
	    "a frame longer than the MTU");
	for (d = due; d < due + dues && !due_is(d, f); d++)
		;
	if (d == due + dues) {
		show("sent", f->iov_base, f->iov_len);
		show_due();
		check(false, "a frame that is not due");
	}
	d->met = true;
	unmet--;
	if (d->reply)
		fake_poison(f->iov_base, f->iov_len, true);
	return true;
}

/* Nothing is under way: nothing may be due. */
static void
oracle_settled(void)
{
	if (unmet > 0)
		show_due();
	check(unmet == 0, "a reply is missing");
	dues = 0;
}

/*
 * The disk.
 */

void
fake_executed(const struct io *io, enum place place)
{
	uint64_t first = (uint64_t)io->offset, len = io->len;

	(void)place;
	if (io->op == OP_SYNC) {
		check(!model.setup.readonly, "a sync with -r");
		unsynced_since = fake.time;
		return;
	}
	check(io->count > 0 && len > 0, "I/O of nothing");
	check(first >= model.setup.first * SECTOR &&
	    first + len <= model.setup.end * SECTOR, "I/O outside the export");
	if (io->op != OP_WRITE)
		return;
	check(!model.setup.readonly, "a write with -r");
	if (io->result <= 0)
		return;
	if (fake.synced + 1 == fake.written)
		unsynced_since = fake.time;
}

/* A second, from when vblade knows of it, is all that data stays unsynced. */
static void
oracle_time_passed(void)
{
	check(fake.sync_failed || fake.synced == fake.written ||
	    fake.time - unsynced_since <= 1001000 + BATCH * fake.op_time,
	    "unsynced for too long");
}

/*
 * A run of vblade, from start to end.
 */

/* Begin anew; the disk holds what it does now. */
static void
oracle_start(const struct setup *setup)
{
	static const uint8_t macs[2][6] = { { 2, 0, 0, 0, 0, 0 },
	    { 2, 0, 0, 0, 0, 1 } };

	model.setup = *setup;
	model.cache = !setup->sync_writes;
	model.config_len = 0;
	model.allowed.n = model.reserved_for.n = 0;
	for (int i = 0; i < 2 && setup->masked; i++)
		list_add(&model.allowed, macs[i]);
	memcpy(model.disk, disk, sizeof disk);
	dues = unmet = 0;
}

/* vblade has ended. */
static void
oracle_end(int status)
{
	check(unmet == 0, "a reply is missing at the end");
	check(memcmp(disk, model.disk, sizeof disk) == 0,
	    "the disk does not hold what was written");
	check(fake.sync_failed || fake.synced == fake.written,
	    "not all is synced at the end");
	check(status == (fake.sync_failed ? EXIT_TRANSIENT : 0),
	    "exit status");
}

#endif
