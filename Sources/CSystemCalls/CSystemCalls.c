#define _GNU_SOURCE
#include "CSystemCalls.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

int penstock_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC); }

int penstock_memory_file(const char *name) { return memfd_create(name, MFD_CLOEXEC); }

int penstock_spawn_close_from(posix_spawn_file_actions_t *actions, int lowest) {
    return posix_spawn_file_actions_addclosefrom_np(actions, lowest);
}

int penstock_spawn_change_directory(posix_spawn_file_actions_t *actions, const char *path) {
    return posix_spawn_file_actions_addchdir_np(actions, path);
}
