// SPDX-License-Identifier: Apache-2.0
// Embeddings: vectors from a model, and a search for the nearest ones in a table, for image search and recognition.
//
//   auto tail = model.stage() | l2_normalize() | nearest(VectorTable::make(rows).value(), 5, names);
#pragma once

#include <cstdint>
#include <memory>

#include <gantry/classify.hpp>
#include <gantry/result.hpp>
#include <gantry/stage.hpp>
#include <gantry/tensor.hpp>

namespace gantry {
inline namespace GANTRY_ABI {

/// Divides each row of the last axis by its length: x / max(|x|, eps). f32 of rank 1 or more with a non-empty last
/// axis. Equals torch.nn.functional.normalize(dim=-1) to 1e-6 relative. A NaN makes its row NaN; a row of zeros stays
/// zero. `eps` is finite and at least 1e-37.
GANTRY_API Stage<Tensor, Tensor> l2_normalize(double eps = 1e-12);

/// How the distance is measured.
enum class Metric : std::uint8_t {
  kCosine,  ///< the score is the cosine of the angle; a vector of zeros scores 0 with every other
  kDot,     ///< the score is the dot product
  kL2,      ///< the score is the negative distance, so that the largest is the best here too
};

namespace detail {
class VectorRows;
}

/// Vectors to search, prepared for one metric.
///
/// Ownership: shares its rows; copies are cheap, so all stages and pipelines with this table share them.
/// Threads:   immutable.
/// Errors:    make: invalid_argument unless rows are f32[n, d] on the CPU with n 1..2^31 - 1 and
///            d 1..65536, and for a NaN or a number beyond 1e15, with the row;
///            resource_exhausted.
/// Cost:      a copy of the rows, each padded to 64 bytes.
class GANTRY_API VectorTable {
 public:
  static Result<VectorTable> make(const Tensor& rows, Metric metric = Metric::kCosine);

  std::int64_t size() const;
  std::int64_t width() const;
  Metric metric() const;
  const detail::VectorRows& rows() const { return *rows_; }

 private:
  explicit VectorTable(std::shared_ptr<const detail::VectorRows> rows) : rows_(std::move(rows)) {}
  std::shared_ptr<const detail::VectorRows> rows_;
};

/// The k rows nearest to f32[d], the best first, equal scores by index. Each result is a class whose index is the
/// row's. k is 1..65536, cut to the table's size. With labels: one for each row. Scores differ from those in float64 by
/// at most 1e-6 of the product of both lengths.
/// Errors: invalid_argument for another dtype or length, a NaN, or a number beyond 1e15; deadline, cancellation.
/// Cost: reads the table once, at memory speed.
GANTRY_API Stage<Tensor, Classes> nearest(VectorTable table, std::int64_t k, Labels labels = {});

}  // namespace GANTRY_ABI
}  // namespace gantry
