// SPDX-License-Identifier: Apache-2.0
// expect: this gantry was built with _GLIBCXX_DEBUG, which changes std::vector
#define GANTRY_BUILT_WITH_GLIBCXX_DEBUG 1  // as the targets of such a library define it
#ifdef GANTRY_CORRECT
#define _GLIBCXX_DEBUG
#endif
#include <gantry/core.hpp>

int main() {}
