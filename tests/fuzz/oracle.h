/*
 * oracle.h: what vblade has to answer, byte by byte.
 *
 * A second implementation of the protocol, as plain as can be, made from its
 * description and sharing no line with vblade.c: offsets are those of the
 * description.  expect_reply is told each frame that vblade gets and works
 * out the reply and what becomes of the state and the disk; sent looks the
 * frames that vblade sends up among the replies that are due.
 */

struct list {
	unsigned n;
	uint8_t mac[255][MAC_LEN];
};

/* The state a target should be in. */
static struct model {
	bool sync, fixed, cache;
	unsigned buffers;
	unsigned config_len;
	uint8_t config[1024];
	struct list masks, holders;
	uint8_t disk[DISK_SECTORS * SECTOR];
} model;

/* What vblade has to send, in any order. */
enum kind { EXACT, CONFIG, IDENTIFY, QUESTION, UNREADABLE };

struct due {
	enum kind kind;
	bool met;
	size_t len;
	uint8_t bytes[65536 + 64];
};

static struct due due[FRAMES_MOST + 256];
static int dues, unmet;
static pthread_cond_t met = PTHREAD_COND_INITIALIZER;

/* Replies whose memory is poisoned when vblade is done with them. */
static struct frame spent[FRAMES_MOST];
static int spents;

enum { SHELF = 0x0102, SLOT = 3 };

static unsigned
big16(const uint8_t *p)
{
	return p[0] * 256U + p[1];
}

static uint64_t
little(const uint8_t *p, int n)
{
	uint64_t v = 0;

	for (int i = 0; i < n; i++)
		v += (uint64_t)p[i] << 8 * i;
	return v;
}

static bool
all(const uint8_t *p, size_t n, uint8_t value)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != value)
			return false;
	return true;
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
	struct list kept = { 0 };

	for (unsigned i = 0; i < l->n; i++)
		if (memcmp(l->mac[i], mac, 6) != 0)
			list_add(&kept, l->mac[i]);
	*l = kept;
}

/* How many of a list's members fit into a frame, each in `size` bytes. */
static unsigned
list_fits(const struct list *l, size_t header, size_t size)
{
	unsigned n = 0;

	while (n < l->n && header + (n + 1) * size <= world.mtu + 14)
		n++;
	return n;
}

/*
 * Replies: each takes the request q of len bytes and fills the reply a, which
 * has its header and is zero behind; returns its length, 0 for silence.
 */

static size_t
aoe_fails(uint8_t *a, uint8_t error, size_t len)
{
	a[14] |= 0x04;
	a[15] = error;
	return len;
}

static size_t
ata_fails(uint8_t *a, uint8_t error)
{
	a[25] = error;
	a[27] = 0x41;
	return 36;
}

static uint64_t
exported(void)
{
	uint64_t end = world.size < world.beyond ? world.size : world.beyond;

	return end < world.first ? 0 : end - world.first;
}

static size_t
expect_io(const uint8_t *q, size_t len, uint8_t *a, enum kind *kind)
{
	bool write_ = q[27] == 0x30 || q[27] == 0x34;
	bool wide = q[27] == 0x24 || q[27] == 0x34;
	uint64_t lba = wide ? little(q + 28, 6) :
	    little(q + 28, 4) & 0x0fffffff;
	size_t n = q[26], good = 0;
	uint8_t *d;

	if (n == 0 || (write_ && world.readonly) ||
	    36 + n * 512 > (write_ ? len : world.mtu + 14))
		return ata_fails(a, 0x04);
	if (!wide && lba + n > 0x10000000)
		return ata_fails(a, 0x10);
	while (good < n && lba + good < exported() &&
	    !(world.bad >> (world.first + lba + good) & 1))
		good++;
	if (lba + n > exported()) {
		*kind = write_ || lba + good >= exported() ? EXACT : UNREADABLE;
		return ata_fails(a, 0x10);
	}
	lba += world.first;
	d = model.disk + lba * 512;
	if (write_)	/* those before the one that failed are written */
		memcpy(d, q + 36, good * 512);
	if (good < n)
		return ata_fails(a, write_ ? 0x04 : 0x40);
	if (!write_)
		memcpy(a + 36, d, n * 512);
	return write_ ? 36 : 36 + n * 512;
}

static size_t
expect_ata(const uint8_t *q, size_t len, uint8_t *a, enum kind *kind)
{
	if (len < 36)
		return 0;
	a[24] = q[24] & 0x53;
	a[26] = q[26];
	a[27] = 0x40;
	memcpy(a + 28, q + 28, 6);
	if (q[27] != 0xec && model.holders.n > 0 &&
	    !list_has(&model.holders, q + 6))
		return aoe_fails(a, 6, ata_fails(a, 0x04));
	switch (q[27]) {
	case 0xec:
		if (world.mtu + 14 < 36 + 512)
			return ata_fails(a, 0x04);
		*kind = IDENTIFY;
		a[36 + 2 * 85] = model.cache ? 0x20 : 0;
		return 36 + 512;
	case 0x20: case 0x24: case 0x30: case 0x34:
		return expect_io(q, len, a, kind);
	case 0xe5:
		a[26] = 0xff;
		return 36;
	case 0xe7: case 0xea:
		return world.lost || world.flush_fails ?
		    ata_fails(a, 0x04) : 36;
	case 0xef:
		if (q[25] == 0x02 || (q[25] == 0x82 && model.sync)) {
			model.cache = q[25] == 0x02;
			return 36;
		}
	}
	return ata_fails(a, 0x04);
}

/* All that a Config reply tells; the firmware's version is its own affair. */
static size_t
config_told(uint8_t *a, unsigned command)
{
	unsigned n = world.mtu < 36 + 512 ? 1 : (world.mtu - 36) / 512;

	a[24] = (uint8_t)(model.buffers >> 8);
	a[25] = (uint8_t)model.buffers;
	a[28] = (uint8_t)(n > 255 ? 255 : n);
	a[29] = (uint8_t)(0x10 | command);
	a[30] = (uint8_t)(model.config_len >> 8);
	a[31] = (uint8_t)model.config_len;
	memcpy(a + 32, model.config, model.config_len);
	return 32 + model.config_len;
}

static size_t
expect_config(const uint8_t *q, size_t len, uint8_t *a, enum kind *kind)
{
	unsigned command, n;
	bool prefix, same;

	if (len < 32)
		return 0;
	command = q[29] & 15;
	n = big16(q + 30);
	if (command > 4)
		return aoe_fails(a, 2, 32);
	*kind = CONFIG;
	if (command == 0)
		return config_told(a, 0);
	if (n > 1024 || 32 + n > len)
		return 0;
	prefix = n <= model.config_len &&
	    memcmp(model.config, q + 32, n) == 0;
	same = prefix && n == model.config_len;
	if ((command == 1 && !same) || (command == 2 && !prefix))
		return 0;
	if (command == 3 && model.config_len > 0 && !same)
		aoe_fails(a, 4, 0);
	else if (command >= 3)
		memcpy(model.config, q + 32, model.config_len = n);
	return config_told(a, command);
}

/* The MError of a directive. */
static uint8_t
mask_fails(const uint8_t *directive)
{
	if (model.fixed)
		return 1;
	switch (directive[1]) {
	case 0:
		return 0;
	case 1:
		return list_add(&model.masks, directive + 2) ? 0 : 3;
	case 2:
		list_drop(&model.masks, directive + 2);
		return 0;
	}
	return 2;
}

static size_t
expect_mask(const uint8_t *q, size_t len, uint8_t *a)
{
	unsigned n;

	if (len < 28)
		return 0;
	a[25] = q[25];
	if (q[25] > 1 || (q[25] == 1 && 28 + 8U * q[27] > len))
		return aoe_fails(a, 2, 28);
	for (unsigned i = 0; q[25] == 1 && i < q[27]; i++) {
		a[26] = mask_fails(q + 28 + 8 * i);
		a[27] = (uint8_t)i;
		if (a[26] != 0)
			return 28;
	}
	n = list_fits(&model.masks, 28, 8);
	a[27] = (uint8_t)n;
	for (unsigned i = 0; i < n; i++)
		memcpy(a + 28 + 8 * i + 2, model.masks.mac[i], 6);
	return 28 + 8 * n;
}

static size_t
expect_reserve(const uint8_t *q, size_t len, uint8_t *a)
{
	struct list *l = &model.holders;

	if (len < 26)
		return 0;
	a[24] = q[24];
	if (q[24] > 2 || (q[24] > 0 && 26 + 6U * q[25] > len))
		return aoe_fails(a, 2, 26);
	if (q[24] == 1 && l->n > 0 && !list_has(l, q + 6)) {
		aoe_fails(a, 6, 0);
	} else if (q[24] > 0) {
		l->n = 0;
		for (unsigned i = 0; i < q[25]; i++)
			list_add(l, q + 26 + 6 * i);
	}
	a[25] = (uint8_t)list_fits(l, 26, 6);
	memcpy(a + 26, l->mac, a[25] * 6U);
	return 26 + a[25] * 6U;
}

/* Is it a request that this target has to look at? */
static bool
heard(const uint8_t *q, size_t len)
{
	bool loopback = all(world.mac, 6, 0);

	return len >= 24 && big16(q + 12) == 0x88a2 && q[14] >> 4 == 1 &&
	    (q[14] & 8) == 0 &&
	    (memcmp(q, world.mac, 6) == 0 || all(q, 6, 0xff)) &&
	    (q[6] & 1) == 0 && (loopback || memcmp(q + 6, world.mac, 6) != 0) &&
	    (big16(q + 16) == SHELF || big16(q + 16) == 0xffff) &&
	    (q[18] == SLOT || q[18] == 0xff) &&
	    (model.masks.n == 0 || list_has(&model.masks, q + 6));
}

static void
header_told(uint8_t *a, const uint8_t *dst, uint8_t command)
{
	static const uint8_t middle[] = { 0x88, 0xa2, 0x18, 0, SHELF >> 8,
	    SHELF & 0xff, SLOT };

	memcpy(a, dst, 6);
	memcpy(a + 6, world.mac, 6);
	memcpy(a + 12, middle, sizeof middle);
	a[19] = command;
}

/* The next frame to be due, zero at first in all it can become. */
static struct due *
due_new(void)
{
	struct due *d = &due[dues];

	d->kind = EXACT;
	d->met = false;
	memset(d->bytes, 0, 36 + 8 * 256 > world.mtu + 14 ? 36 + 8 * 256 :
	    world.mtu + 14);
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

/* Tells the oracle that vblade gets this frame next. */
static void
expect_reply(const uint8_t *q, size_t len)
{
	struct due *d = due_new();
	uint8_t *a = d->bytes;
	size_t n = 0;

	if (!heard(q, len))
		return;
	header_told(a, q + 6, q[19]);
	memcpy(a + 20, q + 20, 4);
	if (q[19] == 0)
		n = expect_ata(q, len, a, &d->kind);
	else if (q[19] == 1)
		n = expect_config(q, len, a, &d->kind);
	else if (q[19] == 2)
		n = expect_mask(q, len, a);
	else if (q[19] == 3)
		n = expect_reserve(q, len, a);
	else if (big16(q + 16) != 0xffff && q[18] != 0xff)
		n = aoe_fails(a, 1, 24);
	due_add(d, n);
}

/* vblade has to tell that it is there, and to ask whether it is alone. */
static void
expect_news(void)
{
	static const uint8_t everybody[6] = { 255, 255, 255, 255, 255, 255 };
	unsigned n = model.masks.n > 0 ? model.masks.n : 1;
	struct due *d;

	for (unsigned i = 0; i < n; i++) {
		d = due_new();
		d->kind = CONFIG;
		header_told(d->bytes, model.masks.n > 0 ? model.masks.mac[i] :
		    everybody, 1);
		due_add(d, config_told(d->bytes, 0));
	}
	d = due_new();
	header_told(d->bytes, everybody, 1);
	d->kind = QUESTION;
	d->bytes[14] = 0x10;
	due_add(d, 60);
}

/*
 * What vblade sent.
 */

/*
 * IDENTIFY: what initiators read, and nothing that nobody wrote.  Of what is
 * due only the word about the cache is filled in.
 */
static bool
identify_good(const uint8_t *due_id, const uint8_t *id)
{
	static const uint16_t words[256] = { [0] = 0x40, [47] = 0x8000,
	    [49] = 0x0200, [50] = 0x4000, [80] = 0x01f0, [82] = 0x0020,
	    [83] = 0x7400, [84] = 0x4000, [86] = 0x3400, [87] = 0x4000,
	    [93] = 0x400b, [106] = 0x4000 };
	uint64_t n = exported();
	uint8_t sum = 0;

	for (int i = 0; i < 512; i++)
		sum = (uint8_t)(sum + id[i]);
	for (int i = 0; i < 255; i++) {
		uint64_t w = little(id + 2 * i, 2), want = words[i];

		if ((i >= 10 && i < 20) || (i >= 23 && i < 47)) {
			if (!isprint(id[2 * i]) || !isprint(id[2 * i + 1]))
				return false;
			continue;
		}
		if (i == 60 || i == 100)
			want = n;	/* the disk is small */
		if (i == 85)
			want = due_id[2 * i];
		if (w != want)
			return false;
	}
	return sum == 0 && id[2 * 255] == 0xa5;
}

static bool
due_is(const struct due *d, const struct frame *f)
{
	if (d->met || d->len != f->len)
		return false;
	if (d->kind == IDENTIFY)
		return memcmp(d->bytes, f->data, 36) == 0 &&
		    identify_good(d->bytes + 36, f->data + 36);
	if (d->kind == CONFIG)
		return memcmp(d->bytes, f->data, 26) == 0 &&
		    memcmp(d->bytes + 28, f->data + 28, f->len - 28) == 0;
	if (d->kind == UNREADABLE)	/* bad sectors before the new end */
		return memcmp(d->bytes, f->data, 25) == 0 &&
		    (f->data[25] == 0x10 || f->data[25] == 0x40) &&
		    memcmp(d->bytes + 26, f->data + 26, f->len - 26) == 0;
	if (d->kind == QUESTION)	/* with a tag that drivers ignore */
		return memcmp(d->bytes, f->data, 20) == 0 &&
		    (f->data[20] & 0x80) && all(f->data + 24, 36, 0);
	return memcmp(d->bytes, f->data, f->len) == 0;
}

static void
show(const char *what, const uint8_t *p, size_t len)
{
	fprintf(stderr, "%s, %zu bytes:", what, len);
	for (size_t i = 0; i < len && i < 128; i++)
		fprintf(stderr, i % 32 == 0 ? "\n\t%02x" : " %02x", p[i]);
	fprintf(stderr, "\n");
}

/* The frame must be due.  Of those in doubt the last is shown. */
static void
sent(const struct frame *f)
{
	struct due *d;

	must(f->len >= 60, "a frame shorter than 60 bytes");
	must(f->len <= world.mtu + 14 || f->data[19] == 1 || f->len == 60,
	    "a frame longer than the MTU");
	for (d = due; d < due + dues && !due_is(d, f); d++)
		;
	if (d == due + dues) {
		show("sent", f->data, f->len);
		for (d = due; d < due + dues; d++)
			if (!d->met)
				show("due", d->bytes, d->len);
		wrong("a frame that is not due");
	}
	d->met = true;
	if ((d->bytes[14] & 8) && spents < FRAMES_MOST &&
	    !(d->kind == CONFIG && all(f->data + 20, 4, 0)))
		spent[spents++] = *f;
	if (--unmet == 0)
		pthread_cond_signal(&met);
}

/* Waits until vblade has sent all that is due. */
static void
settle(void)
{
	struct timespec end;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += 10;
	pthread_mutex_lock(&world_lock);
	while (unmet > 0)
		if (pthread_cond_timedwait(&met, &world_lock, &end) != 0) {
			for (int i = 0; i < dues; i++)
				if (!due[i].met)
					show("due", due[i].bytes, due[i].len);
			wrong("a reply is missing");
		}
	while (spents > 0) {
		struct frame *f = &spent[--spents];

		poison(f->data, f->len);
	}
	dues = 0;
	pthread_mutex_unlock(&world_lock);
}

/*
 * A run of vblade, from start to end.
 */

enum {				/* bits of its options */
	READONLY = 1, SYNC_EACH = 2, MASKED = 4, PART = 8, NO_WORKERS = 16,
	LOOPBACK = 32, MTU = 64		/* and the bit above it: which */
};

static const uint8_t target_mac[6] = { 2, 0, 0, 0, 0, 2 };

/* A world and a model of what vblade is started with. */
static void
world_new(unsigned options)
{
	static const unsigned mtu[] = { 1500, 9000, 65536, 500 };
	static uint8_t fresh[sizeof world.disk];

	world = (struct world){ .mtu = mtu[options / MTU % 4],
	    .readonly = options & READONLY, .beyond = DISK_SECTORS,
	    .size = DISK_SECTORS, .workers = !(options & NO_WORKERS),
	    .clock = 1000 };
	if (options & PART) {
		world.first = 3;
		world.beyond = 50;
		world.crumbs = 100;
	}
	if (!(options & LOOPBACK))
		memcpy(world.mac, target_mac, 6);
	if (fresh[1] == 0)
		for (size_t i = 0; i < sizeof fresh; i++)
			fresh[i] = (uint8_t)(i / 512 * 7 + i % 509);
	memcpy(world.disk, fresh, sizeof fresh);
	memcpy(model.disk, fresh, sizeof fresh);
	model.sync = options & SYNC_EACH;
	model.fixed = options & MASKED;
	model.cache = !model.sync;
	model.buffers = 16;
	model.config_len = 0;
	model.masks.n = model.holders.n = 0;
	dues = unmet = spents = 0;
}

/* Starts vblade as the options say, and judges what it leaves behind. */
static void
play(unsigned options)
{
	char *argv[20] = { "vblade", "-b", "16" };
	int argc = 3, status;

	world_new(options);
	if (options & READONLY)
		argv[argc++] = "-r";
	if (options & SYNC_EACH)
		argv[argc++] = "-s";
	if (options & MASKED) {
		argv[argc++] = "-m";
		argv[argc++] = "020000000000,02:00:00:00:00:01";
		list_add(&model.masks, (uint8_t[]){ 2, 0, 0, 0, 0, 0 });
		list_add(&model.masks, (uint8_t[]){ 2, 0, 0, 0, 0, 1 });
	}
	if (options & PART) {
		argv[argc++] = "-o3";
		argv[argc++] = "-l47";
	}
	argv[argc++] = options & NO_WORKERS ? "-j0" : "-j2";
	argv[argc++] = "258";
	argv[argc++] = "3";
	argv[argc++] = "eth0";
	argv[argc++] = "disk";
	expect_news();
	status = target_run(argc, argv);
	must(unmet == 0, "a reply is missing at the end");
	must(memcmp(world.disk, model.disk, sizeof world.disk) == 0,
	    "the disk has not what was written");
	must(world.lost || world.wet == 0, "not all is flushed at the end");
	must(status == (world.lost && !world.readonly ? EXIT_TRANSIENT : 0),
	    "exit status");
}
