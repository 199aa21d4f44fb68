// SPDX-License-Identifier: Apache-2.0
#include "ops/image/op_parameters.hpp"

#include <cmath>

#include "ops/image/resampling.hpp"
#include "ops/parameters.hpp"

namespace gantry::inline GANTRY_ABI::detail {

std::vector<OpParameter> joined(std::vector<OpParameter> first, const std::vector<OpParameter>& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

std::vector<OpParameter> side_parameters(const std::string& meaning) {
  return {OpParameter::integer("width", 1, kMaxSide, meaning), OpParameter::integer("height", 1, kMaxSide, meaning)};
}

std::vector<OpParameter> size_parameters() {
  return {OpParameter::integer("size", 1, kMaxSide, "both sides").or_else(""),
          OpParameter::integer("width", 1, kMaxSide, "").or_else(""),
          OpParameter::integer("height", 1, kMaxSide, "").or_else("")};
}

std::vector<std::vector<std::string>> size_alternatives() {
  return {{"size"}, {"width", "height"}};
}

OpParameter pillow_filter_parameter(image::Filter filter) {
  const std::vector<std::string>& all = filter_names();  // Pillow's come first
  const auto end = all.begin() + static_cast<std::ptrdiff_t>(image::Filter::kNearest) + 1;
  return OpParameter::choice("filter", {all.begin(), end}, "how pixels of another size are computed")
      .by_default(all[static_cast<std::size_t>(filter)].c_str());
}

std::vector<OpParameter> resampling_parameters(image::Reference reference) {
  return {OpParameter::choice("filter", filter_names(), "how pixels are computed; a reference has some of them")
              .by_default("bilinear"),
          OpParameter::choice("reference", {"pillow", "torch_u8", "opencv"}, "whose arithmetic")
              .by_default(to_string(reference)),
          OpParameter::boolean("antialias", "widen the filter where the image shrinks; false for torch_u8 only")
              .by_default(true)};
}

OpParameter rounding_parameter(std::vector<std::string> choices, const char* fallback, std::string meaning) {
  return OpParameter::choice("rounding", std::move(choices), std::move(meaning)).by_default(fallback);
}

OpParameter reducing_gap_parameter(double fallback) {
  return OpParameter::number("reducing_gap",
                             "blocks become their mean first, as long as this many times the size is left")
      .at_least(1)
      .or_zero()
      .by_default(fallback);
}

OpParameter centre_parameter() {
  return OpParameter::choice("centre", {"half_even", "floor", "truncate"}, "where the odd pixel goes")
      .by_default("half_even");
}

OpParameter fill_parameter(int fallback) {
  return OpParameter::numbers("value", {1, 3, 4}, "the border's colour, one or one per channel")
      .at_least(0)
      .at_most(255)
      .whole()
      .by_default(fallback);
}

Size read_size(ParamReader& params) {
  const bool has_sides = params.has("width") || params.has("height");
  if (params.has("size")) {
    if (has_sides) params.fail("size", "cannot be combined with width and height");
    const std::int64_t size = params.integer("size");
    return {size, size};
  }
  if (!has_sides) {
    params.fail("size", "is missing; give size, or width and height");
    return {};
  }
  const std::int64_t width = params.integer("width");
  return {width, params.integer("height")};
}

image::Fill read_fill(ParamReader& params, image::Fill fallback) {
  if (!params.has("value")) return fallback;
  std::vector<std::uint8_t> bytes;
  for (const double number : params.numbers("value")) {  // doubles, because as a float 9.0000001 is 9
    if (number != std::floor(number) || number < 0 || number > 255) {
      params.fail("value", "must be 0..255, or one such number per channel, got " + to_text(number));
      return fallback;
    }
    bytes.push_back(static_cast<std::uint8_t>(number));
  }
  if (bytes.size() == 1) return {bytes[0]};
  if (bytes.size() == 3) return {bytes[0], bytes[1], bytes[2]};
  if (bytes.size() == 4) return {bytes[0], bytes[1], bytes[2], bytes[3]};
  params.fail("value", "needs one number, or one per channel, got " + std::to_string(bytes.size()));
  return fallback;
}

image::Rounding read_rounding(ParamReader& params) {
  // Reads all of them: the typed function refuses those that the op does not have.
  return static_cast<image::Rounding>(params.choice("rounding", {"truncate", "round", "half_up"}));
}

image::Centre read_centre(ParamReader& params) {
  return static_cast<image::Centre>(params.choice("centre"));
}

image::Reference read_reference(ParamReader& params) {
  return static_cast<image::Reference>(params.choice("reference", {"pillow", "torch_u8", "opencv"}));
}

image::Filter read_filter(ParamReader& params) {
  return static_cast<image::Filter>(params.choice("filter"));
}

image::Resampling read_resampling(ParamReader& params) {
  image::Resampling how;
  how.filter = read_filter(params);
  how.reference = read_reference(params);
  how.antialias = params.boolean("antialias");
  return how;
}

}  // namespace gantry::inline GANTRY_ABI::detail
