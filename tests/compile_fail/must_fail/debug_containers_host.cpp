// SPDX-License-Identifier: Apache-2.0
// expect: this gantry was built without _GLIBCXX_DEBUG, which changes std::vector
#ifndef GANTRY_CORRECT
#define _GLIBCXX_DEBUG 1
#endif
#include <gantry/core.hpp>

int main() {}
