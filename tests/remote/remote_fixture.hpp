// SPDX-License-Identifier: Apache-2.0
// RemoteTest: a runtime with a clock that the test moves, and models of scripted servers on it.
#pragma once

#include <gtest/gtest.h>
#include <gantry/pipeline.hpp>
#include <gantry/remote.hpp>

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "remote/scripted_server.hpp"
#include "support/manual_time.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI::test {

using gantry_test::Request;
using gantry_test::ScriptedServer;
using gantry_test::Wire;
using namespace std::chrono_literals;

/// Polls for a minute of real time.
template <class Condition>
bool comes_true(Condition condition) {
  for (int i = 0; i < 60000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(1ms);
  }
  return false;
}

class RemoteTest : public testing::Test {
 protected:
  RemoteTest() {
    RuntimeOptions options;
    options.cpus = 2;
    options.time_source = time;
    runtime.emplace(Runtime::create(options).value());
  }

  Result<Model> connect(const std::string& addresses, remote::Options options = {}) const {
    options.runtime = *runtime;
    return remote::connect_model(addresses, "m", options);
  }
  static Tensors row(float first) {
    const std::vector<float> values{first, first + 1, first + 2, first + 3};
    return Tensors{{"x", Tensor::from(Span<const float>(values.data(), 4), {1, 4}).value()}};
  }
  /// The first value of the answer is the one expected of row(first).
  static bool is_right(const Result<Tensors>& answer, float first) {
    if (!answer) return false;
    const auto values = (*answer)[0].tensor.values<float>();
    for (int i = 0; i < 4; ++i)
      if ((*values)[static_cast<std::size_t>(i)] != 2 * (first + static_cast<float>(i)) + 1) return false;
    return (*answer)[0].name == "y" && (*answer)[0].tensor.shape() == Shape{1, 4};
  }
  static std::future<Result<Tensors>> run(const Model& model, float first, const RunOptions& options = {}) {
    return std::async(std::launch::async, [=] { return model.run(row(first), options); });
  }
  ModelStats stats() const { return runtime->stats().models.at(0); }

  std::shared_ptr<ManualTime> time = std::make_shared<ManualTime>();
  std::optional<Runtime> runtime;
};

}  // namespace gantry::inline GANTRY_ABI::test
