/*
 * reply: vblade on a platform of text, so that its answers can be tested
 * without a network, a clock or rights.
 *
 *	reply [option ...] shelf slot mtu file
 *
 * The command line is vblade's, but that the interface is named by its MTU.
 * The standard input holds frames in hexadecimal, one a line.  Consecutive
 * lines arrive as one batch; an empty line, a directive or the end of the
 * input ends it.  The standard output tells what happens, a line each: the
 * frames that vblade sends, in hexadecimal; the calls of the disk, with
 * first sector and number of sectors, when they return; and vblade's ready
 * line.  The end of the input is a SIGTERM.
 *
 * Directives, which take effect where they stand:
 *
 *	:mtu N, :mac HEX	the interface changes, which is news
 *	:link			so does the link
 *	:full N			the net drops the next N frames to be sent
 *	:truncate BYTES		the file gets another size
 *	:bad SECTOR		each transfer of this sector fails with EIO
 *	:short BYTES		a transfer moves no more than this at a time
 *	:interrupt N		the next N transfers fail with EINTR
 *	:lost			the next flush fails with EIO
 *	:cold, :warm		no sector is, or all are, in the page cache
 *	:warm N			the first N sectors of a transfer are
 *	:busy, :idle		a write has, or has not, to wait for the disk
 *	:unit BYTES, :physical BYTES, :solid	as in struct disk
 *	:hold SECTOR, :release	transfers of this sector stay under way
 *	:await N		goes on when N frames have been sent since
 *				the ready line
 *	:usr1			SIGUSR1
 *	:pass			waits as long as vblade would without frames
 *
 * Time stands still but for :pass.  A frame arrives at an odd address in
 * memory of its own size, and is overwritten when its batch is over.
 */
#define _GNU_SOURCE 1
#define _FILE_OFFSET_BITS 64
#include <time.h>

static int text_clock(clockid_t, struct timespec *);
#define clock_gettime text_clock
#include "../../vblade.c"

struct net {
	uint8_t mac[MAC_LEN];
	unsigned mtu;
	bool news;
	int full;		/* frames to drop */
	uint64_t sent, awaited;	/* frames since the ready line */
	bool serving;
	char *memory[BATCH];	/* of the frames of this batch */
	int batch;
};

/* What the directives ask of the disk. */
struct faults {
	uint64_t bad, held;	/* sectors */
	size_t most;		/* bytes a transfer moves */
	int interrupts;
	bool lost;
	uint64_t warm;		/* sectors in the page cache */
	bool busy;
};

static const uint64_t none = UINT64_MAX;
static const char digits[] = "0123456789abcdef";

/* The lock is of all that follows. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t change = PTHREAD_COND_INITIALIZER;
static struct net text = { .mac = { 2, 0, 0, 0, 0, 2 } };
static struct faults faults = { .bad = UINT64_MAX, .held = UINT64_MAX,
    .most = SIZE_MAX, .warm = UINT64_MAX };
static struct disk *opened;
static int64_t microseconds = 1000000;

static int
text_clock(clockid_t id, struct timespec *ts)
{
	(void)id;
	pthread_mutex_lock(&lock);
	ts->tv_sec = (time_t)(microseconds / 1000000);
	ts->tv_nsec = (long)(microseconds % 1000000 * 1000);
	pthread_mutex_unlock(&lock);
	return 0;
}

static void
misread(const char *line)
{
	fprintf(stderr, "reply: cannot make sense of %s\n", line);
	_exit(99);
}

/*
 * The net.
 */

struct net *
net_open(const char *ifname, unsigned shelf, unsigned slot, unsigned frames,
    int fd)
{
	(void)shelf, (void)slot, (void)frames, (void)fd;
	alarm(300);		/* the deadline of whatever waits below */
	text.mtu = (unsigned)strtoul(ifname, NULL, 10);
	return &text;
}

const uint8_t *
net_mac(const struct net *net)
{
	return net->mac;
}

unsigned
net_mtu(const struct net *net)
{
	return net->mtu;
}

uint64_t
net_drops(struct net *net)
{
	(void)net;
	return 0;
}

static void
print_frame(const struct frame *f)
{
	for (size_t i = 0; i < f->len; i++) {
		putchar_unlocked(digits[f->data[i] >> 4]);
		putchar_unlocked(digits[f->data[i] & 15]);
	}
	putchar_unlocked('\n');
}

int
net_send(struct net *net, const struct frame frames[], int n)
{
	int dropped = 0;

	pthread_mutex_lock(&lock);
	for (int i = 0; i < n; i++) {
		if (net->full > 0) {
			net->full--;
			dropped++;
			continue;
		}
		if (frames[i].len > net->mtu + ETH_HEADER)
			printf("too long: ");
		print_frame(&frames[i]);
		net->sent += net->serving;
	}
	fflush(stdout);
	pthread_cond_broadcast(&change);
	pthread_mutex_unlock(&lock);
	return dropped;
}

static void
hex_bytes(const char *s, uint8_t *to)
{
	const char *high, *low;

	for (; *s != '\0'; s += 2) {
		high = strchr(digits, s[0]);
		low = strchr(digits, s[1]);
		if (high == NULL || low == NULL || *low == '\0')
			misread(s);
		*to++ = (uint8_t)((high - digits) << 4 | (low - digits));
	}
}

static struct frame
frame_of(struct net *net, const char *line)
{
	size_t len = strlen(line) / 2;
	char *memory = malloc(len + 1);
	struct frame f = { (uint8_t *)memory + 1, len };

	if (memory == NULL)
		err(99, "malloc");
	hex_bytes(line, f.data);
	net->memory[net->batch] = memory;
	return f;
}

/* Who still looks at a frame now shall see nothing true. */
static void
forget(struct net *net, const struct frame frames[])
{
	while (net->batch > 0) {
		net->batch--;
		memset(frames[net->batch].data, 0xdd, frames[net->batch].len);
		free(net->memory[net->batch]);
	}
}

static void
await(struct net *net, uint64_t n)
{
	net->awaited = n;
	while (net->sent < net->awaited)
		pthread_cond_wait(&change, &lock);
}

/* Those that change the net; false when the word is none of them. */
static bool
net_directive(struct net *net, const char *word, const char *argument,
    uint64_t n)
{
	if (strcmp(word, ":mtu") == 0)
		net->mtu = (unsigned)n;
	else if (strcmp(word, ":mac") == 0)
		hex_bytes(argument, net->mac);
	else if (strcmp(word, ":full") == 0)
		net->full = (int)n;
	else if (strcmp(word, ":await") == 0)
		await(net, n);
	else if (strcmp(word, ":link") != 0)
		return false;
	net->news = net->news || word[1] == 'm' || word[1] == 'l';
	return true;
}

static bool
disk_directive(const char *word, uint64_t n)
{
	if (strcmp(word, ":bad") == 0)
		faults.bad = n;
	else if (strcmp(word, ":hold") == 0)
		faults.held = n;
	else if (strcmp(word, ":release") == 0)
		faults.held = none;
	else if (strcmp(word, ":short") == 0)
		faults.most = (size_t)n;
	else if (strcmp(word, ":interrupt") == 0)
		faults.interrupts = (int)n;
	else if (strcmp(word, ":lost") == 0)
		faults.lost = true;
	else if (strcmp(word, ":cold") == 0)
		faults.warm = 0;
	else if (strcmp(word, ":warm") == 0)
		faults.warm = n;
	else if (strcmp(word, ":busy") == 0 || strcmp(word, ":idle") == 0)
		faults.busy = word[1] == 'b';
	else if (strcmp(word, ":unit") == 0)
		opened->unit = (unsigned)n;
	else if (strcmp(word, ":physical") == 0)
		opened->physical = (unsigned)n;
	else if (strcmp(word, ":solid") == 0)
		opened->solid = true;
	else
		return false;
	return true;
}

static void
directive(struct net *net, char *line, int timeout)
{
	char *word = strtok(line, " "), *argument = strtok(NULL, " ");
	uint64_t n = argument == NULL ? none : strtoull(argument, NULL, 10);

	pthread_mutex_lock(&lock);
	if (strcmp(word, ":usr1") == 0)
		raise(SIGUSR1);
	else if (strcmp(word, ":pass") == 0)
		microseconds += timeout < 0 ? 3600000000 : timeout * 1000;
	else if (strcmp(word, ":truncate") == 0 &&
	    truncate(getenv("DISK"), (off_t)n) < 0)
		err(99, "truncate");
	else if (strcmp(word, ":truncate") != 0 &&
	    !net_directive(net, word, argument, n) && !disk_directive(word, n))
		misread(word);
	pthread_cond_broadcast(&change);
	pthread_mutex_unlock(&lock);
}

/* A directive that ends a batch is carried out at the next call. */
int
net_recv(struct net *net, struct frame frames[], int max, int timeout,
    bool *news)
{
	static struct frame taken[BATCH];
	static char *line;
	static size_t size;
	static bool put_back;

	forget(net, taken);
	pthread_mutex_lock(&lock);
	net->serving = true;
	pthread_mutex_unlock(&lock);
	*news = false;
	while (net->batch < max) {
		if (!put_back && getline(&line, &size, stdin) < 0) {
			if (net->batch == 0)
				raise(SIGTERM);
			break;
		}
		line[strcspn(line, "\n")] = '\0';
		put_back = *line == ':' && net->batch > 0;
		if (put_back || (*line == '\0' && net->batch > 0))
			break;
		if (*line == ':') {
			directive(net, line, timeout);
			*news = net->news;
			net->news = false;
			break;
		}
		if (*line != '\0') {
			struct frame f = frame_of(net, line);

			frames[net->batch] = taken[net->batch] = f;
			net->batch++;
		}
	}
	return net->batch;
}

/*
 * The disk.
 */

void
disk_open(struct disk *d, const char *path, int flags)
{
	int mode = flags & DISK_READONLY ? O_RDONLY : O_RDWR;

	*d = (struct disk){ .fd = open(path, mode), .direct = -1,
	    .unit = SECTOR, .sync = flags & DISK_SYNC };
	if (d->fd < 0)
		err(EXIT_DISK, "%s", path);
	setenv("DISK", path, 1);
	opened = d;
}

off_t
disk_size(const struct disk *d)
{
	return lseek(d->fd, 0, SEEK_END);
}

static size_t
total(const struct iovec *iov, int n)
{
	size_t sum = 0;

	while (n-- > 0)
		sum += iov[n].iov_len;
	return sum;
}

static bool
touches(uint64_t sector, off_t at, size_t len)
{
	uint64_t first = (uint64_t)at / SECTOR;

	return sector >= first && sector < first + len / SECTOR;
}

/* The lock held: waits while held; then what the directives make of it. */
static int
trouble(off_t at, size_t len)
{
	while (touches(faults.held, at, len))
		pthread_cond_wait(&change, &lock);
	if (faults.interrupts > 0) {
		faults.interrupts--;
		return EINTR;
	}
	return touches(faults.bad, at, len) ? EIO : 0;
}

/* At most `most` bytes, one piece of memory after the other. */
static ssize_t
transfer(const struct disk *d, const struct iovec *iov, int n, off_t at,
    size_t most, bool write)
{
	ssize_t sum = 0, got = 0;
	size_t len;

	for (int i = 0; i < n && (size_t)sum < most; i++) {
		len = iov[i].iov_len < most - (size_t)sum ?
		    iov[i].iov_len : most - (size_t)sum;
		got = write ? pwrite(d->fd, iov[i].iov_base, len, at + sum) :
		    pread(d->fd, iov[i].iov_base, len, at + sum);
		if (got <= 0)
			break;
		sum += got;
	}
	return sum > 0 ? sum : got;
}

static ssize_t
call(const char *name, const struct disk *d, const struct iovec *iov, int n,
    off_t at, bool write)
{
	size_t len = total(iov, n);
	ssize_t done = -1;
	int error;

	pthread_mutex_lock(&lock);
	error = trouble(at, len);
	if (error == 0)
		done = transfer(d, iov, n, at, faults.most, write);
	printf("%s %jd %zu\n", name, (intmax_t)(at / SECTOR), len / SECTOR);
	fflush(stdout);
	pthread_mutex_unlock(&lock);
	if (error != 0)
		errno = error;
	return done;
}

ssize_t
disk_read(const struct disk *d, const struct iovec *iov, int n, off_t at)
{
	return call("disk_read", d, iov, n, at, false);
}

ssize_t
disk_write(const struct disk *d, const struct iovec *iov, int n, off_t at)
{
	return call("disk_write", d, iov, n, at, true);
}

/* A sector that is bad or held is not in the page cache. */
ssize_t
disk_read_now(const struct disk *d, const struct iovec *iov, int n, off_t at)
{
	size_t len = total(iov, n);
	ssize_t done = -1;

	pthread_mutex_lock(&lock);
	if (faults.warm > 0 && !touches(faults.bad, at, len) &&
	    !touches(faults.held, at, len)) {
		done = transfer(d, iov, n, at, faults.warm > len / SECTOR ?
		    len : (size_t)faults.warm * SECTOR, false);
		printf("disk_read_now %jd %zu\n", (intmax_t)(at / SECTOR),
		    len / SECTOR);
	}
	pthread_mutex_unlock(&lock);
	if (done < 0)
		errno = EAGAIN;
	return done;
}

bool
disk_write_waits(const struct disk *d, off_t at, size_t len)
{
	bool busy;

	(void)d;
	pthread_mutex_lock(&lock);
	busy = faults.busy || touches(faults.held, at, len);
	pthread_mutex_unlock(&lock);
	return busy;
}

int
disk_flush(const struct disk *d)
{
	bool lost;

	(void)d;
	pthread_mutex_lock(&lock);
	lost = faults.lost;
	faults.lost = false;
	printf("disk_flush\n");
	fflush(stdout);
	pthread_mutex_unlock(&lock);
	errno = EIO;
	return lost ? -1 : 0;
}

void
confine(const struct net *net, const struct disk *d)
{
	(void)net, (void)d;
}
