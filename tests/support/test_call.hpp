// SPDX-License-Identifier: Apache-2.0
// A call for functions that take a CallContext, without a pipeline around it.
//
//   const TestCall late(RunOptions(within(seconds(-1))));
//   decode_image(file, {}, late.get());
#pragma once

#include <cstddef>
#include <gantry/call_context.hpp>

#include "runtime/context.hpp"

namespace gantry::inline GANTRY_ABI::test {

class TestCall {
 public:
  explicit TestCall(const RunOptions& options, std::size_t samples = 1)
      : options_(options), context_{&options_, nullptr, true, nullptr}, call_(context_, samples) {
    call_.begin(frames_);
  }
  TestCall(const TestCall&) = delete;
  TestCall& operator=(const TestCall&) = delete;

  CallContext& call() { return call_; }
  const CallContext* get() const { return &call_; }

 private:
  detail::CallOptions options_;
  detail::Context context_;
  detail::SlotFrames frames_;
  CallContext call_;
};

inline RunOptions cancelled_options() {
  RunOptions options;
  options.cancel = CancelToken::create();
  options.cancel.cancel();
  return options;
}

}  // namespace gantry::inline GANTRY_ABI::test
