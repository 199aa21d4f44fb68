// SPDX-License-Identifier: Apache-2.0
// Where memory runs out, files that are written and pictures that are drawn on become errors.
#include <gtest/gtest.h>

#include <gantry/detect/draw.hpp>
#include <gantry/image.hpp>
#include <optional>

#include "support/failing_allocations.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

template <class Make>
void expect_whole_or_refused(Make make) {
  using Made = decltype(make());
  std::optional<Made> made;
  int refused = 0;
  const auto check = [&](const std::string& which) {
    ASSERT_TRUE(made.has_value());
    if (made->ok()) return;
    ++refused;
    EXPECT_EQ(made->error().code(), ErrorCode::kResourceExhausted) << which << ": " << made->error().to_string();
  };
  test::for_each_failure([&] { made.emplace(make()); }, check);
  EXPECT_GT(refused, 2);
  EXPECT_THAT(make(), test::IsOk());
}

Image picture() {
  Image image = Image::make(120, 90, Colour::kRgb).value();
  std::uint32_t state = 1;
  for (std::uint8_t& byte : image.pixels().mutable_values<std::uint8_t>().value())
    byte = static_cast<std::uint8_t>((state = state * 1664525u + 1013904223u) >> 24);
  return image;
}

TEST(LackOfMemory, IsAnErrorOfAPng) {
  const Image image = picture();
  expect_whole_or_refused([&] { return image::encode(image); });
}

TEST(LackOfMemory, IsAnErrorOfAJpeg) {
  const Image image = picture();
  expect_whole_or_refused([&] { return image::encode(image, {image::FileFormat::kJpeg, 95}); });
}

TEST(LackOfMemory, IsAnErrorOfADrawing) {
  const Image image = picture();
  const Detections found({{0, "a label that is too long for any small string", 0.5f, {3, 30, 40, 60}, {}}});
  expect_whole_or_refused([&] { return detect::draw(image, found); });
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI
