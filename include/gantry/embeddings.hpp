// SPDX-License-Identifier: Apache-2.0
// Embeddings: vectors that a model gives, and the nearest ones of a table, for picture search and recognition.
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

/// Each row of the last axis divided by its length: x / max(|x|, eps), f32 of rank 1 or more with a non-empty last
/// axis; torch.nn.functional.normalize(dim=-1), to 1e-6 relative. A NaN makes its row NaN; a row of zeros stays. `eps`
/// is finite and at least 1e-37.
GANTRY_API Stage<Tensor, Tensor> l2_normalize(double eps = 1e-12);

/// What is near.
enum class Metric : std::uint8_t {
  kCosine,  ///< the score is the cosine of the angle; a vector of zeros has 0 with every other
  kDot,     ///< the score is the dot product
  kL2,      ///< the score is the distance, negative, so that the largest is the best here too
};

namespace detail {
class VectorRows;
}

/// Vectors to look among, prepared for one metric.
///
/// Ownership: shares its rows; copies are cheap, and so all stages and pipelines made of it share them.
/// Threads:   immutable.
/// Errors:    make: invalid_argument for what is not f32[n, d] on the CPU with n 1..2^31 - 1 and d 1..65536, or holds a
/// NaN
///            or a number beyond 1e15, with the row; resource_exhausted.
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

/// The k rows nearest to f32[d], the best first, equal scores in order of index: each is a class, whose index is the
/// row's. k is 1..65536, and is cut to the table's size. With labels: one for each row. Scores differ from those of
/// float64 by at most 1e-6 of the product of both lengths.
/// Errors: invalid_argument for another dtype or length, for a NaN or a number beyond 1e15; what interrupts the call.
/// Cost: reads the table once, at the memory's speed.
GANTRY_API Stage<Tensor, Classes> nearest(VectorTable table, std::int64_t k, Labels labels = {});

}  // namespace GANTRY_ABI
}  // namespace gantry
