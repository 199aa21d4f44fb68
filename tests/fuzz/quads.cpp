// SPDX-License-Identifier: Apache-2.0
// Any bytes as a map of probabilities and as quads: there are as many outlines as a flood fill counts, what DB finds is
// as its header says, and whatever a quad holds it is cropped and drawn, or refused.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <gantry/detect.hpp>
#include <gantry/image.hpp>
#include <gantry/pipeline.hpp>
#include <tuple>
#include <utility>
#include <vector>

#include "fuzz/detect_calls.hpp"
#include "fuzz/detect_input.hpp"
#include "ops/detect/quads/outlines.hpp"

namespace {

using namespace gantry;
using test::DetectInput;
using test::require;

constexpr std::size_t kMargin = 8;

struct Mask {
  std::int64_t width;
  std::int64_t height;
  std::vector<std::uint8_t> pixels;

  bool is_set(std::int64_t x, std::int64_t y) const {
    return x >= 0 && y >= 0 && x < width && y < height && pixels[static_cast<std::size_t>(y * width + x)] != 0;
  }
};

/// Takes all that touches a pixel, with a border of one around the mask: parts by 8 neighbours, what is between them
/// by 4.
void flood(const Mask& mask, std::vector<bool>& is_seen, std::int64_t x, std::int64_t y) {
  const bool is_set = mask.is_set(x, y);
  std::vector<std::pair<std::int64_t, std::int64_t>> left = {{x, y}};
  while (!left.empty()) {
    const auto [at_x, at_y] = left.back();
    left.pop_back();
    if (at_x < -1 || at_y < -1 || at_x > mask.width || at_y > mask.height || mask.is_set(at_x, at_y) != is_set)
      continue;
    const auto index = static_cast<std::size_t>((at_y + 1) * (mask.width + 2) + at_x + 1);
    if (is_seen[index]) continue;
    is_seen[index] = true;
    for (std::int64_t dy = -1; dy <= 1; ++dy)
      for (std::int64_t dx = -1; dx <= 1; ++dx)
        if (is_set || dx == 0 || dy == 0) left.push_back({at_x + dx, at_y + dy});
  }
}

/// Parts and holes.
std::size_t counted(const Mask& mask) {
  std::vector<bool> is_seen(static_cast<std::size_t>((mask.width + 2) * (mask.height + 2)));
  flood(mask, is_seen, -1, -1);  // the outside
  std::size_t count = 0;
  for (std::int64_t y = 0; y < mask.height; ++y)
    for (std::int64_t x = 0; x < mask.width; ++x) {
      if (is_seen[static_cast<std::size_t>((y + 1) * (mask.width + 2) + x + 1)]) continue;
      flood(mask, is_seen, x, y);
      ++count;
    }
  return count;
}

void check_outlines(const Mask& mask) {
  detail::Outlines outlines(mask.width, mask.height);
  std::vector<std::uint8_t> row(2 * kMargin + static_cast<std::size_t>(mask.width));
  for (std::int64_t y = 0; y < mask.height; ++y) {
    std::copy_n(mask.pixels.data() + y * mask.width, mask.width, row.data() + kMargin);
    outlines.add_row(row.data() + kMargin);
  }
  const auto hulls = outlines.hulls(1 << 16, CallContext::none()).value();
  require(hulls.size() == counted(mask));
  for (const auto& hull : hulls)
    for (const detail::LatticePoint& point : hull) require(mask.is_set(point.x, point.y));
}

void check_db(DetectInput& input) {
  Mask mask{1 + input.below(40), 1 + input.below(40), {}};
  const bool is_raw = input.flag();
  detect::Db options;
  options.dilate = input.flag();
  options.threshold = static_cast<float>(input.share());
  options.box_threshold = input.share();
  options.unclip_ratio = 16 * input.share();
  options.min_side = 1 + 8 * input.share();
  options.max_candidates = input.count();
  std::vector<float> values;
  for (std::int64_t i = 0; i < mask.width * mask.height; ++i) {
    values.push_back(is_raw ? input.raw_float() : static_cast<float>(input.byte()) / 255);
    mask.pixels.push_back(values.back() > 0.5f ? 1 : 0);
  }
  check_outlines(mask);
  const auto found = test::run_once(detect::db(options),
                                    Tensor::from<float>(Span<const float>(values), {mask.height, mask.width}).value());
  if (!found) return require(found.error().code() == ErrorCode::kInvalidArgument);
  require(static_cast<std::int64_t>(found->size()) <= options.max_candidates);
  for (const FoundQuad& one : *found) {
    require(static_cast<double>(one.score) >= options.box_threshold - 1e-6);
    for (const Quad::Corner& corner : one.quad.corners) require(std::isfinite(corner.x) && std::isfinite(corner.y));
  }
}

void check_quads(DetectInput& input) {
  const Image image =
      Image::make(1 + input.below(20), 1 + input.below(20), static_cast<Colour>(input.below(3))).value();
  std::vector<FoundQuad> entries;
  const bool is_raw = input.flag();
  detect::CropQuads options;
  options.width = input.flag() ? input.count() : 0;
  options.turn_from = input.share();
  options.max_pixels = 10000;
  options.bad = input.one_of<detect::BadQuad>(2);
  while (input.has_more() && entries.size() < 20) {
    FoundQuad one;
    for (Quad::Corner& corner : one.quad.corners) {
      const auto place = [&] { return is_raw ? input.raw_float() : static_cast<float>(input.byte()) / 4 - 20; };
      corner.x = place();
      corner.y = place();
    }
    entries.push_back(one);
  }
  const Quads quads(std::move(entries));
  require(detect::draw_quads(image, quads).ok());
  const auto crops = test::run_once(detect::crop_quads(options), std::tuple(image, quads));
  if (crops) {
    require(options.bad == detect::BadQuad::kRefuse ? crops->size() == quads.size() : crops->size() <= quads.size());
    for (const Image& crop : *crops) require(crop.width() * crop.height() <= options.max_pixels);
    return;
  }
  const ErrorCode code = crops.error().code();
  require(code == ErrorCode::kInvalidArgument || code == ErrorCode::kResourceExhausted);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  DetectInput input(data, size);
  input.flag() ? check_db(input) : check_quads(input);
  return 0;
}
