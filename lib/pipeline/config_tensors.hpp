// SPDX-License-Identifier: Apache-2.0
// The ops of a config that take values apart and together by name: select, bundle, and the inputs of a pipeline that
// has several.
#pragma once

#include <gantry/registry.hpp>
#include <string>
#include <vector>

#include "core/json_object.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// {"op": "select", "name" or "names", "as"} over Tensors, or {"op": "select", "item"} over the tuple `in`.
Result<NodePtr> parse_select(JsonObject& object, const TypeInfo* in);

/// {"op": "bundle", "names"} over a tuple or list of tensors; `in` is nullptr where it is not known, which makes it a
/// tuple.
Result<NodePtr> parse_bundle(JsonObject& object, const TypeInfo* in);

/// What is wrong with tensors that are given for these inputs, which are one for each, by name, in any order.
Result<void> check_input_names(const Tensors& given, const std::vector<PipelineInput>& inputs);
/// `root`, whose first stage checks that.
NodePtr with_checked_names(const NodePtr& root, std::vector<PipelineInput> inputs);

/// Values of these inputs, each of its input's type, as what the pipeline takes: a tuple, a InputValues, or Tensors.
GANTRY_API Value join_inputs(const TypeInfo& in, const std::vector<PipelineInput>& inputs, std::vector<Value> values);

/// The named inputs of a pipeline, and what is found out about their types while its ops are read: a std::tuple's are
/// known from the beginning, others by what stands behind each select.
///
/// Ownership: owns its list.
/// Threads:   one thread.
/// Errors:    invalid_argument with the JSON path.
/// Cost:      linear in the names.
class PipelineInputs {
 public:
  explicit PipelineInputs(const std::vector<std::string>& names);

  bool empty() const { return inputs_.empty(); }
  /// What the pipeline takes: `in` if that is a tuple of as many types, or Tensors; for nullptr a InputValues.
  Result<const TypeInfo*> take(const TypeInfo* in);
  /// {"op": "select", "name"} over all inputs. `wanted`: what the op behind takes, nullptr if it does not tell, or its
  /// mistake, which is given where nothing else tells what the input is.
  Result<NodePtr> parse_select(JsonObject& object, const TypeInfo& whole, const Result<const TypeInfo*>& wanted);
  /// With all types known; invalid_argument names the first that is not.
  Result<std::vector<PipelineInput>> finish() const;

 private:
  std::string names() const;
  std::vector<PipelineInput> inputs_;
};

}  // namespace gantry::inline GANTRY_ABI::detail
