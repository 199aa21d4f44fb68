// SPDX-License-Identifier: Apache-2.0
// Reading engines[] of gantry.json.
#include "package/engine_entry.hpp"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>

#include "core/json_access.hpp"
#include "core/return_if_error.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

constexpr std::size_t kMaxNameLength = 128;
constexpr std::size_t kMaxFiles = 64;
constexpr std::size_t kMaxSizes = 64;
constexpr std::int64_t kMaxSamples = 1 << 20;

/// Reads the only file (`file`), or one per batch size (`files`).
Result<void> read_files(JsonObject& object, const Json* file, const Json* files, EngineEntry& engine) {
  if ((file != nullptr) == (files != nullptr))
    return json_error(object.path(), "needs either file, a path, or files, a list of {path, batch}");
  if (file != nullptr) {
    if (!file->is_string()) return json_error(object.path_of("file"), "expected a string, got " + describe(*file));
    engine.files.push_back({file->get<std::string>(), 0});
    return {};
  }
  if (!files->is_array() || files->empty() || files->size() > kMaxFiles)
    return json_error(object.path_of("files"), "expected a list of 1.." + std::to_string(kMaxFiles) + " files");
  for (std::size_t i = 0; i < files->size(); ++i) {
    JsonObject item((*files)[i], object.path_of("files") + "[" + std::to_string(i) + "]");
    EntryFile one;
    one.path = item.string("path");
    const bool is_only = files->size() == 1;
    one.batch = static_cast<int>(
        item.integer("batch", is_only ? 0 : 1, kMaxBatch, is_only ? std::optional<std::int64_t>(0) : std::nullopt));
    if (item.ok() && !engine.files.empty() && one.batch <= engine.files.back().batch)
      item.fail("batch", "must be greater than the previous one, " + std::to_string(engine.files.back().batch) +
                             ", got " + std::to_string(one.batch));
    GANTRY_RETURN_IF_ERROR(item.finish());
    engine.files.push_back(std::move(one));
  }
  return {};
}

/// Reads what only the engine understands: any JSON object.
Result<void> read_for_engine(JsonObject& object, EngineEntry& engine, const Json* requirements, const Json* options) {
  if (requirements) {
    if (!requirements->is_object())
      return json_error(object.path_of("requires"), "expected an object, got " + describe(*requirements));
    engine.requirements = *requirements;
  }
  if (!options) return {};
  GANTRY_ASSIGN_OR_RETURN(engine.options,
                          EngineOptions::from_json(JsonAccess::borrow(*options, object.path_of("options"))));
  return {};
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

/// A proof lists what was compared. Without one a reason is required, and the rest says how far the check got.
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
  if (object.ok() && is_proof && sizes->empty())
    object.fail("sizes", "a proof needs at least one batch size that was compared");
  if (object.ok() && !is_proof && rows.reason.empty()) object.fail("reason", "must say why rows are not independent");
  GANTRY_RETURN_IF_ERROR(object.finish());
  if (sizes) GANTRY_RETURN_IF_ERROR(read_sizes(*sizes, object.path_of("sizes"), rows));
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

std::string EngineEntry::file_names() const {
  std::string text;
  for (const EntryFile& file : files) text += (text.empty() ? "" : ", ") + file.path;
  return text;
}

Result<EngineEntry> parse_engine_entry(const Json& json, const std::string& path) {
  JsonObject object(json, path);
  EngineEntry engine;
  engine.path = path;
  engine.kind = read_name(object, "kind");
  static constexpr std::initializer_list<const char*> kDevices = {"any", "cpu", "cuda"};
  engine.device = kDevices.begin()[object.choice("device", kDevices, 0)];
  engine.precision = object.string("precision", "");
  const Json* file = object.find("file");
  const Json* files = object.find("files");
  const Json* requirements = object.find("requires");
  const Json* options = object.find("options");
  const Json* rows = object.find("rows");
  GANTRY_RETURN_IF_ERROR(object.finish());
  GANTRY_RETURN_IF_ERROR(read_files(object, file, files, engine));
  GANTRY_RETURN_IF_ERROR(read_for_engine(object, engine, requirements, options));
  if (rows) GANTRY_RETURN_IF_ERROR(read_rows(*rows, object.path_of("rows"), engine));
  return engine;
}

}  // namespace gantry::inline GANTRY_ABI::detail
