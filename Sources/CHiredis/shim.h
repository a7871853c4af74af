// hiredis 0.14 (Debian 12) and 1.x: only the reply reader is used; SwiftNIO carries the bytes.
#ifndef PENSTOCK_CHIREDIS_SHIM_H
#define PENSTOCK_CHIREDIS_SHIM_H
#include <hiredis/hiredis.h>
#endif
