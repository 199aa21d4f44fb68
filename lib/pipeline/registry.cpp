// SPDX-License-Identifier: Apache-2.0
// Registry and ParamReader: a factory's view of its parameters.
#include <algorithm>
#include <gantry/registry.hpp>
#include <memory>
#include <string>
#include <utility>

#include "core/json_object.hpp"
#include "pipeline/registry_data.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

std::vector<float> rounded(const std::vector<double>& numbers) {
  std::vector<float> floats;
  floats.reserve(numbers.size());
  for (const double number : numbers) floats.push_back(static_cast<float>(number));
  return floats;
}

}  // namespace

const OpParameter* ParamReader::described(const char* key) {
  const OpParameter* parameter = description_.find(key);
  if (parameter == nullptr && description_.is_described())
    object_.fail(Error(ErrorCode::kInternal, object_.path() + ": the factory of '" + description_.name + "' reads '" +
                                                 key + "', which its description lacks"));
  return parameter;
}

template <class T>
std::optional<T> ParamReader::described_default(const char* key) {
  const OpParameter* parameter = described(key);
  if (parameter == nullptr) return std::nullopt;
  const OpValue& value = parameter->default_value();
  if (const T* same = std::get_if<T>(&value)) return *same;
  if constexpr (std::is_same_v<T, double>)
    if (const auto* whole = std::get_if<std::int64_t>(&value)) return static_cast<double>(*whole);
  if constexpr (std::is_same_v<T, std::vector<double>>)
    if (const auto one = described_default<double>(key)) return std::vector<double>{*one};
  return std::nullopt;
}

std::int64_t ParamReader::integer(const char* key) {
  return object_.integer(key, described_default<std::int64_t>(key));
}
std::int64_t ParamReader::integer(const char* key, std::int64_t fallback) {
  return object_.integer(key, described_default<std::int64_t>(key).value_or(fallback));
}
double ParamReader::number(const char* key) {
  return object_.number(key, described_default<double>(key));
}
double ParamReader::number(const char* key, double fallback) {
  return object_.number(key, described_default<double>(key).value_or(fallback));
}
std::vector<double> ParamReader::numbers(const char* key) {
  return object_.numbers(key, described_default<std::vector<double>>(key));
}
std::vector<float> ParamReader::floats(const char* key) {
  return rounded(numbers(key));
}
std::vector<float> ParamReader::floats(const char* key, std::vector<float> fallback) {
  const auto numbers = described_default<std::vector<double>>(key);
  if (has(key)) return rounded(object_.numbers(key));
  object_.find(key);
  return numbers ? rounded(*numbers) : std::move(fallback);
}
bool ParamReader::boolean(const char* key) {
  return object_.boolean(key, described_default<bool>(key));
}
bool ParamReader::boolean(const char* key, bool fallback) {
  return object_.boolean(key, described_default<bool>(key).value_or(fallback));
}
std::string ParamReader::string(const char* key) {
  return object_.string(key, described_default<std::string>(key));
}
std::string ParamReader::string(const char* key, std::string fallback) {
  return object_.string(key, described_default<std::string>(key).value_or(std::move(fallback)));
}
std::size_t ParamReader::choice(const char* key) {
  const OpParameter* parameter = described(key);
  std::vector<const char*> names;
  if (parameter != nullptr)
    for (const std::string& name : parameter->choices()) names.push_back(name.c_str());
  return choice_of(key, names, std::nullopt);
}
std::size_t ParamReader::choice(const char* key, std::initializer_list<const char*> names) {
  return choice_of(key, {names.begin(), names.size()}, std::nullopt);
}
std::size_t ParamReader::choice(const char* key, std::initializer_list<const char*> names, std::size_t fallback) {
  return choice_of(key, {names.begin(), names.size()}, fallback);
}
std::size_t ParamReader::choice_of(const char* key, Span<const char* const> names,
                                   std::optional<std::size_t> fallback) {
  if (const auto name = described_default<std::string>(key)) {
    const auto found = std::find(names.begin(), names.end(), *name);
    if (found != names.end()) fallback = static_cast<std::size_t>(found - names.begin());
  }
  return object_.choice(key, names, fallback);
}
bool ParamReader::has(const char* key) const {
  return object_.has(key);
}
void ParamReader::fail(const char* key, const std::string& message) {
  object_.fail(key, message);
}

Bytes ParamReader::file(const char* key) {
  described(key);
  if (!has(key)) return object_.find(key), Bytes();
  const std::string name = object_.string(key);
  if (!object_.ok()) return {};
  if (!context_.files) {
    object_.fail(key, "names the file '" + name + "', but this config may not refer to files");
    return {};
  }
  auto content = context_.files(name);
  if (content) return *std::move(content);
  object_.fail(content.error().within(object_.path_of(key)));
  return {};
}

// No std::call_once: where pthread_once() does not know exceptions, as under ThreadSanitizer, a call after one that
// threw would never return.
const OpDescription& detail::RegisteredOp::description() const {
  {
    const MutexLock lock(mutex_);
    if (description_) return *description_;
  }
  auto made = std::make_unique<OpDescription>(describe_());
  made->name = name_;
  made->takes = in_->name();
  made->gives = out_->name();
  const auto dot = name_.find('.');
  if (made->domain.empty()) made->domain = dot == std::string::npos ? "other" : name_.substr(0, dot);
  const MutexLock lock(mutex_);
  if (!description_) description_ = std::move(made);
  return *description_;
}

Registry::Registry() : data_(std::make_shared<const detail::RegistryData>()) {}

std::vector<std::string> Registry::op_names() const {
  std::vector<std::string> names;
  for (const auto& op : data_->ops) names.push_back(op.first);
  return names;
}

std::vector<OpDescription> Registry::descriptions() const {
  std::vector<OpDescription> all;
  for (const auto& op : detail::compound_ops()) all.push_back(op.second);
  for (const auto& op : data_->ops) all.push_back(op.second->description());
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return all;
}

const OpDescription* Registry::find(std::string_view op) const {
  const auto& compound = detail::compound_ops();
  if (const auto found = compound.find(op); found != compound.end()) return &found->second;
  const auto found = data_->ops.find(op);
  return found == data_->ops.end() ? nullptr : &found->second->description();
}

std::vector<PredicateDescription> Registry::predicates() const {
  std::vector<PredicateDescription> all;
  for (const auto& [name, predicate] : data_->predicates)
    all.push_back({name, predicate.type->name(), predicate.summary});
  return all;
}

void Registry::add_erased(const std::string& name, std::function<detail::NodePtr(ParamReader&)> factory,
                          const detail::TypeInfo& in, const detail::TypeInfo& out,
                          std::function<OpDescription()> describe) {
  auto data = std::make_shared<detail::RegistryData>(*data_);
  if (detail::compound_ops().count(name) != 0) {
    if (!data->mistake)
      data->mistake = Error(ErrorCode::kInvalidArgument,
                            "Registry::add(\"" + name + "\"): every Registry has an op of this name, which cannot be " +
                                "replaced; give yours another, such as \"acme." + name + "\"");
    data_ = std::move(data);
    return;
  }
  data->ops[name] =
      std::make_shared<const detail::RegisteredOp>(name, std::move(factory), in, out, std::move(describe));
  data_ = std::move(data);
}

void Registry::add_predicate_erased(const std::string& name, const detail::TypeInfo& type, detail::ErasedPredicate test,
                                    const std::string& summary) {
  auto data = std::make_shared<detail::RegistryData>(*data_);
  data->predicates[name] = {&type, std::move(test), summary};
  data_ = std::move(data);
}

void Registry::add_codec_erased(detail::ErasedCodec codec) {
  auto data = std::make_shared<detail::RegistryData>(*data_);
  auto& codecs = data->codecs;
  codecs.erase(std::remove_if(codecs.begin(), codecs.end(),
                              [&](const auto& known) { return detail::same_type(*known->type, *codec.type); }),
               codecs.end());
  codecs.push_back(std::make_shared<const detail::ErasedCodec>(std::move(codec)));
  data_ = std::move(data);
}

}  // namespace gantry::inline GANTRY_ABI
