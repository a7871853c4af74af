// libfaketime shifts the absolute times of every timerfd, whatever clock it is on, and has no switch for that: timers on the
// monotonic clock, which is not shifted here, would ring at once for ever, or an hour too late. A program's own definition
// comes before that of a preloaded library, and this one goes straight to the kernel.

#define _GNU_SOURCE
#include "timer_calls.h"

#ifdef __linux__
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

int timerfd_settime(int fd, int flags, const struct itimerspec *new_value, struct itimerspec *old_value) {
    return (int)syscall(SYS_timerfd_settime, fd, flags, new_value, old_value);
}
#endif

void keep_timers_real(void) {}
