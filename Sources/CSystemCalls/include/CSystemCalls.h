#ifndef PENSTOCK_CSYSTEMCALLS_H
#define PENSTOCK_CSYSTEMCALLS_H

#include <spawn.h>

// System calls that glibc shows only under _GNU_SOURCE, which Swift's Glibc module does not define.

/// pipe2(ends, O_CLOEXEC)
int penstock_pipe(int ends[2]);

/// memfd_create(name, MFD_CLOEXEC)
int penstock_memory_file(const char *name);

/// posix_spawn_file_actions_addclosefrom_np: the child closes every descriptor from `lowest` on.
int penstock_spawn_close_from(posix_spawn_file_actions_t *actions, int lowest);

/// posix_spawn_file_actions_addchdir_np
int penstock_spawn_change_directory(posix_spawn_file_actions_t *actions, const char *path);

#endif
