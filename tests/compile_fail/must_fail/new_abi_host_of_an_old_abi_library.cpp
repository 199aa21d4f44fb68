// SPDX-License-Identifier: Apache-2.0
// expect: this gantry was built with _GLIBCXX_USE_CXX11_ABI=0, the old std::string
#define GANTRY_BUILT_WITH_CXX11_ABI 0  // as the targets of such a library define it
#ifdef GANTRY_CORRECT
#define _GLIBCXX_USE_CXX11_ABI 0
#endif
#include <gantry/core.hpp>

int main() {}
