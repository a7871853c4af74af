// Tells the thread sanitizer of Swift's Mutex. On Linux that is a futex: its fast path is in code that is instrumented, and what
// waits for somebody else in a library that is not, so what a contended Mutex guards would pass for a race. Preloaded by
// `make tsan`.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>

void __tsan_acquire(void *address) __attribute__((weak));
void __tsan_release(void *address) __attribute__((weak));

// Methods of Synchronization._MutexHandle: `self` is in the register of the context.
#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"
#define TRY "$s15Synchronization12_MutexHandleV12_tryLockSlowSbyF"
#define SELF __attribute__((swift_context)) void *self
#define SWIFT __attribute__((swiftcall))

SWIFT void lock_slow(uint32_t id, SELF) __asm__(LOCK);
SWIFT void unlock_slow(SELF) __asm__(UNLOCK);
SWIFT bool try_lock_slow(SELF) __asm__(TRY);

SWIFT void lock_slow(uint32_t id, SELF) {
    ((SWIFT void (*)(uint32_t, SELF))dlsym(RTLD_NEXT, LOCK))(id, self);
    if (__tsan_acquire) __tsan_acquire(self);
}

SWIFT void unlock_slow(SELF) {
    if (__tsan_release) __tsan_release(self);
    ((SWIFT void (*)(SELF))dlsym(RTLD_NEXT, UNLOCK))(self);
}

SWIFT bool try_lock_slow(SELF) {
    bool is_locked = ((SWIFT bool (*)(SELF))dlsym(RTLD_NEXT, TRY))(self);
    if (is_locked && __tsan_acquire) __tsan_acquire(self);
    return is_locked;
}
