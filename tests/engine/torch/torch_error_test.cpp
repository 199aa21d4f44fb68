// SPDX-License-Identifier: Apache-2.0
// From LibTorch's exceptions to one line.
#include <c10/util/Exception.h>
#include <gtest/gtest.h>

#include <new>
#include <stdexcept>

#include "engine/torch/torch_error.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI::test {
namespace {

using libtorch::concise;

template <class Throw>
Error translated(Throw throws) {
  try {
    throws();
  } catch (...) {
    return libtorch::translate_torch_exception(ErrorCode::kModelError);
  }
  return Error(ErrorCode::kInternal, "nothing was thrown");
}

TEST(Concise, KeepsTheFirstLinesAndDropsStackFrames) {
  EXPECT_EQ(concise("bad thing\nsecond line\nException raised from f at g.cpp:1\nframe #0: x\nframe #1: y"),
            "bad thing; second line");
  EXPECT_EQ(concise("bad\nframe #0: x"), "bad");
  EXPECT_EQ(concise("a\n\n  b  \nc\nd\ne\nf"), "a; b; c; d");
  EXPECT_EQ(concise(""), "no message");
  EXPECT_EQ(concise(std::string(5000, 'x')).size(), 603u);
}

TEST(Concise, CutsBetweenCharacters) {
  for (const std::size_t ascii : {597u, 598u, 599u}) {
    const std::string text = std::string(ascii, 'x') + "\u20ac\u20ac\u20ac";
    const std::size_t whole = ascii + (600 - ascii) / 3 * 3;
    EXPECT_EQ(concise(text), text.substr(0, whole) + "...");
  }
}

TEST(Concise, ReducesATracebackOfTorchScriptToItsMessage) {
  EXPECT_EQ(concise("The following operation failed in the TorchScript interpreter.\n"
                    "Traceback of TorchScript (most recent call last):\n"
                    "  File \"net.py\", line 30, in forward\n"
                    "    return torch.mm(x, y)\n"
                    "           ~~~~~~~~ <--- HERE\n"
                    "RuntimeError: mat1 and mat2 shapes cannot be multiplied (1x5 and 16x16)\n"),
            "RuntimeError: mat1 and mat2 shapes cannot be multiplied (1x5 and 16x16)");
}

TEST(TranslateTorchException, RecognizesAPermanentlyFailedDevice) {
  const Error gone = translated([] { throw std::runtime_error("CUDA error: device-side assert triggered"); });
  EXPECT_EQ(gone.code(), ErrorCode::kUnavailable);
  EXPECT_EQ(gone.reason(), ErrorReason::kUnhealthy);
}

TEST(TranslateTorchException, ChoosesTheCode) {
  EXPECT_THAT(translated([] { TORCH_CHECK(false, "no such thing"); }).to_string(), "model_error: no such thing");
  EXPECT_EQ(translated([] { TORCH_CHECK(false, "DefaultCPUAllocator: can't allocate memory: you tried"); }).code(),
            ErrorCode::kResourceExhausted);
  EXPECT_EQ(translated([] { TORCH_CHECK_WITH(OutOfMemoryError, false, "too much"); }).code(),
            ErrorCode::kResourceExhausted);
  EXPECT_EQ(translated([] { throw std::runtime_error("RuntimeError: CUDA out of memory. Tried"); }).code(),
            ErrorCode::kResourceExhausted);
  EXPECT_EQ(translated([] { throw std::bad_alloc(); }).code(), ErrorCode::kResourceExhausted);
  EXPECT_EQ(translated([] { throw std::runtime_error("odd"); }).code(), ErrorCode::kModelError);
  EXPECT_EQ(translated([] { throw 7; }).code(), ErrorCode::kModelError);
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::test
