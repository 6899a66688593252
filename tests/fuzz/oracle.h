/* SPDX-License-Identifier: ISC */
/*
 * oracle.h: what vblade has to reply, byte by byte.
 *
 * A second implementation of the protocol, as plain as can be, made from its
 * description and sharing no line with vblade.c: offsets are those of the
 * description.  It is given each frame that vblade gets, works out the reply
 * and what becomes of the state and the disk, and looks the frames that
 * vblade sends up among the replies that are due.  It also knows when a write
 * was executed and when it was synced, and so which replies come too early.
 */
#ifndef ORACLE_H
#define ORACLE_H

#include "../fake-platform.h"

enum {
	DISK_SECTORS = 64,	/* at most: sets of them are bit masks */
	SHELF = 0x0102,
	SLOT = 3,
};

/* How vblade was started. */
struct setup {
	bool readonly, sync_writes, masked;
	uint64_t first, end;	/* the exported sectors */
	unsigned buffers;
};

/* The disk as vblade leaves it. */
extern uint8_t disk[DISK_SECTORS * SECTOR];

/* Begin anew; the disk holds what it does now. */
void oracle_start(const struct setup *);

/* vblade gets this frame next. */
void oracle_request(const uint8_t *req, size_t len);

/* vblade has to advertise the target, and to query for duplicates. */
void oracle_advert(void);

/* vblade sent this frame: it must be due.  A reply is then overwritten. */
void oracle_sent(const struct frame *);

/* An operation was executed. */
void oracle_executed(const struct io *);

/* Frames that are due. */
unsigned oracle_due(void);

/* Nothing is under way: nothing may be due. */
void oracle_settled(void);

/* Written data may not stay unsynced for longer than a second. */
void oracle_time_passed(void);

/* vblade has ended. */
void oracle_end(int status);

/* Unless it is good, print a message and abort. */
void check(bool good, const char *what);

#endif
