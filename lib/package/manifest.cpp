// SPDX-License-Identifier: Apache-2.0
// Reading gantry.json, key by key.
#include "package/manifest.hpp"

#include <algorithm>
#include <set>
#include <string_view>

#include "model/padding.hpp"

namespace gantry::detail {
namespace {

constexpr std::int64_t kFormat = 1;
constexpr std::size_t kMaxEngines = 8;
constexpr std::size_t kMaxArguments = 64;
constexpr std::int64_t kMaxFileBytes = std::int64_t{1} << 40;
constexpr std::int64_t kMaxBatch = 65536;

/// Calls `read(item, path)` for each item of a list; stops at the first error.
template <class Read>
Result<void> for_each_item(const Json& list, const std::string& path, Read read) {
  for (std::size_t i = 0; i < list.size(); ++i) {
    Result<void> item = read(list[i], path + "[" + std::to_string(i) + "]");
    if (!item) return item;
  }
  return {};
}

Result<Dim> read_dim(const Json& json, const std::string& path) {
  Dim dim;
  if (json.is_string()) {
    dim.symbol = json.get<std::string>();
    if (!dim.symbol.empty()) return dim;
  } else if (json.is_number_integer()) {
    dim.extent = json.get<std::int64_t>();
    if (dim.extent >= 1) return dim;
  }
  return json_error(path, "expected an integer from 1 or a symbol, got " + describe(json));
}

Result<void> read_spec(const Json& json, const std::string& path, std::vector<TensorSpec>& specs) {
  JsonObject object(json, path);
  TensorSpec spec;
  spec.name = object.string("name");
  const std::string dtype = object.string("dtype");
  const Json* shape = object.list("shape", true);
  if (auto ok = object.finish(); !ok) return ok;
  auto parsed = parse_dtype(dtype);
  if (!parsed) return json_error(object.path_of("dtype"), parsed.error().message());
  spec.dtype = *parsed;
  auto ok =
      for_each_item(*shape, object.path_of("shape"), [&](const Json& item, const std::string& at) -> Result<void> {
        auto dim = read_dim(item, at);
        if (!dim) return std::move(dim).error();
        spec.dims.push_back(*std::move(dim));
        return {};
      });
  if (ok) specs.push_back(std::move(spec));
  return ok;
}

Result<void> read_signature(JsonObject& object, Manifest& manifest) {
  std::vector<TensorSpec> specs[2];
  for (const std::size_t side : {std::size_t{0}, std::size_t{1}}) {
    const char* key = side == 0 ? "inputs" : "outputs";
    const Json* list = object.list(key, true);
    if (list == nullptr) return {};  // finish() reports it
    auto ok = for_each_item(*list, object.path_of(key),
                            [&](const Json& item, const std::string& at) { return read_spec(item, at, specs[side]); });
    if (!ok) return ok;
  }
  auto signature = Signature::make(std::move(specs[0]), std::move(specs[1]));
  if (!signature) return signature.error().within("gantry.json: inputs, outputs");
  manifest.signature = *std::move(signature);
  return {};
}

/// PaddingPlan knows what a padding may be; here are only the types.
Result<void> read_padding(const Json& json, Manifest& manifest) {
  JsonObject object(json, "padding");
  Padding padding;
  padding.dim = object.string("dim");
  const Json* lengths = object.list("lengths", false);
  const Json* values = object.find("values");
  if (auto ok = object.finish(); !ok) return ok;
  if (lengths) {
    if (lengths->empty())
      return json_error("padding.lengths", "needs a length; without the key there are default ones");
    auto ok = for_each_item(*lengths, "padding.lengths", [&](const Json& item, const std::string& at) -> Result<void> {
      if (!item.is_number_integer()) return json_error(at, "expected an integer, got " + describe(item));
      padding.lengths.push_back(item.get<std::int64_t>());
      return {};
    });
    if (!ok) return ok;
  }
  if (values && !values->is_object())
    return json_error("padding.values", "expected an object, got " + describe(*values));
  if (values)
    for (const auto& item : values->items()) {
      if (!item.value().is_number())
        return json_error("padding.values." + item.key(), "expected a number, got " + describe(item.value()));
      padding.values[item.key()] = item.value().get<double>();
    }
  auto plan = PaddingPlan::make(padding, manifest.signature);
  if (!plan) return Error(ErrorCode::kInvalidArgument, "padding." + plan.error().message());
  manifest.padding = std::move(padding);
  return {};
}

/// The engine knows which arguments there are and of which type; here are only the types that JSON can give.
Result<ArgumentValue> read_argument(const Json& json, const std::string& path) {
  if (json.is_boolean()) return ArgumentValue(json.get<bool>());
  if (json.is_string()) return ArgumentValue(json.get<std::string>());
  if (json.is_number_float()) return ArgumentValue(json.get<double>());
  const bool is_too_large = json.is_number_unsigned() && json.get<std::uint64_t>() > std::uint64_t{INT64_MAX};
  if (json.is_number_integer() && !is_too_large) return ArgumentValue(json.get<std::int64_t>());
  return json_error(path, "expected true, false, a 64-bit integer, a number or a string, got " + describe(json));
}

Result<void> read_arguments(const Json& json, Manifest& manifest) {
  if (!json.is_object()) return json_error("arguments", "expected an object, got " + describe(json));
  if (json.size() > kMaxArguments)
    return json_error("arguments", "has " + std::to_string(json.size()) + " arguments, at most " +
                                       std::to_string(kMaxArguments) + " are allowed");
  for (const auto& item : json.items()) {
    const std::string path = "arguments." + item.key();
    if (item.key().empty()) return json_error("arguments", "an argument has no name");
    for (const TensorSpec& spec : manifest.signature.inputs())
      if (spec.name == item.key()) return json_error(path, "is the name of an input");
    auto value = read_argument(item.value(), path);
    if (!value) return std::move(value).error();
    manifest.arguments.emplace(item.key(), *std::move(value));
  }
  return {};
}

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
  if (auto ok = object.finish(); !ok) return ok;
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
  if (auto ok = object.finish(); !ok) return ok;
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

/// The keys whose values are read by functions of their own.
Result<void> read_parts(JsonObject& object, Manifest& manifest) {
  const Json* provenance = object.find("provenance");
  const Json* accuracy = object.find("accuracy");
  const Json* latency = object.find("latency");
  const Json* padding = object.find("padding");
  const Json* arguments = object.find("arguments");
  const Json* engines = object.list("engines", true);
  const Json* pipeline = object.list("pipeline", true);
  const Json* golden = object.list("golden", true);
  const Json* files = object.list("files", true);
  object.find("inputs");
  object.find("outputs");
  if (auto ok = object.finish(); !ok) return ok;

  if (engines->empty() || engines->size() > kMaxEngines)
    return json_error("engines",
                      "needs 1.." + std::to_string(kMaxEngines) + " engines, got " + std::to_string(engines->size()));
  Result<void> ok = for_each_item(*engines, "engines", [&](const Json& item, const std::string& at) -> Result<void> {
    auto entry = parse_engine_entry(item, at);
    if (!entry) return std::move(entry).error();
    manifest.engines.push_back(*std::move(entry));
    return {};
  });
  if (ok) ok = read_signature(object, manifest);
  if (ok) ok = object.finish();
  if (ok && padding) ok = read_padding(*padding, manifest);
  if (ok && arguments) ok = read_arguments(*arguments, manifest);
  if (ok)
    ok = for_each_item(*files, "files",
                       [&](const Json& item, const std::string& at) { return read_file_entry(item, at, manifest); });
  if (ok)
    ok = for_each_item(*golden, "golden", [&](const Json& item, const std::string& at) -> Result<void> {
      auto parsed = parse_golden_case(item, at);
      if (!parsed) return std::move(parsed).error();
      manifest.golden.push_back(*std::move(parsed));
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

/// A library is a file of the package, or the bare name of what the host gives. A path that is not listed is neither.
Result<void> check_engine_files(const Manifest& manifest) {
  for (std::size_t i = 0; i < manifest.engines.size(); ++i) {
    const EngineEntry& engine = manifest.engines[i];
    const std::string path = "engines[" + std::to_string(i) + "]";
    if (auto ok = check_listed(manifest, engine.file, path + ".file"); !ok) return ok;
    for (std::size_t j = 0; j < engine.libraries.size(); ++j)
      if (engine.libraries[j].find('/') != std::string::npos)
        if (auto ok =
                check_listed(manifest, engine.libraries[j], path + ".requires.libraries[" + std::to_string(j) + "]");
            !ok)
          return ok;
  }
  return {};
}

Result<void> check_value_files(const Manifest& manifest, const GoldenValue& value, const std::string& path) {
  using Kind = GoldenValue::Kind;
  if (value.kind == Kind::kFile) return check_listed(manifest, value.file, path + ".file");
  if (value.kind == Kind::kList || value.kind == Kind::kTuple) {
    const std::string items = path + (value.kind == Kind::kList ? ".list[" : ".tuple[");
    for (std::size_t i = 0; i < value.items.size(); ++i)
      if (auto ok = check_value_files(manifest, value.items[i], items + std::to_string(i) + "]"); !ok) return ok;
    return {};
  }
  return value.for_each_tensor(path, [&](const GoldenTensor& tensor, const std::string& at) -> Result<void> {
    using Form = GoldenTensor::Form;
    if (tensor.form == Form::kDigest) return {};
    const bool is_named = value.kind == Kind::kTensors && tensor.form == Form::kWhole;  // its path is the name's
    return check_listed(manifest, tensor.file,
                        at + (tensor.form == Form::kSample ? ".sample.npy"
                              : is_named                   ? ""
                                                           : ".npy"));
  });
}

Result<void> check_golden_files(const Manifest& manifest) {
  for (std::size_t i = 0; i < manifest.golden.size(); ++i) {
    const GoldenCase& golden = manifest.golden[i];
    const std::string path = "golden[" + std::to_string(i) + "]";
    if (auto ok = check_value_files(manifest, golden.input, path + ".input"); !ok) return ok;
    for (std::size_t j = 0; j < golden.stages.size(); ++j) {
      const std::string stage = path + ".stages[" + std::to_string(j) + "].value";
      if (auto ok = check_value_files(manifest, golden.stages[j].value, stage); !ok) return ok;
    }
    if (auto ok = check_value_files(manifest, golden.result.value, path + ".result.value"); !ok) return ok;
  }
  return {};
}

Result<Manifest> parse(const Bytes& text) {
  auto json = parse_json({reinterpret_cast<const char*>(text.data()), text.size()}, "gantry.json");
  if (!json) return std::move(json).error();
  JsonObject object(*json, "");
  const std::int64_t format = object.integer("format");
  if (object.ok() && format != kFormat)
    return Error(ErrorCode::kUnsupported, "gantry.json has format " + std::to_string(format) +
                                              ", this version reads format " + std::to_string(kFormat));
  Manifest manifest;
  manifest.name = read_name(object, "name");
  manifest.version = read_name(object, "version");
  manifest.created = object.string("created", "");
  manifest.max_batch = static_cast<int>(object.integer("max_batch", 1, kMaxBatch, 16));
  if (auto ok = read_parts(object, manifest); !ok) return std::move(ok).error();
  if (auto ok = check_engine_files(manifest); !ok) return std::move(ok).error();
  if (auto ok = check_golden_files(manifest); !ok) return std::move(ok).error();
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

std::string Manifest::title_of(const EngineEntry& engine) const {
  const auto is_alike = [&](const EngineEntry& other) { return other.kind == engine.kind; };
  const bool is_alone = std::count_if(engines.begin(), engines.end(), is_alike) == 1;
  return is_alone ? engine.kind : engine.kind + " (" + engine.file + ")";
}

Result<Manifest> parse_manifest(const Bytes& text) {
  auto manifest = parse(text);
  if (manifest || manifest.error().code() == ErrorCode::kUnsupported) return manifest;
  return manifest.error().message().rfind("gantry.json", 0) == 0 ? manifest : manifest.error().within("gantry.json");
}

}  // namespace gantry::detail
