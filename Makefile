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
unitdir = $(prefix)/lib/systemd/system

all: vblade

vblade: vblade.o $(PLATFORM).o
	$(CC) $(CFLAGS) $(LDFLAGS) -pthread -o $@ vblade.o $(PLATFORM).o

vblade.o $(PLATFORM).o: aoe.h

.c.o:
	$(CC) $(CPPFLAGS) $(DEFS) $(CFLAGS) $(WARN) -pthread -c -o $@ $<

.c:
	$(CC) $(CPPFLAGS) $(DEFS) $(CFLAGS) $(WARN) $(LDFLAGS) -pthread -o $@ $<

tests/load tests/bench/reflect tests/bench/relay: tests/aoe-wire.h

FAKE = tests/fake-platform.c tests/fake-platform.h vblade.c aoe.h

tests/reply/reply: tests/reply/reply.c $(FAKE)
	$(CC) $(CPPFLAGS) $(DEFS) $(CFLAGS) $(WARN) $(LDFLAGS) -pthread -o $@ \
	    tests/reply/reply.c tests/fake-platform.c

check:
	sh tests/run check

check-core:
	sh tests/run core

check-all:
	sh tests/run all

bench: vblade tests/load tests/bench/reflect
	sh tests/bench/bench.sh

programs: vblade $(PROGRAMS)

demo: vblade tests/frame
	sh tests/demo.sh

soak: vblade tests/load tests/bench/relay
	sh tests/bench/soak.sh

fuzz:
	tests/fuzz/run

valgrind:
	tests/platforms/valgrind

install: vblade install-$(PLATFORM)
	install -d $(DESTDIR)$(sbindir) $(DESTDIR)$(mandir)/man8
	install -m 755 vblade $(DESTDIR)$(sbindir)
	ln -sf vblade $(DESTDIR)$(sbindir)/vbladed
	install -m 644 vblade.8 $(DESTDIR)$(mandir)/man8
	ln -sf vblade.8 $(DESTDIR)$(mandir)/man8/vbladed.8

install-linux:
	install -d $(DESTDIR)$(unitdir)
	install -m 644 vblade.target vblade@.service $(DESTDIR)$(unitdir)
	sed 's,/usr/sbin,$(sbindir),' vblade@.service \
	    >$(DESTDIR)$(unitdir)/vblade@.service

install-freebsd:
	install -d $(DESTDIR)$(prefix)/etc/rc.d
	sed 's,@prefix@,$(prefix),g' tests/package/freebsd/vblade.in \
	    >$(DESTDIR)$(prefix)/etc/rc.d/vblade
	chmod 755 $(DESTDIR)$(prefix)/etc/rc.d/vblade

uninstall:
	cd $(DESTDIR)$(sbindir) && rm -f vblade vbladed
	cd $(DESTDIR)$(mandir)/man8 && rm -f vblade.8 vbladed.8
	rm -f $(DESTDIR)$(unitdir)/vblade.target \
	    $(DESTDIR)$(unitdir)/vblade@.service \
	    $(DESTDIR)$(prefix)/etc/rc.d/vblade

deb:
	sh tests/package/build

clean:
	rm -f vblade *.o $(PROGRAMS)

.PHONY: all programs check check-core check-all bench demo soak fuzz valgrind \
    install install-linux install-freebsd uninstall deb clean
