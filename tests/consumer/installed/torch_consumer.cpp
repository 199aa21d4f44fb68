// SPDX-License-Identifier: Apache-2.0
// A host of gantry::gantry: the engines are there, and a package that is not there is an error, not a crash.
#include <cstdio>

#include <gantry/gantry.hpp>

int main() {
  if (gantry::libtorch::engines().empty()) {
    std::fprintf(stderr, "no engines\n");
    return 1;
  }
  auto pipeline = gantry::open<gantry::Bytes, gantry::Classes>("/nonexistent");
  if (pipeline || pipeline.error().code() != gantry::ErrorCode::kNotFound) {
    std::fprintf(stderr, "expected not_found\n");
    return 1;
  }
  return 0;
}
