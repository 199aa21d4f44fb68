// SPDX-License-Identifier: Apache-2.0
// What the tests at gantry-server are given, and what they share.
#pragma once

#include <gantry/tensor.hpp>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

namespace gantry::inline GANTRY_ABI::test {

inline std::string server_program;  // gantry-server
inline std::string server_models;   // what tests/server/make_packages.py made
inline std::string photo_package;   // the demo's package, which takes photos

/// Polls for a minute.
template <class Condition>
bool comes_true(Condition condition) {
  for (int i = 0; i < 6000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

/// A sample of the package "affine", y = 2 x + 1.
inline Tensor row(float first) {
  const std::vector<float> values{first, first + 1, first + 2, first + 3};
  return Tensor::from(Span<const float>(values.data(), 4), {4}).value();
}
inline bool is_right(const Result<Tensor>& answer, float first) {
  return answer && answer->values<float>().value()[3] == 2 * (first + 3) + 1;
}

}  // namespace gantry::inline GANTRY_ABI::test
