# For GNU make and BSD make.
CFLAGS ?= -O2 -g
WARN = -std=c11 -Wall -Wextra -Wshadow -Wconversion
DEFS = -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64
PLATFORM != uname -s | tr A-Z a-z
prefix = /usr/local
sbindir = $(prefix)/sbin
mandir = $(prefix)/share/man
unitdir = $(prefix)/lib/systemd/system

all: vblade

vblade: vblade.o $(PLATFORM).o
	$(CC) $(CFLAGS) $(LDFLAGS) -pthread -o $@ vblade.o $(PLATFORM).o

vblade.o $(PLATFORM).o: aoe.h

.c.o:
	$(CC) $(CPPFLAGS) $(DEFS) $(CFLAGS) $(WARN) -pthread -c -o $@ $<

.c:
	$(CC) $(CPPFLAGS) $(CFLAGS) $(WARN) $(LDFLAGS) -pthread -o $@ $<

check:
	sh tests/run

bench: vblade tests/load tests/reflect
	sh tests/bench.sh

demo: vblade tests/frame
	sh tests/demo.sh

clean:
	rm -f vblade *.o tests/frame tests/load tests/reflect

.PHONY: all check bench demo clean
