# For GNU make and BSD make.
CFLAGS ?= -O2 -g
WARN = -std=c11 -Wall -Wextra -Wshadow -Wconversion
VERSION = 1.0
DEFS = -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DVERSION='"$(VERSION)"'
PROGRAMS = tests/frame tests/load tests/bench/reflect tests/bench/relay \
    tests/reply/reply
PLATFORM != uname -s | tr A-Z a-z
prefix = /usr/local
sbindir = $(prefix)/sbin
mandir = $(prefix)/share/man
libexecdir = $(prefix)/libexec
unitdir = $(prefix)/lib/systemd/system
INIT = auto
DIRS = DESTDIR='$(DESTDIR)' prefix='$(prefix)' sbindir='$(sbindir)' \
    mandir='$(mandir)' libexecdir='$(libexecdir)' unitdir='$(unitdir)' \
    VERSION='$(VERSION)'

all: vblade

vblade: vblade.o $(PLATFORM).o
	$(CC) $(CFLAGS) $(LDFLAGS) -pthread -o $@ vblade.o $(PLATFORM).o

vblade.o $(PLATFORM).o: aoe.h

.c.o:
	$(CC) $(CPPFLAGS) $(DEFS) $(CFLAGS) $(WARN) -pthread -c -o $@ $<

.c:
	$(CC) $(CPPFLAGS) $(DEFS) $(CFLAGS) $(WARN) $(LDFLAGS) -pthread -o $@ $<

tests/frame tests/load tests/bench/reflect tests/bench/relay: tests/aoe-wire.h
tests/frame tests/reply/reply: tests/notation.h

tests/reply/reply: tests/reply/reply.c tests/fake-platform.[ch] vblade.c aoe.h
	$(CC) $(CPPFLAGS) $(DEFS) $(CFLAGS) $(WARN) $(LDFLAGS) -pthread -o $@ \
	    tests/reply/reply.c tests/fake-platform.c

check:
	sh tests/run check

check-core check-all:
	sh tests/run $(@:check-%=%)

bench: vblade tests/load tests/bench/reflect
	sh tests/bench/bench.sh

programs: vblade $(PROGRAMS)

demo: vblade tests/frame tests/load
	sh tests/demo.sh

soak: vblade tests/load tests/bench/relay
	sh tests/bench/soak.sh

fuzz:
	tests/fuzz/run

valgrind: programs
	VALGRIND_SUITES='reply net' bats -f 'valgrind, on' \
	    tests/platforms/sanitizers.bats

install: vblade
	$(DIRS) sh dist/install program $(INIT)

install-systemd install-openrc install-freebsd:
	$(DIRS) sh dist/install $(@:install-%=%)

uninstall:
	$(DIRS) sh dist/install -u program systemd openrc freebsd

deb:
	sh dist/build-deb

clean:
	rm -f vblade *.o $(PROGRAMS)

.PHONY: all programs check check-core check-all bench demo soak fuzz \
    valgrind install install-systemd install-openrc install-freebsd uninstall \
    deb clean
