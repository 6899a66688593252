# A test of the tests: freebsd.c is broken in ways that once were found in
# such programs, and each time a test named for it has to fail.

load ../helper

setup() {
	export SHIM_TRACE=$BATS_TEST_TMPDIR/trace
	MUTANT=$BATS_TEST_TMPDIR/mutant
}

# mutate SCRIPT: build a program from freebsd.c as sed changed it.
mutate() {
	mkdir "$MUTANT"
	cp "$TESTS/../aoe.h" "$TESTS/../vblade.c" "$MUTANT"
	sed "$1" "$TESTS/../freebsd.c" >"$MUTANT/freebsd.c"
	! cmp -s "$TESTS/../freebsd.c" "$MUTANT/freebsd.c" ||
		fail "nothing to change: $1" || return
	"$TESTS/freebsd/build" "$MUTANT/vblade" "$MUTANT/vblade.c" \
		"$MUTANT/freebsd.c" -- -w -O0
}

# caught FILE TEST: with the mutant this test fails.
caught() {
	local tap
	tap=$(VBLADE=$MUTANT/vblade SHIMMED=$MUTANT/vblade timeout 60 \
		bats --tap -f "^$2\$" "$TESTS/$1" 2>&1) || :
	assert_match "^not ok 1 $2\$" "$tap"
}

@test "no BIOCIMMEDIATE" {
	mutate '/BIOCIMMEDIATE/d'
	caught net/address.bats 'a request to our MAC address is answered'
}

@test "a header as long as its struct" {
	mutate 's/h->bh_hdrlen/sizeof *h/g'
	caught net/address.bats 'a request to our MAC address is answered'
}

@test "a read of another size than the buffer's" {
	mutate 's/n->buffer, n->size)/n->buffer, n->size - 1)/'
	caught net/address.bats 'a request to our MAC address is answered'
}

@test "no BIOCSBLEN" {
	mutate 's/BIOCSBLEN/BIOCGBLEN/'
	caught net/mtu.bats 'MTU 9000 carries 17 sectors'
}

@test "no limit to what is sent" {
	mutate 's/errno != EIO;/true;/'
	caught freebsd/bpf.bats \
		'MTU 9000 where it sends a page: 7 sectors, said once, 17 to write'
}

@test "no BIOCSHDRCMPLT" {
	mutate '/BIOCSHDRCMPLT/d'
	caught freebsd/bpf.bats \
		'filter, buffer, immediate, header, direction: all before binding'
}

@test "no BIOCSDIRECTION" {
	mutate '/BIOCSDIRECTION/d'
	caught freebsd/bpf.bats \
		'filter, buffer, immediate, header, direction: all before binding'
}

@test "one record a read" {
	mutate 's/count < max \&\& n->next < n->end/count < 1 \&\& n->next < n->end/
		s/if (n->next >= n->end)$/if (true)/'
	caught net/data.bats 'the whole image is read'
}

@test "an interface found by how its name begins" {
	mutate 's/strcmp(a->ifa_name, n->name) == 0/strncmp(a->ifa_name, n->name, strlen(a->ifa_name)) == 0/
		/link_address(n, &l);/d'
	caught freebsd/bpf.bats \
		'an interface whose name begins or goes on like ours is another'
}

@test "a VLAN tag that is left in the frame" {
	mutate 's/== VLAN_TYPE/== 0/'
	caught net/address.bats 'a priority tag does not matter'
}

@test "no binding to an interface that is made again" {
	mutate 's/!l.bound \&\& link_back(n)/false/'
	caught freebsd/bpf.bats \
		'confined, an interface that is made again is bound again'
}

@test "a probe whose write filter lets frames pass" {
	mutate '/BIOCSETWF/d'
	caught freebsd/bpf.bats \
		'finding out how long a frame may be sends nothing'
}

@test "sectors of a disk that are not kept apart" {
	mutate 's/d->direct = d->fd;/d->direct = d->fd, d->unit = SECTOR;/'
	caught freebsd/disk.bats \
		'sectors of 4096 bytes: any single sector is read'
}
