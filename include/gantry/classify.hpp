// SPDX-License-Identifier: Apache-2.0
// Classes: the best classes of a sample, and the stages that compute them from logits.
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
/// Errors:    load/parse: invalid_argument if empty or not UTF-8; of(): for an index without a label.
/// Cost:      one string per label.
class GANTRY_API Labels {
 public:
  Labels() = default;
  explicit Labels(std::vector<std::string> names);
  /// One label per line; a final newline does not start another label; "\r\n" is accepted.
  static Result<Labels> parse(const Bytes& text);
  static Result<Labels> load(const std::string& path);

  std::size_t size() const { return names_ ? names_->size() : 0; }
  bool empty() const { return size() == 0; }
  const std::string& operator[](std::size_t index) const { return (*names_)[index]; }
  /// The label of class `index`; invalid_argument if it has none.
  Result<std::string> of(std::int64_t index) const;

 private:
  std::shared_ptr<const std::vector<std::string>> names_;
};

/// exp(x - max) / sum over the last axis, float32; f32 tensors of rank 1 or more with a non-empty last axis. Equals
/// torch.softmax to 1e-6 relative. A NaN makes its row NaN, as in torch. Divides logits by `temperature` first (above
/// 0), to calibrate a classifier's scores; above 1 they become more even.
GANTRY_API Stage<Tensor, Tensor> softmax(double temperature = 1);
/// 1 / (1 + exp(-x)) for every element, float32; equals torch.sigmoid to 1e-6 relative. `temperature` as softmax's.
GANTRY_API Stage<Tensor, Tensor> sigmoid(double temperature = 1);

/// The k largest of f32[n], largest first; equal scores in index order (torch.topk leaves ties open). k is 1..65536,
/// cut to n. With labels: exactly n labels. invalid_argument for NaN.
GANTRY_API Stage<Tensor, Classes> top_k(std::int64_t k, Labels labels = {});

/// Which classes a sample has, for a model that may find several.
struct Above {
  std::vector<float> threshold = {0.5f};  ///< a class's score must exceed it: one for all classes, or one per class
  std::int64_t max_count = 0;             ///< maximum number of classes, the best ones, up to 65536; 0: all
  Labels labels = {};                     ///< as many as scores
};
/// The classes of f32[n] whose score exceeds its threshold, best first; equal scores in index order. The result may be
/// empty. Errors: invalid_argument for NaN, and if the number of thresholds or labels differs from that of scores.
GANTRY_API Stage<Tensor, Classes> above(Above options = {});

/// Sets each class's label from its index; invalid_argument for an index without a label.
GANTRY_API Stage<Classes, Classes> label(Labels labels);

}  // namespace GANTRY_ABI
}  // namespace gantry
