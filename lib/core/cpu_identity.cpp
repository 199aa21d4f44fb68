// SPDX-License-Identifier: Apache-2.0
// Uses CPUID on x86; elsewhere the kernel's description of the first processor.
#include "core/cpu_identity.hpp"

#if defined(__x86_64__)
#include <cpuid.h>

#include <cstdio>
#else
#include <fstream>
#endif

namespace gantry::inline GANTRY_ABI::detail {

#if defined(__x86_64__)

namespace {

void add(std::string& text, unsigned value) {
  char hex[16];
  std::snprintf(hex, sizeof hex, "%x.", value);
  text += hex;
}

}  // namespace

std::string cpu_identity() {
  std::string text = "x86-64 ";
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (__get_cpuid(0, &a, &b, &c, &d) == 0) return "";
  for (const unsigned vendor : {b, c, d}) add(text, vendor);
  __get_cpuid(1, &a, &b, &c, &d);
  for (const unsigned features : {a, c, d}) add(text, features);  // b has the current CPU's number
  for (const unsigned leaf : {0u, 1u}) {
    if (__get_cpuid_count(7, leaf, &a, &b, &c, &d) == 0) continue;
    for (const unsigned features : {leaf == 0 ? 0 : a, b, c, d}) add(text, features);
  }
  return text;
}

#else

std::string cpu_identity() {
  std::ifstream file("/proc/cpuinfo");
  std::string text;
  for (std::string line; std::getline(file, line) && (!line.empty() || text.empty());)
    if (line.rfind("processor", 0) != 0 && line.rfind("BogoMIPS", 0) != 0) text += line + ";";
  return text;
}

#endif

}  // namespace gantry::inline GANTRY_ABI::detail
