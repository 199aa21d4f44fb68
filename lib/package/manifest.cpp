// SPDX-License-Identifier: Apache-2.0
// Reading gantry.json, key by key.
#include "package/manifest.hpp"

#include <algorithm>
#include <string_view>

#include "core/return_if_error.hpp"
#include "package/json_items.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

constexpr std::int64_t kManifestFormat = 2;
constexpr std::size_t kMaxModels = 16;
constexpr std::size_t kMaxInputs = 16;
constexpr std::int64_t kMaxFileBytes = std::int64_t{1} << 40;

Result<void> read_file_entry(const Json& json, const std::string& path, Manifest& manifest) {
  JsonObject object(json, path);
  FileEntry file;
  const std::string name = object.string("path");
  file.bytes = object.integer("bytes", 0, kMaxFileBytes, std::nullopt);
  file.sha256 = object.string("sha256");
  if (object.ok() && !is_safe_path(name))
    object.fail("path", "must be a relative path without '..', got " + describe(Json(name)));
  if (object.ok() && (name == "gantry.json" || name == "gantry.json.sig"))
    object.fail("path", "gantry.json and its signature are not listed");
  const bool is_hash =
      file.sha256.size() == 64 && file.sha256.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (object.ok() && !is_hash)
    object.fail("sha256", "expected 64 lower-case hexadecimal digits, got " + describe(Json(file.sha256)));
  GANTRY_RETURN_IF_ERROR(object.finish());
  if (!manifest.files.emplace(name, std::move(file)).second)
    return json_error(object.path_of("path"), "'" + name + "' is listed twice");
  return {};
}

Result<void> read_metrics(const Json& json, const std::string& path, Manifest& manifest) {
  if (!json.is_object()) return json_error(path, "expected an object, got " + describe(json));
  for (const auto& item : json.items()) {
    if (!item.value().is_number())
      return json_error(path + "." + item.key(), "expected a number, got " + describe(item.value()));
    manifest.provenance.emplace_back("metrics." + item.key(), item.value().dump());
  }
  return {};
}

Result<void> read_provenance(const Json& json, Manifest& manifest) {
  JsonObject object(json, "provenance");
  for (const char* key : {"git", "data", "trainer", "python", "torch"}) {
    const std::string text = object.string(key, "");
    if (!text.empty()) manifest.provenance.emplace_back(key, text);
  }
  const Json* metrics = object.find("metrics");
  GANTRY_RETURN_IF_ERROR(object.finish());
  return metrics ? read_metrics(*metrics, "provenance.metrics", manifest) : Result<void>();
}

Result<void> read_accuracy(const Json& json, Manifest& manifest) {
  JsonObject object(json, "accuracy");
  AccuracyFloor accuracy{object.string("eval"), object.string("metric"), object.number("floor")};
  manifest.accuracy = std::move(accuracy);
  return object.finish();
}

Result<void> read_latency(const Json& json, Manifest& manifest) {
  JsonObject object(json, "latency");
  manifest.latency_p99_ms = object.number("p99_ms");
  manifest.latency_at = object.string("at", "");
  return object.finish();
}

Result<void> read_models(const Json& json, Manifest& manifest) {
  if (!json.is_object()) return json_error("models", "expected an object, got " + describe(json));
  if (json.size() > kMaxModels)
    return json_error(
        "models", "at most " + std::to_string(kMaxModels) + " models are allowed, got " + std::to_string(json.size()));
  for (const auto& item : json.items()) {
    const std::string path = "models." + item.key();
    if (!is_name(item.key())) return json_error("models", what_a_name_is() + ", got " + describe(Json(item.key())));
    GANTRY_ASSIGN_OR_RETURN(auto model, parse_model_entry(item.key(), item.value(), path));
    manifest.models.push_back(std::move(model));
  }
  return {};
}

Result<void> read_inputs(const Json& list, Manifest& manifest) {
  if (list.size() < 2 || list.size() > kMaxInputs)
    return json_error("inputs", "names 2.." + std::to_string(kMaxInputs) + " inputs of the pipeline, got " +
                                    std::to_string(list.size()) + "; one input has no name");
  return for_each_item(list, "inputs", [&](const Json& item, const std::string& at) -> Result<void> {
    JsonObject object(item, at);
    std::string name = read_name(object, "name");
    if (object.ok() && std::count(manifest.inputs.begin(), manifest.inputs.end(), name) > 0)
      object.fail("name", "'" + name + "' appears twice");
    GANTRY_RETURN_IF_ERROR(object.finish());
    manifest.inputs.push_back(std::move(name));
    return {};
  });
}

/// Reads the keys that have functions of their own.
Result<void> read_parts(JsonObject& object, Manifest& manifest) {
  const Json* provenance = object.find("provenance");
  const Json* accuracy = object.find("accuracy");
  const Json* latency = object.find("latency");
  const Json* models = object.find("models");
  const Json* inputs = object.list("inputs", false);
  const Json* pipeline = object.list("pipeline", true);
  const Json* golden = object.list("golden", true);
  const Json* files = object.list("files", true);
  GANTRY_RETURN_IF_ERROR(object.finish());

  Result<void> ok = models ? read_models(*models, manifest) : Result<void>();
  if (ok && inputs) ok = read_inputs(*inputs, manifest);
  if (ok)
    ok = for_each_item(*files, "files",
                       [&](const Json& item, const std::string& at) { return read_file_entry(item, at, manifest); });
  if (ok)
    ok = for_each_item(*golden, "golden", [&](const Json& item, const std::string& at) -> Result<void> {
      GANTRY_ASSIGN_OR_RETURN(auto parsed, parse_golden_case(item, at, manifest.inputs));
      manifest.golden.push_back(std::move(parsed));
      return {};
    });
  if (ok && provenance) ok = read_provenance(*provenance, manifest);
  if (ok && accuracy) ok = read_accuracy(*accuracy, manifest);
  if (ok && latency) ok = read_latency(*latency, manifest);
  if (ok) manifest.pipeline = pipeline->dump();
  return ok;
}

Result<void> check_listed(const Manifest& manifest, const std::string& file, const std::string& path) {
  if (manifest.files.count(file) > 0) return {};
  return json_error(path, describe(Json(file)) + " is not listed in files");
}

Result<void> check_model_files(const Manifest& manifest) {
  for (const ModelEntry& model : manifest.models)
    for (const EngineEntry& engine : model.engines)
      for (std::size_t i = 0; i < engine.files.size(); ++i) {
        const bool is_alone = engine.files.size() == 1 && engine.files[0].batch == 0;
        const std::string key = is_alone ? ".file" : ".files[" + std::to_string(i) + "].path";
        GANTRY_RETURN_IF_ERROR(check_listed(manifest, engine.files[i].path, engine.path + key));
      }
  return {};
}

Result<void> check_value_files(const Manifest& manifest, const GoldenValue& value, const std::string& path) {
  return value.for_each_file(
      path, [&](const std::string& file, const std::string& at) { return check_listed(manifest, file, at); });
}

Result<void> check_golden_files(const Manifest& manifest) {
  for (std::size_t i = 0; i < manifest.golden.size(); ++i) {
    const GoldenCase& golden = manifest.golden[i];
    const std::string path = "golden[" + std::to_string(i) + "]";
    if (manifest.inputs.empty()) GANTRY_RETURN_IF_ERROR(check_value_files(manifest, golden.inputs[0], path + ".input"));
    for (std::size_t j = 0; j < manifest.inputs.size(); ++j)
      GANTRY_RETURN_IF_ERROR(check_value_files(manifest, golden.inputs[j], path + ".inputs." + manifest.inputs[j]));
    for (std::size_t j = 0; j < golden.stages.size(); ++j) {
      const std::string stage = path + ".stages[" + std::to_string(j) + "].value";
      GANTRY_RETURN_IF_ERROR(check_value_files(manifest, golden.stages[j].value, stage));
    }
    GANTRY_RETURN_IF_ERROR(check_value_files(manifest, golden.result.value, path + ".result.value"));
  }
  return {};
}

Result<Manifest> parse(const Bytes& text) {
  GANTRY_ASSIGN_OR_RETURN(auto json,
                          parse_json({reinterpret_cast<const char*>(text.data()), text.size()}, "gantry.json"));
  JsonObject object(json, "");
  const std::int64_t format = object.integer("format");
  if (object.ok() && format != kManifestFormat)
    return Error(ErrorCode::kUnsupported, "gantry.json has format " + std::to_string(format) +
                                              ", this version reads format " + std::to_string(kManifestFormat) +
                                              (format < kManifestFormat ? "; pack the model again" : ""));
  Manifest manifest;
  manifest.name = read_name(object, "name");
  manifest.version = read_name(object, "version");
  manifest.created = object.string("created", "");
  GANTRY_RETURN_IF_ERROR(read_parts(object, manifest));
  GANTRY_RETURN_IF_ERROR(check_model_files(manifest));
  GANTRY_RETURN_IF_ERROR(check_golden_files(manifest));
  return manifest;
}

}  // namespace

bool is_safe_path(const std::string& path) {
  for (const char c : path)
    if (c == '\\' || static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return false;
  std::size_t begin = 0;
  while (true) {
    const std::size_t end = path.find('/', begin);
    const std::string_view part = std::string_view(path).substr(begin, end == std::string::npos ? end : end - begin);
    if (part.empty() || part == "." || part == "..") return false;
    if (end == std::string::npos) return true;
    begin = end + 1;
  }
}

const ModelEntry* Manifest::model(std::string_view wanted) const {
  for (const ModelEntry& entry : models)
    if (entry.name == wanted) return &entry;
  return nullptr;
}

Result<Manifest> parse_manifest(const Bytes& text) {
  auto manifest = parse(text);
  if (manifest || manifest.error().code() == ErrorCode::kUnsupported) return manifest;
  return manifest.error().message().rfind("gantry.json", 0) == 0 ? manifest : manifest.error().within("gantry.json");
}

}  // namespace gantry::inline GANTRY_ABI::detail
