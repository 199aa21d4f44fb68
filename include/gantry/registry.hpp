// SPDX-License-Identifier: Apache-2.0
// Registry: the ops that a config may name, and the codecs of payload types. The config front end builds the same graph
// as the typed one.
//
//   Registry registry = Registry::builtin();
//   registry.add<Image, Image>("acme.sharpen", [](ParamReader& p) { return sharpen(p.integer("radius", 2)); });
//
// `gantry ops` documents an op with an OpDescription, and the op's factory need not repeat the defaults.
//
//   Stage<Bytes, Tensor> chain = parse_stages<Bytes, Tensor>(R"([{"op": "image.decode"}, ...])", registry).value();
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gantry/bytes.hpp>
#include <gantry/codec.hpp>
#include <gantry/codecs.hpp>
#include <gantry/model.hpp>
#include <gantry/op_description.hpp>
#include <gantry/result.hpp>
#include <gantry/span.hpp>
#include <gantry/stage.hpp>

namespace gantry {
inline namespace GANTRY_ABI {

struct ConfigContext;

namespace detail {
class JsonObject;
struct RegistryData;
}  // namespace detail

/// Reads the parameters of one op. Keeps the first mistake and reports it with its JSON path; after a mistake every
/// call returns its default, so a factory needs no checks. Refuses keys that the factory never reads.
///
/// The default is that of the op's description, or `fallback`; a key with neither is required. The factory of a
/// described op may read only parameters in its description.
///
/// Ownership: borrows the config and the description.
/// Threads:   one thread.
/// Errors:    invalid_argument: "pipeline[1].size: expected an integer, got
///            \"large\"". internal: a described op reads a parameter that its
///            description lacks.
/// Cost:      linear in the number of keys.
class GANTRY_API ParamReader {
 public:
  ParamReader(detail::JsonObject& object, const ConfigContext& context, const OpDescription& description)
      : object_(object), context_(context), description_(description) {}

  std::int64_t integer(const char* key);
  std::int64_t integer(const char* key, std::int64_t fallback);
  /// Parsed as double.
  double number(const char* key);
  double number(const char* key, double fallback);
  /// A number or a list of numbers, as doubles. For parameters of type double: floats() would round them.
  std::vector<double> numbers(const char* key);
  /// The same, each rounded from double to float once.
  std::vector<float> floats(const char* key);
  std::vector<float> floats(const char* key, std::vector<float> fallback);
  bool boolean(const char* key);
  bool boolean(const char* key, bool fallback);
  std::string string(const char* key);
  std::string string(const char* key, std::string fallback);
  /// The index of the key's text among the choices in the description.
  std::size_t choice(const char* key);
  /// The index of the key's text among `names`.
  std::size_t choice(const char* key, std::initializer_list<const char*> names);
  std::size_t choice(const char* key, std::initializer_list<const char*> names, std::size_t fallback);
  /// The content of a package file, named by a relative path; empty Bytes if the key is absent.
  Bytes file(const char* key);
  bool has(const char* key) const;
  /// Reports a mistake that the factory found.
  void fail(const char* key, const std::string& message);

 private:
  const OpParameter* described(const char* key);
  template <class T>
  std::optional<T> described_default(const char* key);
  std::size_t choice_of(const char* key, Span<const char* const> names, std::optional<std::size_t> fallback);

  detail::JsonObject& object_;
  const ConfigContext& context_;
  const OpDescription& description_;
};

/// What a config may refer to besides ops.
struct ConfigContext {
  /// The models that {"op": "model", "name": "detector"} refers to, by name. With one model the op may omit its name.
  std::map<std::string, Model, std::less<>> models;
  /// The names of the pipeline's inputs, if it has several: In is then a std::tuple of that many types, in this order,
  /// or Tensors, and {"op": "select", "name": "image"} selects one.
  std::vector<std::string> inputs;
  /// Reads a file by its relative name; unset: ops that need files are refused.
  std::function<Result<Bytes>(const std::string& name)> files;
};

/// Ops and predicates by name, codecs by type. A value: adding to a copy does not change the original.
///
/// Ownership: owns its factories; copies are cheap.
/// Threads:   thread-compatible; building from a const Registry is thread-safe.
/// Errors:    add, add_codec: replace an existing name or type. The names bundle, each, fork, model, select and when
///            are part of the config itself: add() ignores an op with such a name, and load_plugin() and every reader
///            of a config with this Registry report it (invalid_argument).
/// Cost:      building is linear in the config.
class GANTRY_API Registry {
 public:
  /// Only the ops bundle, each, fork, model, select and when, and no codecs.
  Registry();
  /// All ops and codecs of gantry::core.
  static Registry builtin();

  template <class In, class Out>
  void add(const std::string& name, std::function<Stage<In, Out>(ParamReader&)> factory,
           OpDescription description = {}) {
    add<In, Out>(name, std::move(factory),
                 std::function<OpDescription()>([description = std::move(description)] { return description; }));
  }
  /// Creates the description on first use, on the thread that asks for it; once, or again if it threw, and
  /// then the asking call gets the error. A process that reads one config needs the descriptions of a few ops
  /// only.
  template <class In, class Out>
  void add(const std::string& name, std::function<Stage<In, Out>(ParamReader&)> factory,
           std::function<OpDescription()> describe) {  // NOLINT(performance-unnecessary-value-param): it is moved
    add_erased(
        name, [factory = std::move(factory)](ParamReader& params) { return factory(params).node(); },
        detail::type_of<In>(), detail::type_of<Out>(), std::move(describe));
  }
  template <class T>
  void add_predicate(const Predicate<T>& predicate, const std::string& summary = "") {
    add_predicate_erased(predicate.name(), detail::type_of<T>(), predicate.erased(), summary);
  }
  /// How to read, write and compare payloads of type T. If the codec's name is not allowed, the first user of the codec
  /// gets the error.
  template <class T>
  void add_codec(Codec<T> codec) {
    add_codec_erased(detail::erase_codec(std::move(codec)));
  }
  Codecs codecs() const { return Codecs(data_); }
  /// Names of all added ops, sorted.
  std::vector<std::string> op_names() const;
  /// Descriptions of the ops, sorted by name, including those that every Registry has.
  std::vector<OpDescription> descriptions() const;
  /// nullptr for an unknown name. Valid until this Registry is changed.
  const OpDescription* find(std::string_view op) const;
  std::vector<PredicateDescription> predicates() const;

  /// For the config front end.
  const detail::RegistryData& data() const { return *data_; }

 private:
  void add_erased(const std::string& name, std::function<detail::NodePtr(ParamReader&)> factory,
                  const detail::TypeInfo& in, const detail::TypeInfo& out, std::function<OpDescription()> describe);
  void add_predicate_erased(const std::string& name, const detail::TypeInfo& type, detail::ErasedPredicate test,
                            const std::string& summary);
  void add_codec_erased(detail::ErasedCodec codec);
  std::shared_ptr<const detail::RegistryData> data_;
};

namespace detail {
/// One input of a pipeline.
struct PipelineInput {
  std::string name;                ///< empty if it is the only input
  const TypeInfo* type = nullptr;  ///< nullptr until the type is known
};

/// `in` and `out` may be nullptr: then the type of the first op's input and of the last op's output.
GANTRY_API Result<NodePtr> parse_stages(std::string_view json, const TypeInfo* in, const TypeInfo* out,
                                        const Registry& registry, const ConfigContext& context);
}  // namespace detail

/// Parses a chain from JSON text, a list of ops. Errors: invalid_argument with the JSON path for malformed JSON,
/// duplicate or unknown keys, unknown ops, edges that do not fit, and parameters outside their limits.
template <class In, class Out>
Result<Stage<In, Out>> parse_stages(std::string_view json, const Registry& registry,
                                    const ConfigContext& context = {}) {
  auto node = detail::parse_stages(json, &detail::type_of<In>(), &detail::type_of<Out>(), registry, context);
  if (!node) return std::move(node).error();
  return Stage<In, Out>(*std::move(node));
}

}  // namespace GANTRY_ABI
}  // namespace gantry
