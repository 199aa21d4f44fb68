// SPDX-License-Identifier: Apache-2.0
// expect: this gantry was built with the new std::string: compile the host without _GLIBCXX_USE_CXX11_ABI=0
#ifndef GANTRY_CORRECT
#define _GLIBCXX_USE_CXX11_ABI 0
#endif
#include <gantry/core.hpp>

int main() {}
