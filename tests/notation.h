/* SPDX-License-Identifier: ISC */
/*
 * notation.h: frames as text, for frame.c and reply/reply.c.
 *
 * A frame is written in hexadecimal, with blanks and colons wherever they
 * help, and with these words among the bytes:
 *
 *	SS, TT	the MAC address of the initiator, of the target
 *	*N	the byte before, N times in all (00*512)
 *	@N	zeros up to a length of N bytes (@60)
 *	?N	random bytes up to a length of N bytes
 *	sectors:L,N
 *		what N sectors from L on of an image of helper.bash held first
 */
#ifndef NOTATION_H
#define NOTATION_H

#include <ctype.h>
#include <err.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NOTATION_ERROR = 2, MAC_SIZE = 6 };

/* The words SS and TT, if known. */
static const uint8_t *initiator, *target;

struct text {
	uint8_t *bytes;
	size_t length, size;
};

static inline void
text_append(struct text *t, const void *bytes, size_t n)
{
	if (bytes == NULL)
		errx(NOTATION_ERROR, "SS or TT is not known");
	if (n > t->size - t->length)
		errx(NOTATION_ERROR, "a frame longer than %zu bytes", t->size);
	memcpy(t->bytes + t->length, bytes, n);
	t->length += n;
}

/* Append bytes up to a length: `byte`, or random ones if it is negative. */
static inline void
text_fill(struct text *t, size_t length, int byte)
{
	while (t->length < length)
		text_append(t, &(uint8_t){ (uint8_t)(byte < 0 ? random() :
		    byte) }, 1);
}

/* Append a byte or a word; returns what follows it. */
static inline const char *
text_word(struct text *t, const char *s)
{
	int last = t->length > 0 ? t->bytes[t->length - 1] : 0;
	char digits[3] = "", sector[512 + 1], *end;
	unsigned long long n, first;

	if (strncmp(s, "SS", 2) == 0 || strncmp(s, "TT", 2) == 0) {
		text_append(t, *s == 'S' ? initiator : target, MAC_SIZE);
		return s + 2;
	}
	if (strncmp(s, "sectors:", 8) == 0) {
		first = strtoull(s + 8, &end, 10);
		for (n = strtoull(end + 1, &end, 10); n > 0; n--) {
			snprintf(sector, sizeof sector, "%0511llu\n", first++);
			text_append(t, sector, sizeof sector - 1);
		}
		return end;
	}
	if (strchr("*@?", *s) == NULL) {
		memcpy(digits, s, 2);
		last = (int)strtoul(digits, &end, 16);
		if (end != digits + 2)
			errx(NOTATION_ERROR, "not a byte: %.20s", s);
		text_fill(t, t->length + 1, last);
		return s + 2;
	}
	n = strtoull(s + 1, &end, 10);
	if (*s == '*')
		n += t->length - 1;
	text_fill(t, (size_t)n, *s == '*' ? last : *s == '@' ? 0 : -1);
	return end;
}

/* Parse a frame into at most `size` bytes; returns their number. */
static inline size_t
frame_parse(const char *s, uint8_t *to, size_t size)
{
	struct text t = { to, 0, size };

	while (*s != '\0')
		s = isspace((unsigned char)*s) || *s == ':' ? s + 1 :
		    text_word(&t, s);
	return t.length;
}

static inline void
frame_print(const uint8_t *p, size_t length)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < length; i++) {
		putchar(digits[p[i] >> 4]);
		putchar(digits[p[i] & 15]);
	}
	putchar('\n');
	if (fflush(stdout) == EOF)
		err(NOTATION_ERROR, "standard output");
}

#endif
