// SPDX-License-Identifier: Apache-2.0
// A geometry that a thread has seen costs no allocation: this program counts them.
#include <gtest/gtest.h>
#include <atomic>
#include <cstdlib>
#include <gantry/image.hpp>
#include <new>
#include <vector>

#include "ops/image/fused/row_engine.hpp"

namespace {
std::atomic<std::size_t> allocations{0};
}  // namespace

void* operator new(std::size_t size) {
  allocations.fetch_add(1);
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace gantry::inline GANTRY_ABI::detail {
namespace {

std::size_t allocations_of(const RowPass& pass, const Image& image, const TensorTables& tables, float* out) {
  const std::size_t before = allocations.load();
  EXPECT_TRUE(run_pass(pass, RowSource(image), RowSink(pass, tables, out, image.channels())));
  return allocations.load() - before;
}

RowPass pass_of(const Image& image, const image::Resampling& how, std::int64_t width, std::int64_t height) {
  RowPass pass(size_of(image));
  EXPECT_TRUE(pass.add(ResizeTo{{width, height}, how}));
  EXPECT_TRUE(pass.add(Window{-3, 2, {width, height}, 9}));
  EXPECT_TRUE(pass.add(Mirror{image::FlipAxis::kHorizontal}));
  return pass;
}

TEST(RowEngine, DoesNotAllocateForAGeometryItKnows) {
  const Image image = Image::make(301, 203, Colour::kRgba).value();
  const TensorTables tables({}, {});
  std::vector<float> out(4 * 400 * 400);
  const image::Resampling ways[] = {image::Filter::kBicubic,
                                    {image::Filter::kBilinear, image::Reference::kTorchU8},
                                    {image::Filter::kBilinear, image::Reference::kOpenCv}};
  for (const image::Resampling& how : ways) {
    for (const ImageSize size : {ImageSize{97, 61}, ImageSize{301, 20}, ImageSize{400, 203}, ImageSize{390, 10}}) {
      const RowPass pass = pass_of(image, how, size.width, size.height);
      EXPECT_GT(allocations_of(pass, image, tables, out.data()), 0u);
      EXPECT_EQ(allocations_of(pass, image, tables, out.data()), 0u);
    }
  }
}

TEST(RowEngine, RemembersTheGeometriesOfAPipeline) {
  const Image image = Image::make(120, 80, Colour::kRgb).value();
  const TensorTables tables({}, {});
  std::vector<float> out(3 * 64 * 64);
  const auto run_all = [&] {
    std::size_t count = 0;
    for (std::int64_t side = 40; side < 48; ++side)
      count += allocations_of(pass_of(image, {}, side, side), image, tables, out.data());
    return count;
  };
  run_all();
  EXPECT_EQ(run_all(), 0u);
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::detail
