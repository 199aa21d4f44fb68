// SPDX-License-Identifier: Apache-2.0
// Reading engines[] of gantry.json.
#include "package/engine_entry.hpp"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>

namespace gantry::detail {
namespace {

constexpr std::size_t kMaxNameLength = 128;
constexpr std::size_t kMaxLibraries = 16;
constexpr std::size_t kMaxLibraryLength = 4096;
constexpr std::size_t kMaxSizes = 64;
constexpr std::int64_t kMaxBatch = 65536;
constexpr std::int64_t kMaxSamples = 1 << 20;

bool is_digits(std::string_view text) {
  return !text.empty() && text.size() <= 4 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// "2.15" or ">=2.6".
bool is_torch_requirement(std::string_view text) {
  if (text.rfind(">=", 0) == 0) text.remove_prefix(2);
  const auto dot = text.find('.');
  return dot != std::string_view::npos && is_digits(text.substr(0, dot)) && is_digits(text.substr(dot + 1));
}

/// Files of the package or bare names; no control character, since they stand in messages.
bool is_library(std::string_view text) {
  return !text.empty() && text.size() <= kMaxLibraryLength && text != "." && text != ".." &&
         std::none_of(text.begin(), text.end(),
                      [](char c) { return c == '\\' || static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

Result<void> read_libraries(const Json& list, const std::string& path, EngineEntry& engine) {
  if (list.size() > kMaxLibraries)
    return json_error(path, "has " + std::to_string(list.size()) + " libraries, at most " +
                                std::to_string(kMaxLibraries) + " are allowed");
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::string at = path + "[" + std::to_string(i) + "]";
    if (!list[i].is_string() || !is_library(list[i].get_ref<const std::string&>()))
      return json_error(at, "expected a file of the package or a library's name, got " + describe(list[i]));
    std::string name = list[i].get<std::string>();
    if (std::find(engine.libraries.begin(), engine.libraries.end(), name) != engine.libraries.end())
      return json_error(at, describe(list[i]) + " is listed twice");
    engine.libraries.push_back(std::move(name));
  }
  return {};
}

Result<void> read_requires(const Json& json, const std::string& path, EngineEntry& engine) {
  JsonObject object(json, path);
  engine.torch = object.string("torch", "");
  if (object.ok() && object.has("torch") && !is_torch_requirement(engine.torch))
    object.fail("torch", "expected \"2.15\" or \">=2.6\", got " + describe(Json(engine.torch)));
  if (object.find("isa")) {
    static constexpr std::initializer_list<const char*> kLevels = {"x86-64", "x86-64-v2", "x86-64-v3", "x86-64-v4",
                                                                   "aarch64"};
    const std::size_t index = object.choice("isa", kLevels);
    if (object.ok()) engine.isa = kLevels.begin()[index];
  }
  const Json* libraries = object.list("libraries", false);
  if (auto ok = object.finish(); !ok) return ok;
  return libraries ? read_libraries(*libraries, object.path_of("libraries"), engine) : Result<void>();
}

Result<void> read_sizes(const Json& list, const std::string& path, RowProof& rows) {
  if (list.size() > kMaxSizes)
    return json_error(
        path, "has " + std::to_string(list.size()) + " sizes, at most " + std::to_string(kMaxSizes) + " are allowed");
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::string at = path + "[" + std::to_string(i) + "]";
    if (!list[i].is_number_integer()) return json_error(at, "expected an integer, got " + describe(list[i]));
    const std::int64_t low = rows.sizes.empty() ? 2 : rows.sizes.back() + 1;
    const auto size = list[i].get<std::int64_t>();
    if (size < low || size > kMaxBatch)
      return json_error(at, "must be " + std::to_string(low) + ".." + std::to_string(kMaxBatch) + ", ascending, got " +
                                describe(list[i]));
    rows.sizes.push_back(size);
  }
  return {};
}

/// A proof names what was compared; without one there is a reason, and the rest says how far it got.
Result<void> read_rows(const Json& json, const std::string& path, EngineEntry& engine) {
  JsonObject object(json, path);
  RowProof rows;
  rows.independent = object.boolean("independent");
  const bool is_proof = object.ok() && rows.independent;
  const Json* sizes = object.list("sizes", is_proof);
  rows.samples = object.integer("samples", is_proof ? 2 : 0, kMaxSamples,
                                is_proof ? std::nullopt : std::optional<std::int64_t>(0));
  const std::optional<double> none = is_proof ? std::nullopt : std::optional<double>(0);
  rows.tolerance = {false, object.number("atol", none), object.number("rtol", none)};
  for (const auto& [key, bound] : {std::pair("atol", rows.tolerance.atol), std::pair("rtol", rows.tolerance.rtol)})
    if (object.ok() && (!std::isfinite(bound) || bound < 0)) object.fail(key, "must be finite and not negative");
  rows.reason = object.string("reason", is_proof ? std::optional<std::string>("") : std::nullopt);
  if (object.ok() && is_proof && sizes->empty()) object.fail("sizes", "a proof needs a size that was compared");
  if (object.ok() && !is_proof && rows.reason.empty()) object.fail("reason", "must say why rows are not independent");
  if (auto ok = object.finish(); !ok) return ok;
  if (sizes)
    if (auto ok = read_sizes(*sizes, object.path_of("sizes"), rows); !ok) return ok;
  engine.rows = std::move(rows);
  return {};
}

}  // namespace

bool is_name(std::string_view text) {
  const auto is_plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return !text.empty() && text.size() <= kMaxNameLength && is_plain(text[0]) &&
         std::all_of(text.begin(), text.end(), [&](char c) { return is_plain(c) || c == '.' || c == '_' || c == '-'; });
}

std::string what_a_name_is() {
  return "must be lower-case letters, digits, '.', '_' and '-', at most " + std::to_string(kMaxNameLength) + " of them";
}

std::string read_name(JsonObject& object, const char* key) {
  std::string name = object.string(key);
  if (object.ok() && !is_name(name)) object.fail(key, what_a_name_is() + ", got " + describe(Json(name)));
  return name;
}

Result<EngineEntry> parse_engine_entry(const Json& json, const std::string& path) {
  JsonObject object(json, path);
  EngineEntry engine;
  engine.kind = read_name(object, "kind");
  engine.file = object.string("file");
  static constexpr std::initializer_list<const char*> kDevices = {"any", "cpu", "cuda"};
  engine.device = kDevices.begin()[object.choice("device", kDevices, 0)];
  const Json* requirements = object.find("requires");
  const Json* rows = object.find("rows");
  if (auto ok = object.finish(); !ok) return std::move(ok).error();
  if (requirements)
    if (auto ok = read_requires(*requirements, object.path_of("requires"), engine); !ok) return std::move(ok).error();
  if (rows)
    if (auto ok = read_rows(*rows, object.path_of("rows"), engine); !ok) return std::move(ok).error();
  return engine;
}

}  // namespace gantry::detail
