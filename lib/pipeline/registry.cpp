// SPDX-License-Identifier: Apache-2.0
// Registry and ParamReader: a factory's view of its parameters.
#include <algorithm>
#include <gantry/registry.hpp>

#include "core/json_object.hpp"
#include "pipeline/registry_data.hpp"

namespace gantry {
namespace {

std::vector<float> rounded(const std::vector<double>& numbers) {
  std::vector<float> floats;
  floats.reserve(numbers.size());
  for (const double number : numbers) floats.push_back(static_cast<float>(number));
  return floats;
}

}  // namespace

std::int64_t ParamReader::integer(const char* key) {
  return object_.integer(key);
}
std::int64_t ParamReader::integer(const char* key, std::int64_t fallback) {
  return object_.integer(key, fallback);
}
double ParamReader::number(const char* key) {
  return object_.number(key);
}
double ParamReader::number(const char* key, double fallback) {
  return object_.number(key, fallback);
}
std::vector<double> ParamReader::numbers(const char* key) {
  return object_.numbers(key);
}
std::vector<float> ParamReader::floats(const char* key) {
  return rounded(object_.numbers(key));
}
std::vector<float> ParamReader::floats(const char* key, std::vector<float> fallback) {
  return has(key) ? rounded(object_.numbers(key)) : (object_.find(key), std::move(fallback));
}
bool ParamReader::boolean(const char* key, bool fallback) {
  return object_.boolean(key, fallback);
}
std::string ParamReader::string(const char* key) {
  return object_.string(key);
}
std::string ParamReader::string(const char* key, std::string fallback) {
  return object_.string(key, std::move(fallback));
}
std::size_t ParamReader::choice(const char* key, std::initializer_list<const char*> names) {
  return object_.choice(key, names);
}
std::size_t ParamReader::choice(const char* key, std::initializer_list<const char*> names, std::size_t fallback) {
  return object_.choice(key, names, fallback);
}
bool ParamReader::has(const char* key) const {
  return object_.has(key);
}
void ParamReader::fail(const char* key, const std::string& message) {
  object_.fail(key, message);
}

Bytes ParamReader::file(const char* key) {
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

Registry::Registry() : data_(std::make_shared<const detail::RegistryData>()) {}

std::vector<std::string> Registry::op_names() const {
  std::vector<std::string> names;
  for (const auto& op : data_->ops) names.push_back(op.first);
  return names;
}

void Registry::add_erased(const std::string& name, std::function<detail::NodePtr(ParamReader&)> factory) {
  auto data = std::make_shared<detail::RegistryData>(*data_);
  data->ops[name] = std::move(factory);
  data_ = std::move(data);
}

void Registry::add_predicate_erased(const std::string& name, const detail::TypeInfo& type,
                                    detail::ErasedPredicate test) {
  auto data = std::make_shared<detail::RegistryData>(*data_);
  data->predicates[name] = {&type, std::move(test)};
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

}  // namespace gantry
