#pragma once

/// Does nothing; a program that calls it has the timers of the kernel, also where libfaketime is loaded.
void keep_timers_real(void);
