// SPDX-License-Identifier: Apache-2.0
// Finds a type's codec, and derives those of lists and tuples for JSON, bytes and comparisons. Tensors:
// payload_tensors.cpp.
#include "pipeline/payload_codecs.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

#include "core/json_access.hpp"
#include "core/json_enclosure.hpp"
#include "core/return_if_error.hpp"
#include "model/npy.hpp"
#include "pipeline/open_tuple.hpp"
#include "pipeline/payload_guard.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

constexpr std::string_view kReserved[] = {"file", "npy", "digest", "sample", "list", "tuple"};

/// Whether a codec of this type may be called "tensors"; for other types the name is reserved.
bool is_of_tensors(const TypeInfo& type) {
  return same_type(type, type_of<Tensor>()) || same_type(type, type_of<Tensors>());
}

/// An error if a codec's name is invalid.
std::optional<std::string> name_mistake(const std::string& name, const TypeInfo& type) {
  const bool is_reserved = std::find(std::begin(kReserved), std::end(kReserved), name) != std::end(kReserved);
  if (is_reserved || (name == "tensors" && !is_of_tensors(type)))
    return "the name '" + name + "' means something else in JSON";
  const bool is_plain = name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-.") == std::string::npos;
  if (name.empty() || !is_plain)
    return "expected a name of lower-case letters, digits, '_', '-' and '.', got " + describe(Json(name));
  return std::nullopt;
}

std::string at(std::size_t index) {
  return "[" + std::to_string(index) + "]";
}

const char* key_of(Structure structure) {
  return structure == Structure::kList ? "list" : "tuple";
}

/// The value of the only key of `json`, which must be `key`.
Result<JsonView> only_member(const JsonView& json, const std::string& key, const TypeInfo& type) {
  const auto value = json.find(key);
  if (value && json.size() == 1) return *value;
  return json.error("expected " + type.name() + ", which is {\"" + key + "\": ...}, got " +
                    (json.kind() == JsonKind::kObject ? json.to_string().substr(0, 60) : json.describe()));
}

Result<Value> collect(const TypeInfo& type, std::vector<Value> items) {
  if (type.tuple) return type.tuple->collect(items.data());
  return type.list->collect(items.data(), items.size());
}

/// "image/jpeg" for "Image/JPEG; q=1".
std::string essence_of(std::string_view media_type) {
  media_type = media_type.substr(0, media_type.find(';'));
  std::string essence;
  for (const char c : media_type)
    if (c != ' ' && c != '\t') essence += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return essence;
}

}  // namespace

Structure structure_of(const TypeInfo& type) {
  if (type.list) return Structure::kList;
  return type.tuple || is_open_tuple(type) ? Structure::kTuple : Structure::kLeaf;
}

std::vector<PayloadRef> items_of(const PayloadRef& payload) {
  std::vector<PayloadRef> items;
  if (const ListOps* list = payload.type->list) {
    for (std::size_t i = 0; i < list->size(payload.data); ++i)
      items.emplace_back(list->element(), list->at(payload.data, i));
  } else if (const TupleOps* tuple = payload.type->tuple) {
    for (std::size_t i = 0; i < tuple->arity; ++i) items.emplace_back(tuple->element(i), tuple->at(payload.data, i));
  } else {
    for (const Value& item : static_cast<const ValueTuple*>(payload.data)->items) items.emplace_back(item);
  }
  return items;
}

std::string count_difference(std::size_t expected, std::size_t got) {
  return "expected " + std::to_string(expected) + " values, got " + std::to_string(got);
}

Result<const ErasedCodec*> PayloadCodecs::find(const TypeInfo& type) const {
  const auto found = std::find_if(data_.codecs.begin(), data_.codecs.end(),
                                  [&](const auto& codec) { return same_type(*codec->type, type); });
  if (found == data_.codecs.end())
    return Error(ErrorCode::kUnsupported, type.name() + " has no codec; give one to Registry::add_codec()");
  if (auto mistake = name_mistake((*found)->name, type))
    return Error(ErrorCode::kInvalidArgument, "the codec of " + type.name() + ": " + *mistake);
  return found->get();
}

std::string PayloadCodecs::name_of(const TypeInfo& type) const {
  if (const Structure structure = structure_of(type); structure != Structure::kLeaf) return key_of(structure);
  const auto codec = find(type);
  return codec ? (*codec)->name : "";
}

Result<void> PayloadCodecs::write_json(const PayloadRef& payload, JsonWriter& writer) const {
  if (const Structure structure = structure_of(*payload.type); structure != Structure::kLeaf) {
    writer.begin_object().key(key_of(structure)).begin_list();
    for (const PayloadRef& item : items_of(payload)) GANTRY_RETURN_IF_ERROR(write_json(item, writer));
    writer.end_list().end_object();
    return {};
  }
  GANTRY_ASSIGN_OR_RETURN(const auto codec, find(*payload.type));
  if (!codec->write_json) return lacks(*codec, "written as JSON", "write_json");
  writer.begin_object().key(codec->name);
  JsonEnclosure enclosure(writer);
  auto written = guarded(*codec, [&]() -> Result<void> {
    codec->write_json(payload.data, writer);
    return {};
  });
  const auto mistake = enclosure.end();
  GANTRY_RETURN_IF_ERROR(written);
  if (mistake) return Error(ErrorCode::kInternal, "write_json: " + *mistake).within(title_of(*codec));
  writer.end_object();
  return {};
}

Result<Value> PayloadCodecs::read_json(const TypeInfo& type, const JsonView& json) const {
  if (is_open_tuple(type))
    return Error(ErrorCode::kUnsupported, "a tuple whose element types are not stated cannot be read");
  const Structure structure = structure_of(type);
  if (structure == Structure::kLeaf) {
    GANTRY_ASSIGN_OR_RETURN(const auto codec, find(type));
    if (!codec->read_json) return lacks(*codec, "read from JSON", "read_json");
    GANTRY_ASSIGN_OR_RETURN(const auto content, only_member(json, codec->name, type));
    return guarded(*codec, [&] { return codec->read_json(content); });
  }
  GANTRY_ASSIGN_OR_RETURN(const auto list, only_member(json, key_of(structure), type));
  GANTRY_ASSIGN_OR_RETURN(const auto parts, list.items());
  if (type.tuple && type.tuple->arity != parts.size())
    return list.error(count_difference(type.tuple->arity, parts.size()));
  std::vector<Value> items;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    GANTRY_ASSIGN_OR_RETURN(auto item, read_json(type.tuple ? type.tuple->element(i) : type.list->element(), parts[i]));
    items.push_back(std::move(item));
  }
  return collect(type, std::move(items));
}

Result<Value> PayloadCodecs::from_bytes(const TypeInfo& type, Bytes bytes, std::string_view media_type) const {
  const std::string kind = essence_of(media_type);
  const bool is_leaf = structure_of(type) == Structure::kLeaf;
  GANTRY_ASSIGN_OR_RETURN(const auto codec, is_leaf ? find(type) : Result<const ErasedCodec*>(nullptr));
  if (kind == "application/json" && (!is_leaf || codec->read_json)) {
    GANTRY_ASSIGN_OR_RETURN(auto json, JsonView::parse({reinterpret_cast<const char*>(bytes.data()), bytes.size()}));
    return read_json(type, json);
  }
  if (kind == "application/x-npy" && (!is_leaf || codec->from_tensors)) {
    GANTRY_ASSIGN_OR_RETURN(auto tensor, parse_npy(bytes));
    return from_tensors(type, Tensors{{"", std::move(tensor)}});
  }
  if (!is_leaf)
    return Error(ErrorCode::kUnsupported, type.name() + " cannot be made from a file of this kind; JSON and .npy can");
  if (!codec->from_bytes) return lacks(*codec, "made from " + (kind.empty() ? "bytes" : kind), "from_bytes");
  return guarded(*codec, [&] { return codec->from_bytes(std::move(bytes), media_type); });
}

Result<std::optional<std::string>> PayloadCodecs::difference(const PayloadRef& expected, const PayloadRef& got,
                                                             const Tolerance& tolerance) const {
  using Difference = std::optional<std::string>;
  const Structure structure = structure_of(*expected.type);
  const bool is_alike =
      structure == Structure::kLeaf ? same_type(*expected.type, *got.type) : structure == structure_of(*got.type);
  if (!is_alike)
    return Error(ErrorCode::kInvalidArgument, "expected " + expected.type->name() + ", got " + got.type->name());
  if (structure != Structure::kLeaf) {
    const auto wanted = items_of(expected);
    const auto found = items_of(got);
    if (wanted.size() != found.size()) return Difference(count_difference(wanted.size(), found.size()));
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      auto differs = difference(wanted[i], found[i], tolerance);
      if (!differs) return differs.error().within(at(i));
      if (*differs) return Difference(at(i) + ": " + **differs);
    }
    return Difference();
  }
  GANTRY_ASSIGN_OR_RETURN(const auto codec, find(*expected.type));
  if (!codec->difference) return tensors_difference(expected, got, tolerance);
  return guarded(*codec, [&]() -> Result<Difference> { return codec->difference(expected.data, got.data, tolerance); });
}

Result<std::string> PayloadCodecs::line(const PayloadRef& payload) const {
  if (const Structure structure = structure_of(*payload.type); structure != Structure::kLeaf) {
    std::string text;
    for (const PayloadRef& item : items_of(payload)) {
      GANTRY_ASSIGN_OR_RETURN(auto part, line(item));
      text += (text.empty() ? "" : ", ") + part;
    }
    return structure == Structure::kList ? "[" + text + "]" : "(" + text + ")";
  }
  GANTRY_ASSIGN_OR_RETURN(const auto codec, find(*payload.type));
  if (codec->line) return guarded(*codec, [&]() -> Result<std::string> { return codec->line(payload.data); });
  JsonWriter writer;
  GANTRY_RETURN_IF_ERROR(write_json(payload, writer));
  return writer.finish();
}

}  // namespace gantry::inline GANTRY_ABI::detail
