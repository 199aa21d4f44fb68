// SPDX-License-Identifier: Apache-2.0
// Integers in lists are read as doubles, which hold every allowed value exactly.
#include "ops/detect/decoder_parameters.hpp"

#include <cmath>
#include <utility>

#include "model/npy.hpp"
#include "ops/detect/candidates.hpp"
#include "ops/parameters.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

constexpr double kMostExact = 9007199254740992.0;  // 2^53
constexpr double kSideLimit = static_cast<double>(kMaxSide);
constexpr double kClassLimit = static_cast<double>(kMaxClass);

}  // namespace

std::vector<OpParameter> with_candidates(std::vector<OpParameter> own, double score, std::int64_t top,
                                         const char* top_of) {
  own.push_back(
      OpParameter::number("score", "scores above it are candidates").at_least(0).at_most(1).by_default(score));
  own.push_back(OpParameter::integer("top", 1, kMaxCandidates, std::string("how many at most, the best") + top_of)
                    .by_default(top));
  own.push_back(OpParameter::numbers("classes", {}, "of these classes alone")
                    .at_least(0)
                    .at_most(kClassLimit)
                    .whole()
                    .or_else("all"));
  return own;
}

detect::Candidates read_candidates(ParamReader& params) {
  detect::Candidates rules;
  rules.score = static_cast<float>(params.number("score"));
  rules.top = params.integer("top");
  rules.classes = read_integers(params, "classes", false);
  return rules;
}

std::vector<OpParameter> grid_parameters(std::vector<double> strides) {
  return {OpParameter::integer("width", 1, kMaxSide, "of the model's input"),
          OpParameter::integer("height", 1, kMaxSide, "of the model's input"),
          OpParameter::numbers("strides", {}, "of the levels, up to 16")
              .at_least(1)
              .at_most(kSideLimit)
              .whole()
              .by_default(OpValue(std::move(strides)))};
}

OpParameter multi_label_parameter(bool fallback) {
  return OpParameter::boolean("multi_label", "each class of a box that is above `score`, instead of its best")
      .by_default(fallback);
}

OpParameter class_count_parameter() {
  return OpParameter::integer("class_count", 0, 65536, "how many classes; 0: all that follow").by_default(0);
}

OpParameter tensor_parameter(const char* name, const char* meaning) {
  return OpParameter::of(OpParameter::Type::kString, name, meaning).by_default(name);
}

std::vector<OpParameter> picture_parameters() {
  const char* const meaning = "what shares are of, in the model's input; 0: the picture's";
  return {OpParameter::integer("width", 0, kMaxSide, meaning).by_default(0),
          OpParameter::integer("height", 0, kMaxSide, meaning).by_default(0)};
}

OpParameter anchors_parameter() {
  return OpParameter::file("anchors", "a .npy file of f32[n, 4]").or_else("the tensor `anchors`");
}

std::optional<Tensor> read_anchors(ParamReader& params) {
  const Bytes file = params.file("anchors");
  if (!params.has("anchors")) return std::nullopt;
  auto tensor = parse_npy(file);
  if (tensor) return *std::move(tensor);
  params.fail("anchors", tensor.error().message());
  return std::nullopt;
}

OpParameter levels_parameter() {
  return OpParameter::numbers("levels", {}, "how many anchors each level has")
      .at_least(1)
      .at_most(kClassLimit)
      .whole()
      .or_else("as the tensor `levels` says, or one level");
}

std::vector<std::int64_t> read_integers(ParamReader& params, const char* key, bool has_default) {
  if (!has_default && !params.has(key)) return {};
  const std::vector<double> numbers = params.numbers(key);
  if (numbers.empty() && params.has(key)) params.fail(key, "expected an integer, or a list of them, got none");
  std::vector<std::int64_t> integers;
  for (const double number : numbers) {
    if (number != std::floor(number) || std::fabs(number) > kMostExact) {
      params.fail(key, "expected an integer, or a list of them, got " + to_text(number));
      return {};
    }
    integers.push_back(static_cast<std::int64_t>(number));
  }
  return integers;
}

}  // namespace gantry::inline GANTRY_ABI::detail
