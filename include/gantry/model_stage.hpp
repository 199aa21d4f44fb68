// SPDX-License-Identifier: Apache-2.0
// Model::stage(): a model as a stage of a pipeline.
#pragma once

#include <string>
#include <type_traits>

#include <gantry/model.hpp>
#include <gantry/node.hpp>
#include <gantry/stage.hpp>
#include <gantry/tensor.hpp>
#include <gantry/value.hpp>

namespace gantry {
inline namespace GANTRY_ABI {

namespace detail {

/// The type-erased form of Model::stage(). `name`: the config's name for the model, if it differs from Model::name().
/// If an op has several models, errors of each begin with its name.
GANTRY_API NodePtr make_model_node(const Model& model, const TypeInfo& in, const TypeInfo& out,
                                   const std::string& name = "", bool is_one_of_several = false);

}  // namespace detail

template <class In, class Out>
Stage<In, Out> Model::stage() const {
  static_assert(std::is_same_v<In, Tensor> || std::is_same_v<In, Tensors>, "gantry: a model takes Tensor or Tensors");
  static_assert(std::is_same_v<Out, Tensor> || std::is_same_v<Out, Tensors>, "gantry: a model gives Tensor or Tensors");
  return Stage<In, Out>(detail::make_model_node(*this, detail::type_of<In>(), detail::type_of<Out>()));
}

}  // namespace GANTRY_ABI
}  // namespace gantry
