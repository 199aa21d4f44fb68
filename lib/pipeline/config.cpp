// SPDX-License-Identifier: Apache-2.0
// The config front end: a JSON list of ops becomes the graph that the typed front end would have built.
//
// Types flow from left to right: each op must take the output type of the previous op. `in` and `out` of a list are the
// types that its context requires; nullptr if it requires none.
#include <gantry/model_stage.hpp>
#include <gantry/named_tensors.hpp>
#include <gantry/registry.hpp>
#include <gantry/translate_exception.hpp>

#include "core/json_object.hpp"
#include "core/near_names.hpp"
#include "core/return_if_error.hpp"
#include "pipeline/config_tensors.hpp"
#include "pipeline/parsed_pipeline.hpp"
#include "pipeline/registry_data.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

constexpr std::size_t kMaxBranches = 16;

std::string at(const std::string& path, std::size_t index) {
  return path + "[" + std::to_string(index) + "]";
}

/// The input of a list of ops.
struct Given {
  const TypeInfo* type = nullptr;  ///< nullptr: whatever the first op takes
  bool are_inputs = false;         ///< the named inputs of a pipeline, from which `select` takes one
};

class ConfigParser {
 public:
  ConfigParser(const Registry& registry, const ConfigContext& context)
      : registry_(registry), context_(context), inputs_(context.inputs) {}

  Result<ParsedPipeline> parse(const Json& list, const TypeInfo* in, const TypeInfo* out) {
    Given given{in, !inputs_.empty()};
    if (given.are_inputs) {
      if (in == nullptr && list.is_array() && !list.empty()) in = tuple_taken_by(list[0], "pipeline[0]");
      GANTRY_ASSIGN_OR_RETURN(given.type, inputs_.take(in));
    }
    GANTRY_ASSIGN_OR_RETURN(auto root, parse_list(list, "pipeline", given, out));
    GANTRY_ASSIGN_OR_RETURN(auto inputs, inputs_.finish());
    if (inputs.empty()) inputs.push_back({"", root->in});
    if (given.are_inputs && same_type(*given.type, type_of<Tensors>())) root = with_checked_names(root, inputs);
    return ParsedPipeline{std::move(root), std::move(inputs)};
  }

 private:
  /// May return an empty chain only for `may_be_empty` with a known type; nullptr if it is not known.
  Result<NodePtr> parse_list(const Json& list, const std::string& path, Given given, const TypeInfo* out,
                             bool may_be_empty = false) {
    if (!list.is_array()) return json_error(path, "expected a list of ops, got " + describe(list));
    if (list.empty()) {
      if (!may_be_empty) return json_error(path, "needs at least one op");
      return given.type ? pass_node(*given.type) : NodePtr();
    }
    NodePtr chain;
    for (std::size_t i = 0; i < list.size(); ++i) {
      const bool is_last = i + 1 == list.size();
      GANTRY_ASSIGN_OR_RETURN(auto node, parse_op(list[i], at(path, i), given, is_last ? out : nullptr,
                                                  is_last ? nullptr : &list[i + 1], at(path, i + 1)));
      if (given.type && !same_type(*given.type, *node->in))
        return json_error(at(path, i), "'" + node->name + "' takes " + node->in->name() + ", but " +
                                           (i == 0 ? "the pipeline gives it " : "the op before it gives ") +
                                           given.type->name());
      given = {node->out};
      chain = chain ? chain_nodes(chain, node) : node;
    }
    if (out && !same_type(*out, *given.type))
      return json_error(path, "gives " + given.type->name() + ", but " + out->name() + " is wanted");
    return chain;
  }

  Result<NodePtr> parse_op(const Json& value, const std::string& path, Given given, const TypeInfo* out,
                           const Json* next, const std::string& next_path) {
    JsonObject object(value, path);
    const std::string op = object.string("op");
    if (!object.ok()) return object.finish().error();
    if (compound_ops().count(op) == 0) return parse_leaf(op, object);
    const auto wanted = [&] { return out ? out : type_taken_by(next, next_path); };
    if (op == "each") return parse_each(object, given.type, out);
    if (op == "fork") return parse_fork(object, given, wanted());
    if (op == "when") return parse_when(object, given.type, out);
    if (op == "model") return parse_model(object, given.type, wanted());
    if (op == "bundle") return parse_bundle(object, given.type);
    if (!object.has("item") && given.are_inputs && !same_type(*given.type, type_of<Tensors>()))
      return inputs_.parse_select(object, *given.type, out ? out : told_by(next, next_path));
    return parse_select(object, given.type);
  }

  /// Suggestions for a misspelt op: all ops, if there are few.
  std::string hint_at(const std::string& op) const {
    constexpr std::size_t kFew = 20;
    std::vector<std::string> names;
    for (const auto& entry : compound_ops()) names.push_back(entry.first);
    for (const auto& entry : registry_.data().ops) names.push_back(entry.first);
    const bool are_few = names.size() <= kFew;
    std::string listed;
    for (const std::string& name : are_few ? names : near_names(op, names))
      listed += (listed.empty() ? "" : ", ") + name;
    if (are_few) return "known are " + listed;
    const std::string all = "`gantry ops` lists those of gantry";
    return listed.empty() ? all : "near it are " + listed + "; " + all;
  }

  Result<NodePtr> parse_leaf(const std::string& op, JsonObject& object) const {
    const auto& ops = registry_.data().ops;
    const auto found = ops.find(op);
    if (found == ops.end()) return json_error(object.path_of("op"), "unknown op '" + op + "'; " + hint_at(op));
    NodePtr node;
    try {
      const OpDescription& description = found->second->description();
      for (const OpParameter& parameter : description.parameters) object.mention(parameter.name());
      ParamReader params(object, context_, description);
      node = found->second->make(params);
    } catch (...) {
      return translate_exception().within(object.path());
    }
    GANTRY_RETURN_IF_ERROR(object.finish());
    if (!node) return Error(ErrorCode::kInternal, object.path() + ": the factory of '" + op + "' made no stage");
    if (node->error) return json_error(object.path(), "'" + op + "': " + node->error->message());
    return node;
  }

  Result<NodePtr> parse_model(JsonObject& object, const TypeInfo* in, const TypeInfo* out) const {
    const bool is_named = object.find("name") != nullptr;
    const std::string name = is_named ? object.string("name") : "";
    GANTRY_RETURN_IF_ERROR(object.finish());
    const auto& models = context_.models;
    if (models.empty() && is_named)
      return json_error(object.path_of("name"), "there is no model '" + name + "': this config has no model");
    if (models.empty()) return json_error(object.path(), "this config has no model");
    if (!is_named && models.size() > 1)
      return json_error(object.path(), "there are several models: name one of " + names_of_models());
    const auto found = is_named ? models.find(name) : models.begin();
    if (found == models.end())
      return json_error(object.path_of("name"), "there is no model '" + name + "'; there are " + names_of_models());
    const TypeInfo& one = type_of<Tensor>();
    const TypeInfo& many = type_of<Tensors>();
    const Signature& signature = found->second.signature();
    const bool takes_many = signature.inputs().size() != 1 || (in && same_type(*in, many));
    const bool gives_many = signature.outputs().size() != 1 || (out && same_type(*out, many));
    return make_model_node(found->second, takes_many ? many : one, gives_many ? many : one, found->first,
                           models.size() > 1);
  }

  std::string names_of_models() const {
    std::string text;
    for (const auto& [name, model] : context_.models) text += (text.empty() ? "'" : ", '") + name + "'";
    return text;
  }

  Result<NodePtr> parse_each(JsonObject& object, const TypeInfo* in, const TypeInfo* out) {
    const Json* inner_list = object.require("do");
    GANTRY_RETURN_IF_ERROR(object.finish());
    if (in && in->list == nullptr)
      return json_error(object.path(), "'each' takes a list, but it is given " + in->name());
    GANTRY_ASSIGN_OR_RETURN(auto inner,
                            parse_list(*inner_list, object.path_of("do"), {in ? &in->list->element() : nullptr},
                                       out && out->list ? &out->list->element() : nullptr));
    if (inner->in->list_of == nullptr || inner->out->list_of == nullptr)
      return json_error(object.path(), "lists nest at most two deep");
    auto node = std::make_shared<Node>();
    node->kind = node->name = "each";
    node->in = &inner->in->list_of();
    node->out = &inner->out->list_of();
    node->branches = {{"do", std::move(inner)}};
    return NodePtr(std::move(node));
  }

  Result<NodePtr> parse_fork(JsonObject& object, Given given, const TypeInfo* out) {
    const Json* lists = object.list("branches", true);
    GANTRY_RETURN_IF_ERROR(object.finish());
    const std::string path = object.path_of("branches");
    if (lists->empty() || lists->size() > kMaxBranches)
      return json_error(path,
                        "needs 1.." + std::to_string(kMaxBranches) + " branches, got " + std::to_string(lists->size()));
    if (out && same_type(*out, type_of<ValueTuple>())) out = nullptr;  // an open tuple is as good as no required type
    const TupleOps* tuple = out ? out->tuple : nullptr;
    if (out && !tuple) return json_error(object.path(), "'fork' gives a tuple, but " + out->name() + " is wanted");
    if (tuple && tuple->arity != lists->size())
      return json_error(path, "has " + std::to_string(lists->size()) + " branches, but " + out->name() + " is wanted");
    auto node = std::make_shared<Node>();
    node->kind = node->name = "fork";
    node->out = out ? out : &type_of<ValueTuple>();
    for (std::size_t i = 0; i < lists->size(); ++i) {
      GANTRY_ASSIGN_OR_RETURN(auto branch,
                              parse_list((*lists)[i], at(path, i), given, tuple ? &tuple->element(i) : nullptr, true));
      if (branch) given.type = branch->in;
      node->branches.push_back({"branches[" + std::to_string(i) + "]", std::move(branch)});
    }
    node->in = given.type;
    if (node->in == nullptr) return json_error(path, "all branches are empty, and the type of their input is unknown");
    for (std::size_t i = 0; i < lists->size(); ++i)
      GANTRY_RETURN_IF_ERROR(
          fill_branch(node->branches[i], *node->in, tuple ? &tuple->element(i) : nullptr, at(path, i)));
    if (node->in->copy == nullptr)
      return json_error(object.path(), "'fork' needs an input that can be copied, got " + node->in->name());
    return NodePtr(std::move(node));
  }

  /// An empty branch passes its input on. The type of the input may follow only from a later branch.
  static Result<void> fill_branch(Branch& branch, const TypeInfo& in, const TypeInfo* out, const std::string& path) {
    if (!branch.node) branch.node = pass_node(in);
    if (!out || same_type(*out, *branch.node->out)) return {};
    return json_error(path, "gives " + branch.node->out->name() + ", but " + out->name() + " is wanted");
  }

  Result<NodePtr> parse_when(JsonObject& object, const TypeInfo* in, const TypeInfo* out) {
    const Json* condition = object.require("if");
    const Json* then_list = object.require("then");
    const Json* else_list = object.require("else");
    GANTRY_RETURN_IF_ERROR(object.finish());
    JsonObject predicate_object(*condition, object.path_of("if"));
    const std::string name = predicate_object.string("predicate");
    GANTRY_RETURN_IF_ERROR(predicate_object.finish());
    const auto predicate = registry_.data().predicates.find(name);
    if (predicate == registry_.data().predicates.end())
      return json_error(predicate_object.path_of("predicate"), "unknown predicate '" + name + "'");
    const TypeInfo* type = predicate->second.type;
    if (in && !same_type(*in, *type))
      return json_error(object.path(),
                        "predicate '" + name + "' looks at " + type->name() + ", but is given " + in->name());
    GANTRY_ASSIGN_OR_RETURN(auto then, parse_list(*then_list, object.path_of("then"), {type}, out, true));
    GANTRY_ASSIGN_OR_RETURN(auto otherwise, parse_list(*else_list, object.path_of("else"), {type}, then->out, true));
    if (!same_type(*then->out, *otherwise->out))
      return json_error(object.path(),
                        "'then' gives " + then->out->name() + ", 'else' gives " + otherwise->out->name());
    auto node = std::make_shared<Node>();
    node->kind = node->name = "when";
    node->in = type;
    node->out = then->out;
    node->params.text = "if=" + name;
    node->predicate = predicate->second.test;
    node->branches = {{"then", std::move(then)}, {"else", std::move(otherwise)}};
    return NodePtr(std::move(node));
  }

  /// The input type of an op; nullptr if it cannot be told. For a registered op it is known without making the op. A
  /// model, bundle or select is made, and its mistake, if any, is returned. `each` and `when` are not examined, and of
  /// a fork only the first op of each branch: parsing whole branches twice would double the work at each level of
  /// nesting.
  Result<const TypeInfo*> told_by(const Json* op, const std::string& path) {
    if (op == nullptr || !op->is_object() || !op->contains("op")) return nullptr;
    const Json& name = (*op)["op"];
    if (name == "fork") return told_by_branches(*op, path);
    if (name.is_string())
      if (const auto known = registry_.data().ops.find(name.get_ref<const std::string&>());
          known != registry_.data().ops.end())
        return &known->second->in();
    if (name == "each" || name == "when" || (name == "select" && op->contains("item"))) return nullptr;
    GANTRY_ASSIGN_OR_RETURN(auto node, parse_op(*op, path, {}, nullptr, nullptr, ""));
    return node->in;
  }

  /// The input type of the first op in one of a fork's branches. Mistakes are ignored here; they are reported when the
  /// branch is parsed.
  const TypeInfo* told_by_branches(const Json& fork, const std::string& path) {
    const auto branches = fork.find("branches");
    if (branches == fork.end() || !branches->is_array() || branches->size() > kMaxBranches) return nullptr;
    for (const Json& branch : *branches)
      if (branch.is_array() && !branch.empty())
        if (const TypeInfo* type = type_taken_by(&branch[0], path)) return type;
    return nullptr;
  }

  /// As told_by(), but ignores mistakes: they are reported when the op is parsed.
  const TypeInfo* type_taken_by(const Json* op, const std::string& path) {
    const auto type = told_by(op, path);
    return type ? *type : nullptr;
  }

  /// The input type of the first op of a pipeline with several inputs, if that op takes all of them at once; else
  /// nullptr.
  const TypeInfo* tuple_taken_by(const Json& op, const std::string& path) {
    if (!op.is_object() || (op.contains("op") && (op["op"] == "select" || op["op"] == "fork"))) return nullptr;
    const TypeInfo* type = type_taken_by(&op, path);
    return type && (type->tuple || same_type(*type, type_of<Tensors>())) ? type : nullptr;
  }

  const Registry& registry_;
  const ConfigContext& context_;
  PipelineInputs inputs_;
};

}  // namespace

Result<ParsedPipeline> parse_pipeline(std::string_view json, const TypeInfo* in, const TypeInfo* out,
                                      const Registry& registry, const ConfigContext& context) {
  if (registry.data().mistake) return *registry.data().mistake;
  GANTRY_ASSIGN_OR_RETURN(auto list, parse_json(json, "pipeline"));
  return ConfigParser(registry, context).parse(list, in, out);
}

Result<NodePtr> parse_stages(std::string_view json, const TypeInfo* in, const TypeInfo* out, const Registry& registry,
                             const ConfigContext& context) {
  GANTRY_ASSIGN_OR_RETURN(auto parsed, parse_pipeline(json, in, out, registry, context));
  return std::move(parsed.root);
}

}  // namespace gantry::inline GANTRY_ABI::detail
