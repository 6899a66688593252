/* Linux has these in <sys/ioctl.h>. */
#include <sys/ioctl.h>
