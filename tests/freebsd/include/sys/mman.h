#include_next <sys/mman.h>
#include "../freebsd.h"
