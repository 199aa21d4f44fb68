// SPDX-License-Identifier: Apache-2.0
// GANTRY_STARTUP_CODE marks functions that run once in each process. They, and what they inline, lie side by side in
// the library, with the constructors of statics. Elsewhere each would page in the code around it, of ops that the
// process never uses: the kernel maps 64 kB at a time.
#pragma once

#define GANTRY_STARTUP_CODE [[gnu::section(".text.startup"), gnu::flatten]]
