// SPDX-License-Identifier: Apache-2.0
// The thread's block, and the weights, of which the least recently used are replaced.
#include "ops/image/fused/row_scratch.hpp"

#include <algorithm>
#include <new>

#include "ops/image/kernels/opencv_weights.hpp"
#include "ops/image/resampling.hpp"
#include "ops/parameters.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

bool same(const AxisKey& a, const AxisKey& b) {
  return a.in == b.in && a.out == b.out && a.first == b.first && a.count == b.count && a.how.filter == b.how.filter &&
         a.how.reference == b.how.reference && a.how.antialias == b.how.antialias && a.is_vertical == b.is_vertical &&
         a.box.begin == b.box.begin && a.box.end == b.box.end && a.is_covered == b.is_covered;
}

AxisWeights make_nearest(const AxisKey& key) {
  const bool is_exact = key.how.filter == image::Filter::kNearestExact;
  if (key.how.reference == image::Reference::kTorchU8)
    return torch_nearest(key.in, key.out, is_exact, key.first, key.count);
  if (key.how.reference == image::Reference::kOpenCv && !is_exact)
    return opencv_nearest(key.in, key.out, key.first, key.count);
  return pillow_nearest(key.in, key.out, key.first, key.count, key.box);
}

AxisWeights make_weights(const AxisKey& key) {
  if (is_nearest(key.how.filter)) return make_nearest(key);
  if (key.how.filter == image::Filter::kArea)
    return key.is_covered ? opencv_area_shares(key.in, key.out, key.first, key.count)
                          : opencv_area_weights(key.in, key.out, key.is_vertical, key.first, key.count);
  if (key.how.reference == image::Reference::kOpenCv && key.how.filter != image::Filter::kBilinear)
    return opencv_wide_weights(key.in, key.out, key.how.filter == image::Filter::kLanczos4, key.is_vertical, key.first,
                               key.count);
  if (key.how.reference == image::Reference::kOpenCv)
    return opencv_linear_weights(key.in, key.out, key.is_vertical, key.first, key.count);
  if (key.how.reference == image::Reference::kTorchU8)
    return key.how.antialias ? torch_u8_weights(key.in, key.out, key.how.filter, key.first, key.count)
                             : torch_u8_point_weights(key.in, key.out, key.how.filter, key.first, key.count);
  return pillow_weights(key.in, key.out, key.how.filter, key.first, key.count, key.box);
}

}  // namespace

AxisKey axis_key(const RowPass& pass, bool is_vertical) {
  const ResizeTo& resize = *pass.resize();
  const ImageSize from = pass.source().size;
  const Rectangle& visible = pass.visible();
  const image::Box box =
      resize.box.value_or(image::Box{0, 0, static_cast<float>(from.width), static_cast<float>(from.height)});
  if (is_vertical)
    return {resize.how, from.height, resize.size.height, visible.top, visible.size.height, true, {box.top, box.bottom}};
  return {resize.how, from.width, resize.size.width, visible.left, visible.size.width, false, {box.left, box.right}};
}

RowScratch& RowScratch::of_this_thread() {
  thread_local RowScratch scratch;
  return scratch;
}

const AxisWeights& RowScratch::weights(const AxisKey& key) {
  ++clock_;
  for (Axis& axis : axes_) {
    if (axis.used_at == 0 || !same(axis.key, key)) continue;
    axis.used_at = clock_;
    return axis.weights;
  }
  Axis& oldest =
      *std::min_element(axes_.begin(), axes_.end(), [](const Axis& a, const Axis& b) { return a.used_at < b.used_at; });
  oldest = Axis();
  oldest.weights = make_weights(key);
  oldest.key = key;
  oldest.used_at = clock_;
  return oldest.weights;
}

void RowScratch::reset(std::size_t bytes) {
  if (bytes > static_cast<std::size_t>(kMaxImageSize)) throw std::bad_alloc();
  if (block_.size() > kKeptBytes) std::vector<std::uint8_t>().swap(block_);
  if (block_.size() < bytes + kAlignment) block_.resize(bytes + kAlignment);
  const auto address = reinterpret_cast<std::uintptr_t>(block_.data());
  begin_ = aligned(address) - address;
  taken_ = 0;
}

std::uint8_t* RowScratch::take(std::size_t bytes) {
  std::uint8_t* part = block_.data() + begin_ + taken_;
  taken_ += aligned(bytes);
  return part;
}

}  // namespace gantry::inline GANTRY_ABI::detail
