// SPDX-License-Identifier: Apache-2.0
// Makes masks, and images for people, from labels.
#include <algorithm>
#include <atomic>
#include <gantry/segmentation.hpp>
#include <limits>
#include <optional>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/number_text.hpp"
#include "core/return_if_error.hpp"
#include "ops/detect/draw_canvas.hpp"
#include "ops/detect/draw_palette.hpp"
#include "ops/image/rgb_copy.hpp"
#include "ops/parameters.hpp"
#include "ops/picture_axes.hpp"
#include "ops/row_bands.hpp"
#include "ops/segment/run_builder.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

constexpr std::int64_t kMaxLabel = (std::int64_t{1} << 31) - 1;
constexpr std::int64_t kNanosecondsAPixel = 15;     // to look up a colour and write or blend it
constexpr std::int64_t kNanosecondsAGrayPixel = 2;  // both measured

struct LabelMasks {
  std::vector<std::int64_t> classes;
};

struct LabelImage {
  LabelColours colours;
  std::int64_t background;
};

/// i32[height, width], contiguous.
Result<Tensor> labels_of(const Tensor& labels) {
  if (labels.dtype() == DType::kI32 && labels.rank() == 2 && labels.device().is_cpu()) return labels.contiguous();
  return Error(ErrorCode::kInvalidArgument, "takes labels as i32[height, width] on the CPU, got " + labels.to_string());
}

/// Builds the masks of all labels in one pass over the columns.
class MaskBuilders {
 public:
  explicit MaskBuilders(const std::vector<std::int64_t>& classes) : takes_all_(classes.empty()) {
    for (const std::int64_t label : classes) builders_[static_cast<std::int32_t>(label)];
  }

  void add(std::int32_t label, std::int64_t begin, std::int64_t end) {
    if (label < 0) return;
    auto found = builders_.find(label);
    if (found == builders_.end()) {
      if (!takes_all_) return;
      found = builders_.try_emplace(label).first;
    }
    Mask& mask = found->second;
    mask.runs.add(begin - mask.end, false);
    mask.runs.add(end - begin, true);
    mask.end = end;
  }

  std::vector<std::int64_t> labels() const {
    std::vector<std::int64_t> all;
    for (const auto& [label, mask] : builders_) all.push_back(label);
    std::sort(all.begin(), all.end());
    return all;
  }
  RunLengths take(std::int64_t label, std::int64_t height, std::int64_t width) {
    Mask mask = builders_[static_cast<std::int32_t>(label)];  // a copy: a class may be listed twice
    mask.runs.add(height * width - mask.end, false);
    return mask.runs.take(height, width);
  }

 private:
  struct Mask {
    detail::RunBuilder runs;
    std::int64_t end = 0;
  };
  bool takes_all_;
  std::unordered_map<std::int32_t, Mask> builders_;
};

Result<Masks> masks_of_labels(const LabelMasks& options, const Tensor& given, const CallContext& call) {
  GANTRY_ASSIGN_OR_RETURN(const auto labels, labels_of(given));
  const std::int64_t height = labels.shape()[0], width = labels.shape()[1];
  if (labels.numel() > std::int64_t{0xffffffff})
    return Error(ErrorCode::kInvalidArgument, "a mask has at most 4294967295 pixels, got " + labels.to_string());
  const auto* const values = static_cast<const std::int32_t*>(labels.data());
  MaskBuilders builders(options.classes);
  for (std::int64_t x = 0; x < width; ++x) {
    GANTRY_RETURN_IF_ERROR(call.interruption());
    for (std::int64_t y = 0, begin = 0; begin < height; begin = y) {
      const std::int32_t label = values[begin * width + x];
      while (y < height && values[y * width + x] == label) ++y;
      builders.add(label, x * height + begin, x * height + y);
    }
  }
  std::vector<RunLengths> masks;
  for (const std::int64_t label : options.classes.empty() ? builders.labels() : options.classes)
    masks.push_back(builders.take(label, height, width));
  return Masks(std::move(masks));
}

Result<void> check(const LabelMasks& options) {
  for (const std::int64_t label : options.classes)
    GANTRY_RETURN_IF_ERROR(detail::check_range("classes", label, 0, kMaxLabel));
  return {};
}

/// Writes rows of gray pixels. Stops at the first label that is no gray value and returns it, else nullptr.
const std::int32_t* gray_rows(const std::int32_t* label, std::int64_t begin, std::int64_t end, Image& image) {
  for (std::int64_t y = begin; y < end; ++y) {
    std::uint8_t* pixel = image.mutable_row(y);
    for (std::int64_t x = 0; x < image.width(); ++x, ++label) {
      if (*label < 0 || *label > 255) return label;
      *pixel++ = static_cast<std::uint8_t>(*label);
    }
  }
  return nullptr;
}

/// The smallest place of all that bands add; thread-safe.
class FirstPlace {
 public:
  void add(std::int64_t place) {
    for (std::int64_t now = place_; place < now && !place_.compare_exchange_weak(now, place);) continue;
  }
  std::optional<std::int64_t> get() const { return place_ == kNone ? std::nullopt : std::optional(place_.load()); }

 private:
  static constexpr std::int64_t kNone = std::numeric_limits<std::int64_t>::max();
  std::atomic<std::int64_t> place_{kNone};
};

Result<Image> gray_image_of(const Tensor& labels, const CallContext& call) {
  const std::int64_t height = labels.shape()[0], width = labels.shape()[1];
  auto image = Image::make(width, height, Colour::kGray);
  if (!image) return image;
  const auto* const first = static_cast<const std::int32_t*>(labels.data());
  FirstPlace wrong;
  const auto rows = [&](std::int64_t begin, std::int64_t end) {
    const std::int32_t* const label = gray_rows(first + begin * width, begin, end, *image);
    if (label != nullptr) wrong.add(label - first);
  };
  const std::int64_t work = kNanosecondsAGrayPixel * labels.numel();
  GANTRY_RETURN_IF_ERROR(detail::for_row_bands(call, height, work, rows));
  const auto place = wrong.get();
  if (!place) return image;
  return Error(ErrorCode::kInvalidArgument,
               "label " + std::to_string(first[*place]) + " at x=" + std::to_string(*place % width) +
                   ", y=" + std::to_string(*place / width) +
                   " is no gray value 0..255; colours=palette shows any, and `outside` of segment is what a model "
                   "was not shown");
}

Result<Image> coloured_image_of(const Tensor& labels, std::int64_t background, const CallContext& call) {
  const std::int64_t height = labels.shape()[0], width = labels.shape()[1];
  auto image = Image::make(width, height, Colour::kRgb);
  if (!image) return image;
  const auto* const first = static_cast<const std::int32_t*>(labels.data());
  const auto rows = [&](std::int64_t begin, std::int64_t end) {
    const std::int32_t* label = first + begin * width;
    for (std::int64_t y = begin; y < end; ++y) {
      std::uint8_t* pixel = image->mutable_row(y);
      for (std::int64_t x = 0; x < width; ++x, ++label) {
        const bool is_black = *label < 0 || *label == background;
        const detail::Rgb colour = is_black ? detail::Rgb{} : detail::colour_of_class(*label);
        *pixel++ = colour.red, *pixel++ = colour.green, *pixel++ = colour.blue;
      }
    }
  };
  const std::int64_t work = kNanosecondsAPixel * labels.numel();
  GANTRY_RETURN_IF_ERROR(detail::for_row_bands(call, height, work, rows));
  return image;
}

Result<Image> image_of_labels(const LabelImage& options, const Tensor& given, const CallContext& call) {
  GANTRY_ASSIGN_OR_RETURN(const auto labels, labels_of(given));
  if (options.colours == LabelColours::kNumbers) return gray_image_of(labels, call);
  return coloured_image_of(labels, options.background, call);
}

Result<void> check(const LabelImage& options) {
  if (options.colours > LabelColours::kPalette) return Error(ErrorCode::kInvalidArgument, "unknown colours");
  if (options.colours == LabelColours::kNumbers && options.background != 0)
    return Error(ErrorCode::kInvalidArgument, "background is for colours=palette");
  return detail::check_range("background", options.background, -1, kMaxLabel);
}

Result<void> check(const Overlay& options) {
  GANTRY_RETURN_IF_ERROR(detail::check_range("alpha", options.alpha, 0, 1));
  return detail::check_range("background", options.background, -1, kMaxLabel);
}

Result<Image> overlaid(const Overlay& options, const std::tuple<Image, Tensor>& input, const CallContext& call) {
  const Image& picture = std::get<0>(input);  // clang 14 lambdas cannot capture structured bindings
  const auto& given = std::get<1>(input);
  GANTRY_ASSIGN_OR_RETURN(const auto labels, labels_of(given));
  if (labels.shape()[0] != picture.height() || labels.shape()[1] != picture.width())
    return Error(ErrorCode::kInvalidArgument, "labels are " + labels.to_string() + ", the image is " +
                                                  std::to_string(picture.width()) + "x" +
                                                  std::to_string(picture.height()) + "; segment has `size`");
  auto drawn = detail::rgb_copy(picture);
  if (!drawn) return drawn;
  const detail::AlphaBlend blend(options.alpha);
  const auto* const first = static_cast<const std::int32_t*>(labels.data());
  const auto rows = [&](std::int64_t begin, std::int64_t end) {
    const std::int32_t* label = first + begin * picture.width();
    for (std::int64_t y = begin; y < end; ++y) {
      std::uint8_t* pixel = drawn->mutable_row(y);
      for (std::int64_t x = 0; x < picture.width(); ++x, ++label, pixel += 3)
        if (*label >= 0 && *label != options.background) blend(pixel, detail::colour_of_class(*label));
    }
  };
  const std::int64_t work = kNanosecondsAPixel * labels.numel();
  GANTRY_RETURN_IF_ERROR(detail::for_row_bands(call, picture.height(), work, rows));
  return drawn;
}

}  // namespace

Stage<Tensor, Masks> label_masks(std::vector<std::int64_t> classes) {
  std::string text = classes.empty() ? "" : "classes=" + detail::to_text(classes);
  LabelMasks options{std::move(classes)};
  Result<void> ok = check(options);
  return detail::make_op<Tensor, Masks>(
      "segment.masks", std::move(options), std::move(text), std::move(ok),
      [](const LabelMasks& p, Tensor&& labels, const CallContext& call) { return masks_of_labels(p, labels, call); });
}

Stage<Tensor, Image> label_image(LabelColours colours, std::int64_t background) {
  const LabelImage options{colours, background};
  std::string text = std::string("colours=") + (colours == LabelColours::kNumbers ? "numbers" : "palette") +
                     ", background=" + std::to_string(background);
  return detail::make_op<Tensor, Image>(
      "segment.to_image", options, std::move(text), check(options),
      [](const LabelImage& p, Tensor&& labels, const CallContext& call) { return image_of_labels(p, labels, call); });
}

Stage<std::tuple<Image, Tensor>, Image> overlay(const Overlay& options) {
  using Input = std::tuple<Image, Tensor>;
  std::string text = "alpha=" + detail::to_text(options.alpha) + ", background=" + std::to_string(options.background);
  return detail::make_op<Input, Image>("segment.overlay", options, std::move(text), check(options),
                                       [](const Overlay& p, Input&& input, const CallContext& call) {
                                         auto drawn = overlaid(p, input, call);
                                         detail::keep_frame_of(call, 0);
                                         return drawn;
                                       });
}

}  // namespace gantry::inline GANTRY_ABI
