// SPDX-License-Identifier: Apache-2.0
// The codec of Quads: [{"quad": [[x, y], [x, y], [x, y], [x, y]], "score": 0.9}]; tensors "quads", f32[n, 4, 2], and
// "scores", f32[n].
#include <gantry/detect/quads.hpp>
#include <gantry/registry.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/number_text.hpp"
#include "core/return_if_error.hpp"
#include "ops/classify/score_json.hpp"
#include "ops/detect/place_numbers.hpp"
#include "ops/ops.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

using Corner = Quad::Corner;

constexpr std::size_t kNumbers = 8;

// JSON

void write_quads(const Quads& quads, JsonWriter& json) {
  json.begin_list();
  for (const FoundQuad& one : quads) {
    json.begin_object();
    json.key("quad").begin_list();
    for (const Corner& corner : one.quad.corners) {
      const float place[] = {corner.x, corner.y};
      json.list(Span<const float>(place, 2));
    }
    json.end_list();
    json.field("score", one.score).end_object();
  }
  json.end_list();
}

Result<FoundQuad> read_quad(const JsonView& json) {
  FoundQuad one;
  JsonFields fields(json);
  one.score = read_score(fields);
  const JsonView quad = fields.require("quad");
  GANTRY_RETURN_IF_ERROR(fields.finish());
  GANTRY_ASSIGN_OR_RETURN(const auto corners, quad.items());
  if (corners.size() != 4) return quad.error("expected 4 corners, got " + std::to_string(corners.size()));
  for (std::size_t i = 0; i < 4; ++i) {
    GANTRY_ASSIGN_OR_RETURN(const auto place, read_numbers(corners[i], 2, "x and y"));
    one.quad.corners[i] = {place[0], place[1]};
  }
  return one;
}

Result<Quads> read_quads(const JsonView& json) {
  GANTRY_ASSIGN_OR_RETURN(const auto items, json.items());
  std::vector<FoundQuad> entries;
  for (const JsonView& item : items) {
    GANTRY_ASSIGN_OR_RETURN(const auto one, read_quad(item));
    entries.push_back(one);
  }
  return Quads(std::move(entries));
}

// Tensors

Result<Tensors> to_tensors(const Quads& quads) {
  std::vector<float> places, scores;
  for (const FoundQuad& one : quads) {
    for (const Corner& corner : one.quad.corners) places.insert(places.end(), {corner.x, corner.y});
    scores.push_back(one.score);
  }
  const auto count = static_cast<std::int64_t>(quads.size());
  Tensors tensors;
  tensors.add("quads", Tensor::from<float>(Span<const float>(places), {count, 4, 2}).value());
  tensors.add("scores", Tensor::from<float>(Span<const float>(scores), {count}).value());
  return tensors;
}

Result<Quads> from_tensors(const Tensors& tensors) {
  const Tensor* const quads = tensors.find("quads");
  const Tensor* const scores = tensors.find("scores");
  if (tensors.size() != 2 || quads == nullptr || scores == nullptr)
    return Error(ErrorCode::kInvalidArgument, "expected the tensors 'quads' and 'scores'");
  const auto places = quads->values<float>();
  const auto values = scores->values<float>();
  const bool fits = places && values && quads->rank() == 3 && quads->shape()[1] == 4 && quads->shape()[2] == 2 &&
                    scores->rank() == 1 && scores->shape()[0] == quads->shape()[0];
  if (!fits)
    return Error(ErrorCode::kInvalidArgument,
                 "quads are f32[n, 4, 2] and scores f32[n], got " + quads->to_string() + " and " + scores->to_string());
  std::vector<FoundQuad> entries(values->size());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    for (std::size_t k = 0; k < 4; ++k)
      entries[i].quad.corners[k] = {(*places)[i * kNumbers + 2 * k], (*places)[i * kNumbers + 2 * k + 1]};
    entries[i].score = (*values)[i];
  }
  return Quads(std::move(entries));
}

// Comparison

Allowed allowed_of(const Quads& expected, const Tolerance& tolerance) {
  LargestPlace largest;
  for (const FoundQuad& one : expected)
    for (const Corner& corner : one.quad.corners) largest.see(corner.x), largest.see(corner.y);
  return largest.allowed(tolerance);
}

std::string text_of(const FoundQuad& one) {
  std::string text = to_fixed_text(static_cast<double>(one.score), 3) + " at";
  for (const Corner& corner : one.quad.corners)
    text += " (" + to_fixed_text(static_cast<double>(corner.x), 1) + ", " +
            to_fixed_text(static_cast<double>(corner.y), 1) + ")";
  return text;
}

bool are_equal(const FoundQuad& expected, const FoundQuad& got, const Allowed& allowed) {
  if (!allowed.accepts(got.score, expected.score, true)) return false;
  for (std::size_t i = 0; i < 4; ++i) {
    const Corner &a = got.quad.corners[i], &b = expected.quad.corners[i];
    if (!allowed.accepts(a.x, b.x, false) || !allowed.accepts(a.y, b.y, false)) return false;
  }
  return true;
}

/// Compares quads in any order, since rounding may change which of two comes first. Each search starts at the same
/// index, so that it ends at once if the order is the same.
std::optional<std::string> quads_difference(const Quads& expected, const Quads& got, const Tolerance& tolerance) {
  if (got.size() != expected.size())
    return "expected " + std::to_string(expected.size()) + " quads, got " + std::to_string(got.size());
  const Allowed allowed = allowed_of(expected, tolerance);
  std::vector<bool> is_taken(expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    std::size_t match = i, tried = 0;
    while (tried < expected.size() && (is_taken[match] || !are_equal(expected[match], got[i], allowed)))
      match = (match + 1) % expected.size(), ++tried;
    if (tried == expected.size())
      return "quad " + std::to_string(i) + ": got " + text_of(got[i]) +
             ", which is none of those that are expected; at " + "its place " + text_of(expected[i]) + " (" +
             tolerance.to_string() + ")";
    is_taken[match] = true;
  }
  return std::nullopt;
}

}  // namespace

void add_quads_codec(Registry& registry) {
  Codec<Quads> codec;
  codec.name = "quads";
  codec.write_json = write_quads;
  codec.read_json = read_quads;
  codec.to_tensors = to_tensors;
  codec.from_tensors = from_tensors;
  codec.difference = quads_difference;
  codec.line = [](const Quads& quads) {
    std::string text;
    for (const FoundQuad& one : quads) text += (text.empty() ? "" : "; ") + text_of(one);
    return text.empty() ? "nothing" : text;
  };
  registry.add_codec(std::move(codec));
}

}  // namespace gantry::inline GANTRY_ABI::detail
