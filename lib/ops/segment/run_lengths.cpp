// SPDX-License-Identifier: Apache-2.0
// COCO's run-length encoding (pycocotools, common/maskApi.c).
#include <algorithm>
#include <cstring>
#include <gantry/segment/run_lengths.hpp>
#include <limits>
#include <optional>
#include <utility>

#include "core/return_if_error.hpp"
#include "ops/segment/run_builder.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

constexpr std::int64_t kMostPixels = std::numeric_limits<std::uint32_t>::max();

Error error_of(std::string text) {
  return Error(ErrorCode::kInvalidArgument, "run lengths: " + std::move(text));
}

std::string size_text(std::int64_t height, std::int64_t width) {
  return "[" + std::to_string(height) + ", " + std::to_string(width) + "]";
}

Result<void> check_size(std::int64_t height, std::int64_t width) {
  const bool are_sides = height >= 0 && width >= 0 && (height == 0 || width <= kMostPixels / height) &&
                         height <= kMostPixels && width <= kMostPixels;
  if (are_sides) return {};
  return error_of("expected a height and a width of at most 4294967295 pixels, got " + size_text(height, width));
}

/// Reads the numbers of a text, one after the other.
class CountReader {
 public:
  explicit CountReader(std::string_view text) : text_(text) {}

  bool has_more() const { return at_ < text_.size(); }
  std::size_t position() const { return at_; }
  /// 5 bits a character; a sixth bit: more follow. The fifth bit of the last one is the sign. nullopt if malformed.
  std::optional<std::int64_t> next() {
    constexpr unsigned kMostBits = 40;  // a count, or a difference of two, needs 33
    std::uint64_t bits = 0;
    for (unsigned shift = 0; shift < kMostBits && has_more(); shift += 5) {
      const int character = text_[at_] - '0';
      if (character < 0 || character > 63) return std::nullopt;
      ++at_;
      bits |= static_cast<std::uint64_t>(character & 0x1f) << shift;
      if ((character & 0x20) != 0) continue;
      if ((character & 0x10) != 0) bits |= ~std::uint64_t{0} << (shift + 5);
      return static_cast<std::int64_t>(bits);
    }
    return std::nullopt;
  }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

/// Walks over the runs of a mask; after the last one all is outside.
class Runs {
 public:
  explicit Runs(const std::vector<std::uint32_t>& counts) : counts_(counts) { skip_empty(); }

  bool is_at_end() const { return at_ == counts_.size(); }
  bool is_inside() const { return !is_at_end() && at_ % 2 == 1; }
  /// Pixels left in this run.
  std::int64_t left() const { return is_at_end() ? std::numeric_limits<std::int64_t>::max() : counts_[at_] - used_; }
  void advance(std::int64_t pixels) {
    if (is_at_end()) return;
    used_ += pixels;
    skip_empty();
  }

 private:
  void skip_empty() {
    for (; !is_at_end() && counts_[at_] == used_; ++at_) used_ = 0;
  }
  const std::vector<std::uint32_t>& counts_;
  std::size_t at_ = 0;
  std::int64_t used_ = 0;
};

/// Column-major; is_inside(row * width + column) tells of each pixel.
template <class IsInside>
RunLengths runs_of(std::int64_t height, std::int64_t width, const IsInside& is_inside) {
  detail::RunBuilder runs;
  for (std::int64_t x = 0; x < width; ++x)
    for (std::int64_t y = 0; y < height; ++y) runs.add(1, is_inside(static_cast<std::size_t>(y * width + x)));
  return runs.take(height, width);
}

}  // namespace

Result<RunLengths> RunLengths::parse(std::string_view text, std::int64_t height, std::int64_t width) {
  GANTRY_RETURN_IF_ERROR(check_size(height, width));
  const std::int64_t pixels = height * width;
  std::vector<std::uint32_t> counts;
  std::int64_t sum = 0;
  for (CountReader reader(text); reader.has_more();) {
    const std::size_t begin = reader.position();
    auto count = reader.next();
    // From the fourth run on, the text holds the difference to the run two before.
    if (count && counts.size() > 2) *count += counts[counts.size() - 2];
    if (!count) return error_of("no number at character " + std::to_string(begin) + " of the counts");
    if (*count < 0 || *count > pixels - sum)
      return error_of("run " + std::to_string(counts.size()) + " has " + std::to_string(*count) + " pixels, but " +
                      std::to_string(pixels - sum) + " of " + size_text(height, width) + " are left");
    sum += *count;
    counts.push_back(static_cast<std::uint32_t>(*count));
  }
  RunLengths runs(height, width, std::move(counts));
  GANTRY_RETURN_IF_ERROR(runs.check());
  return runs;
}

Result<RunLengths> RunLengths::of(const Tensor& pixels) {
  const bool is_byte = pixels.dtype() == DType::kU8 || pixels.dtype() == DType::kBool;
  if (!is_byte || pixels.rank() != 2 || !pixels.device().is_cpu())
    return Error(ErrorCode::kInvalidArgument, "a mask is u8[height, width] on the CPU, got " + pixels.to_string());
  const std::int64_t height = pixels.shape()[0], width = pixels.shape()[1];
  GANTRY_RETURN_IF_ERROR(check_size(height, width));
  GANTRY_ASSIGN_OR_RETURN(const auto dense, pixels.contiguous());
  const auto* const bytes = static_cast<const std::uint8_t*>(dense.data());
  return runs_of(height, width, [&](std::size_t index) { return bytes[index] != 0; });
}

Result<void> RunLengths::check() const {
  GANTRY_RETURN_IF_ERROR(check_size(height_, width_));
  std::int64_t sum = 0;
  for (const std::uint32_t count : counts_) sum += count;
  if (sum == height_ * width_) return {};
  return error_of("the counts add up to " + std::to_string(sum) + " pixels, expected those of " +
                  size_text(height_, width_) + ", " + std::to_string(height_ * width_));
}

std::string RunLengths::to_string() const {
  std::string text;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    // From the fourth run on, writes the difference to the run two before. 5 bits a character; a sixth: more follow.
    auto rest = static_cast<std::int64_t>(counts_[i]) - (i > 2 ? static_cast<std::int64_t>(counts_[i - 2]) : 0);
    for (bool more = true; more;) {
      auto bits = static_cast<int>(rest & 0x1f);
      rest >>= 5;
      more = (bits & 0x10) != 0 ? rest != -1 : rest != 0;
      text += static_cast<char>((more ? bits | 0x20 : bits) + 48);
    }
  }
  return text;
}

Result<Tensor> RunLengths::to_tensor() const {
  GANTRY_RETURN_IF_ERROR(check());
  auto pixels = Tensor::zeros(DType::kU8, {height_, width_});
  if (!pixels) return pixels;
  auto* const bytes = static_cast<std::uint8_t*>(pixels->mutable_data());
  std::int64_t end = 0;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    std::int64_t at = end;
    end += counts_[i];
    while (i % 2 == 1 && at < end) {  // the rest of a column
      const std::int64_t x = at / height_, top = at % height_, bottom = std::min(top + end - at, height_);
      for (std::int64_t y = top; y < bottom; ++y) bytes[y * width_ + x] = 1;
      at += bottom - top;
    }
  }
  return pixels;
}

std::int64_t RunLengths::area() const {
  std::int64_t pixels = 0;
  for (std::size_t i = 1; i < counts_.size(); i += 2) pixels += counts_[i];
  return pixels;
}

std::array<std::int64_t, 4> RunLengths::bounding_box() const {
  if (height_ <= 0) return {0, 0, 0, 0};
  std::int64_t left = width_, top = height_, right = -1, bottom = -1;
  std::int64_t begin = 0;
  for (std::size_t i = 0; i < counts_.size(); begin += counts_[i], ++i) {
    if (i % 2 == 0 || counts_[i] == 0) continue;
    const std::int64_t last = begin + counts_[i] - 1;
    const bool is_in_one_column = begin / height_ == last / height_;
    left = std::min(left, begin / height_);
    right = std::max(right, last / height_);
    top = is_in_one_column ? std::min(top, begin % height_) : 0;
    bottom = is_in_one_column ? std::max(bottom, last % height_) : height_ - 1;
  }
  if (right < 0) return {0, 0, 0, 0};
  return {left, top, right - left + 1, bottom - top + 1};
}

std::int64_t RunLengths::differing_pixels(const RunLengths& other) const {
  std::int64_t pixels = 0;
  for (Runs a(counts_), b(other.counts_); !a.is_at_end() || !b.is_at_end();) {
    const std::int64_t step = std::min(a.left(), b.left());
    if (a.is_inside() != b.is_inside()) pixels += step;
    a.advance(step);
    b.advance(step);
  }
  return pixels;
}

Result<RunLengths> run_lengths(const Tensor& labels, std::int32_t label) {
  auto values = labels.values<std::int32_t>();
  if (!values || labels.rank() != 2)
    return Error(ErrorCode::kInvalidArgument, "labels are a contiguous i32[height, width], got " + labels.to_string());
  const std::int64_t height = labels.shape()[0], width = labels.shape()[1];
  GANTRY_RETURN_IF_ERROR(check_size(height, width));
  return runs_of(height, width, [&](std::size_t index) { return (*values)[index] == label; });
}

}  // namespace gantry::inline GANTRY_ABI
