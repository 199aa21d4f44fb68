// SPDX-License-Identifier: Apache-2.0
// Descriptions of the compound ops, which the config front end makes itself. This list defines which ops these are.
#include "pipeline/registry_data.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

using Type = OpParameter::Type;

OpDescription described(std::string name, std::string takes, std::string gives, OpDescription description) {
  description.domain = "pipeline";
  description.name = std::move(name);
  description.takes = std::move(takes);
  description.gives = std::move(gives);
  description.tolerance = "that of the ops in it";
  return description;
}

OpDescription each_op() {
  return described("each", "list<A>", "list<B>",
                   {.summary = "does the same to every item of a list, all of them as one batch",
                    .parameters = {OpParameter::of(Type::kOps, "do", "A -> B")},
                    .example = R"({"op": "each", "do": [{"op": "image.resize", "width": 224, "height": 224}]})"});
}

OpDescription fork_op() {
  return described(
      "fork", "A", "tuple<B, C, ...>",
      {.summary = "gives its input to several branches and joins what they give. The tuple's type comes from the "
                  "pipeline's Out or from the op behind it",
       .parameters = {OpParameter::of(Type::kBranches, "branches",
                                      "1..16 lists of ops, A -> B, A -> C, ...; an empty list passes the input on")},
       .example = R"({"op": "fork", "branches": [[{"op": "softmax"}], [{"op": "sigmoid"}]]})"});
}

OpDescription when_op() {
  return described(
      "when", "A", "B",
      {.summary = "goes one of two ways, for each sample by itself",
       .parameters = {OpParameter::of(Type::kObject, "if", "{\"predicate\": name}, of those below"),
                      OpParameter::of(Type::kOps, "then", "A -> B where it holds; an empty list passes the value on"),
                      OpParameter::of(Type::kOps, "else", "A -> B where it does not; may be empty, too")},
       .example =
           R"({"op": "when", "if": {"predicate": "image.is_gray"}, "then": [{"op": "image.to_rgb"}], "else": []})"});
}

OpDescription model_op() {
  OpDescription model =
      described("model", "Tensor or Tensors", "Tensor or Tensors",
                {.summary = "calls a model of the package: Tensor where its signature has one input or output, else "
                            "Tensors, and where the ops around it take and give them. It may appear more than once",
                 .parameters = {OpParameter::of(Type::kString, "name", "of the model").or_else("the only one")},
                 .reference = "torch: the model in eager mode",
                 .example = R"({"op": "model"})"});
  model.tolerance = "recorded by gantry-pack";
  return model;
}

OpDescription select_op() {
  OpDescription select = described(
      "select", "Tensors or a tuple", "Tensor, Tensors or an item",
      {.summary =
           "takes one tensor, or several as Tensors, by name; of a pipeline with several inputs, one of them; of "
           "a tuple, one item",
       .parameters = {OpParameter::of(Type::kString, "name", "of the one").or_else("several"),
                      OpParameter::of(Type::kStrings, "names", "1..64 of the several").or_else("one"),
                      OpParameter::of(Type::kStrings, "as", "new names, one for each of names, all different")
                          .or_else("the same names"),
                      OpParameter::integer("item", 0, 15, "of a tuple: which, from 0").or_else("by name")},
       .one_of = {{"name"}, {"names"}, {"item"}},
       .example = R"({"op": "select", "name": "boxes"})"});
  select.tolerance = "exact";
  return select;
}

OpDescription bundle_op() {
  OpDescription bundle =
      described("bundle", "tuple<Tensor, ...> or list<Tensor>", "Tensors",
                {.summary = "gives the tensors of a tuple or list names",
                 .parameters = {OpParameter::of(
                     Type::kStrings, "names", "one for each tensor, all different; 1..16 of a tuple, 1..64 of a list")},
                 .example = R"({"op": "bundle", "names": ["features", "image"]})"});
  bundle.tolerance = "exact";
  return bundle;
}

}  // namespace

const CompoundOps& compound_ops() {
  // Never destroyed: configs may be read during exit.
  static const CompoundOps* const ops = [] {
    auto* all = new CompoundOps();
    for (OpDescription& op :
         std::vector<OpDescription>{bundle_op(), each_op(), fork_op(), model_op(), select_op(), when_op()}) {
      std::string name = op.name;
      all->emplace(std::move(name), std::move(op));
    }
    return all;
  }();
  return *ops;
}

}  // namespace gantry::inline GANTRY_ABI::detail
