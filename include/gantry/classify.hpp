// SPDX-License-Identifier: Apache-2.0
// Classes: the best classes of a sample, and the stages that make them from logits.
//
//   auto tail = model.stage() | softmax() | top_k(5, Labels::load("labels.txt").value());
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gantry/bytes.hpp>
#include <gantry/stage.hpp>
#include <gantry/tensor.hpp>

namespace gantry {
inline namespace GANTRY_ABI {

struct Class {
  std::int64_t index = 0;
  std::string label;  ///< empty if no labels were given
  float score = 0.0f;
};

/// Classes, best first.
///
/// Ownership: owns its entries.
/// Threads:   thread-compatible.
/// Errors:    none.
/// Cost:      one vector.
class Classes {
 public:
  Classes() = default;
  explicit Classes(std::vector<Class> entries) : entries_(std::move(entries)) {}
  std::size_t size() const { return entries_.size(); }
  bool empty() const { return entries_.empty(); }
  const Class& operator[](std::size_t index) const { return entries_[index]; }
  Class& operator[](std::size_t index) { return entries_[index]; }
  auto begin() const { return entries_.begin(); }
  auto end() const { return entries_.end(); }

 private:
  std::vector<Class> entries_;
};

/// Class names by index.
///
/// Ownership: shares its text; copies are cheap.
/// Threads:   immutable.
/// Errors:    load/parse: invalid_argument if empty or not UTF-8; of: for an index without a label.
/// Cost:      one string a label.
class GANTRY_API Labels {
 public:
  Labels() = default;
  explicit Labels(std::vector<std::string> names);
  /// One label a line; a final newline does not make another; "\r\n" is accepted.
  static Result<Labels> parse(const Bytes& text);
  static Result<Labels> load(const std::string& path);

  std::size_t size() const { return names_ ? names_->size() : 0; }
  bool empty() const { return size() == 0; }
  const std::string& operator[](std::size_t index) const { return (*names_)[index]; }
  /// Of class `index`; invalid_argument if it has none.
  Result<std::string> of(std::int64_t index) const;

 private:
  std::shared_ptr<const std::vector<std::string>> names_;
};

/// exp(x - max) / sum over the last axis, float32; f32 tensors of rank 1 or more with a non-empty last axis. Equals
/// torch.softmax to 1e-6 relative. A NaN makes its row NaN, as in torch. Logits are divided by `temperature` first
/// (above 0): what calibrates a classifier's scores; above 1 they become more even.
GANTRY_API Stage<Tensor, Tensor> softmax(double temperature = 1);
/// 1 / (1 + exp(-x)) for every element, float32; equals torch.sigmoid to 1e-6 relative. `temperature` as softmax's.
GANTRY_API Stage<Tensor, Tensor> sigmoid(double temperature = 1);

/// The k largest of f32[n], largest first; equal scores in index order (torch.topk leaves ties open). k is 1..65536,
/// and is cut to n. With labels: their number must be n. invalid_argument for NaN.
GANTRY_API Stage<Tensor, Classes> top_k(std::int64_t k, Labels labels = {});

/// Which classes a sample has, of a model that may find several.
struct Above {
  std::vector<float> threshold = {0.5f};  ///< a class's score must be above it: one for all, or one for each class
  std::int64_t max_count = 0;             ///< how many at most, the best, up to 65536; 0: all
  Labels labels = {};                     ///< their number must be that of the scores
};
/// The classes of f32[n] whose score is above its threshold, best first; equal scores in index order. There may be
/// none. Errors: invalid_argument for NaN, and for another number of thresholds or labels than of scores.
GANTRY_API Stage<Tensor, Classes> above(Above options = {});

/// Writes the label of each class's index into it; invalid_argument for an index without a label.
GANTRY_API Stage<Classes, Classes> label(Labels labels);

}  // namespace GANTRY_ABI
}  // namespace gantry
