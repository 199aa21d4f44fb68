// SPDX-License-Identifier: Apache-2.0
// Converts recorded values to a pipeline's inputs, and compares them with its results, with the codecs of their types.
#pragma once

#include <gantry/codecs.hpp>
#include <gantry/span.hpp>
#include <optional>
#include <string>

#include "package/golden_value.hpp"
#include "package/package_files.hpp"
#include "pipeline/payload_codecs.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// Ownership: shares the codecs; borrows the files.
/// Threads:   immutable.
/// Errors:    invalid_argument or unsupported if a recorded value does not fit the type or cannot be read.
/// Cost:      reads the files of the value each time.
class GoldenCodecs {
 public:
  GoldenCodecs(Codecs codecs, const PackageFiles& files)
      : registered_(std::move(codecs)), codecs_(registered_.data()), files_(files) {}

  /// `recorded` as a payload of type `type`.
  Result<Value> load(const GoldenValue& recorded, const TypeInfo& type) const;

  /// How `got` differs from the record: "element [0, 3]: expected 0.5, got 0.25 (exact)"; nullopt if it does not.
  Result<std::optional<std::string>> difference(const PayloadRef& got, const GoldenValue& recorded,
                                                const Tolerance& tolerance) const;

  /// The same for the values inside a compound op, which are recorded as a list.
  Result<std::optional<std::string>> difference_of_list(Span<const PayloadRef> got, const GoldenValue& recorded,
                                                        const Tolerance& tolerance) const;

 private:
  Result<Value> load_items(const GoldenValue& recorded, const TypeInfo& type) const;
  Result<Tensors> load_tensors(const GoldenValue& recorded) const;
  Result<std::optional<std::string>> difference_of_tensors(const PayloadRef& got, const GoldenValue& recorded,
                                                           const Tolerance& tolerance) const;
  Result<std::optional<std::string>> difference_of_array(const PayloadRef& got, const GoldenValue& recorded,
                                                         const Tolerance& tolerance) const;

  Codecs registered_;  // owns the data that codecs_ refers to
  PayloadCodecs codecs_;
  const PackageFiles& files_;
};

}  // namespace gantry::inline GANTRY_ABI::detail
