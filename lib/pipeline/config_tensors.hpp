// SPDX-License-Identifier: Apache-2.0
// Config ops that split and combine values by name: select, bundle, and the named inputs of a pipeline.
#pragma once

#include <gantry/registry.hpp>
#include <string>
#include <vector>

#include "core/json_object.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// {"op": "select", "name" or "names", "as"} over Tensors, or {"op": "select", "item"} over the tuple `in`.
Result<NodePtr> parse_select(JsonObject& object, const TypeInfo* in);

/// {"op": "bundle", "names"} over a tuple or list of tensors; `in` is nullptr if it is unknown, and then counts as a
/// tuple.
Result<NodePtr> parse_bundle(JsonObject& object, const TypeInfo* in);

/// Checks that `given` has exactly one tensor for each input, by name, in any order.
Result<void> check_input_names(const Tensors& given, const std::vector<PipelineInput>& inputs);
/// `root`, with check_input_names() before its first stage.
NodePtr with_checked_names(const NodePtr& root, std::vector<PipelineInput> inputs);

/// Joins the values of the inputs, each of its input's type, into the pipeline's input type: a tuple, an InputValues,
/// or Tensors.
GANTRY_API Value join_inputs(const TypeInfo& in, const std::vector<PipelineInput>& inputs, std::vector<Value> values);

/// The named inputs of a pipeline. Infers their types while the ops are parsed: those of a std::tuple are known from
/// the start, others follow from the op after each select.
///
/// Ownership: owns its list.
/// Threads:   one thread.
/// Errors:    invalid_argument with the JSON path.
/// Cost:      linear in the names.
class PipelineInputs {
 public:
  explicit PipelineInputs(const std::vector<std::string>& names);

  bool empty() const { return inputs_.empty(); }
  /// The input type of the pipeline: `in` if it is a tuple with as many elements as there are inputs, or Tensors;
  /// InputValues if `in` is nullptr.
  Result<const TypeInfo*> take(const TypeInfo* in);
  /// {"op": "select", "name"} over all inputs. `wanted`: the input type of the next op, nullptr if unknown, or that
  /// op's mistake, which is returned if the input's type is not known otherwise.
  Result<NodePtr> parse_select(JsonObject& object, const TypeInfo& whole, const Result<const TypeInfo*>& wanted);
  /// The inputs, with all types known; invalid_argument names the first whose type is unknown.
  Result<std::vector<PipelineInput>> finish() const;

 private:
  std::string names() const;
  std::vector<PipelineInput> inputs_;
};

}  // namespace gantry::inline GANTRY_ABI::detail
