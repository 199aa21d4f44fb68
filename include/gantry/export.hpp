// SPDX-License-Identifier: Apache-2.0
// Marks what the shared libraries export; everything else is hidden.
#pragma once

#if defined(_WIN32)
#error "gantry supports Linux only"
#endif
#define GANTRY_API __attribute__((visibility("default")))
