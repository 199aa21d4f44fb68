// SPDX-License-Identifier: Apache-2.0
#include "cli/load_input.hpp"

#include <algorithm>
#include <filesystem>
#include <gantry/bytes.hpp>
#include <gantry/json.hpp>
#include <system_error>
#include <utility>
#include <vector>

#include "core/return_if_error.hpp"

namespace gantry::inline GANTRY_ABI::cli {
namespace {

constexpr char kJson[] = "application/json";

/// Decodes a file by the extension of its name.
Result<Payload> load_file(const Codecs& codecs, const PayloadType& type, const std::string& path) {
  GANTRY_ASSIGN_OR_RETURN(auto content, read_file(path));
  const std::string kind = media_type_of(path);
  const bool takes_arrays = type == PayloadType::of<Tensor>() || type == PayloadType::of<Tensors>();
  if (takes_arrays && kind != kJson && kind != "application/x-npy")
    return Error(ErrorCode::kUnsupported,
                 "'" + path + "': this pipeline takes " + type.name() + ": give a .npy or .json file");
  auto payload = codecs.from_bytes(type, std::move(content), kind);
  if (!payload) return payload.error().within("'" + path + "'");
  return payload;
}

using Parts = std::vector<std::pair<std::string, std::string>>;

/// Whether "name=file" begins at `at`, with one of `names`; if there are none, any text with a '=' before the next ','.
bool begins_part(const std::string& argument, std::size_t at, const std::vector<std::string>& names) {
  if (names.empty()) return argument.find('=', at) < argument.find(',', at);
  return std::any_of(names.begin(), names.end(),
                     [&](const std::string& name) { return argument.compare(at, name.size() + 1, name + "=") == 0; });
}

/// Splits "name=a.npy,name=b.npy" into names and files. A ',' that no name follows is part of a file's name.
Result<Parts> parts_of(const std::string& argument, const std::vector<std::string>& names) {
  Parts parts;
  for (std::size_t begin = 0; begin <= argument.size();) {
    auto end = std::min(argument.find(',', begin), argument.size());
    while (end < argument.size() && !begins_part(argument, end + 1, names))
      end = std::min(argument.find(',', end + 1), argument.size());
    const std::string part = argument.substr(begin, end - begin);
    const auto equals = part.find('=');
    if (equals == std::string::npos)
      return Error(
          ErrorCode::kInvalidArgument,
          "several inputs are given as name=a.npy,name=b.npy" +
              std::string(names.empty() ? "" : ", or as one .json file, an object with a value for each name") +
              ", not '" + part + "'");
    parts.emplace_back(part.substr(0, equals), part.substr(equals + 1));
    begin = end + 1;
  }
  return parts;
}

Result<Tensors> load_tensors(const Codecs& codecs, const Parts& parts) {
  Tensors tensors;
  for (const auto& [name, path] : parts) {
    GANTRY_ASSIGN_OR_RETURN(auto tensor, load_file(codecs, PayloadType::of<Tensor>(), path));
    GANTRY_ASSIGN_OR_RETURN(auto loaded, std::move(tensor).as<Tensor>());
    tensors.add(name, std::move(loaded));
  }
  return tensors;
}

std::vector<std::string> names_of(const AnyPipeline& pipeline) {
  std::vector<std::string> names;
  for (const Port& port : pipeline.inputs()) names.push_back(port.name);
  return names;
}

/// Loads one file for each of the pipeline's inputs.
Result<Payload> load_inputs(const AnyPipeline& pipeline, const Parts& parts) {
  std::string names;
  for (const Port& port : pipeline.inputs()) names += (names.empty() ? "" : ",") + port.name + "=FILE";
  std::vector<Payload> payloads;
  for (const Port& port : pipeline.inputs()) {
    const auto is_of_port = [&](const auto& part) { return part.first == port.name; };
    if (std::count_if(parts.begin(), parts.end(), is_of_port) != 1 || parts.size() != pipeline.inputs().size())
      return Error(ErrorCode::kInvalidArgument, "this pipeline takes " + names);
    auto payload =
        load_file(pipeline.codecs(), port.type, std::find_if(parts.begin(), parts.end(), is_of_port)->second);
    if (!payload) return payload.error().within("input '" + port.name + "'");
    payloads.push_back(*std::move(payload));
  }
  return pipeline.join(std::move(payloads));
}

/// "an object with the keys 'a', 'b', ..."; for anything else what it is.
std::string keys_of(const JsonView& json) {
  constexpr std::size_t kMost = 8;
  const auto members = json.members();
  if (!members) return json.describe();
  std::string keys;
  for (std::size_t i = 0; i < std::min(members->size(), kMost); ++i)
    keys += (i == 0 ? "'" : ", '") + (*members)[i].key + "'";
  return "an object with " + (keys.empty() ? "none" : keys) + (members->size() > kMost ? ", ..." : "");
}

/// Loads a JSON object with a value for each input, each as in a .json file of that input.
Result<Payload> load_object(const AnyPipeline& pipeline, const std::string& path) {
  GANTRY_ASSIGN_OR_RETURN(const auto content, read_file(path));
  const auto json = JsonView::parse({reinterpret_cast<const char*>(content.data()), content.size()});
  if (!json) return json.error().within("'" + path + "'");
  std::string names;
  bool has_all = json->size() == pipeline.inputs().size();
  for (const Port& port : pipeline.inputs()) {
    names += (names.empty() ? "'" : ", '") + port.name + "'";
    has_all = has_all && json->find(port.name);
  }
  if (!has_all)
    return Error(ErrorCode::kInvalidArgument,
                 "'" + path + "': expected an object with the keys " + names + ", got " + keys_of(*json));
  std::vector<Payload> payloads;
  for (const Port& port : pipeline.inputs()) {
    auto payload = pipeline.codecs().read_json(port.type, *json->find(port.name));
    if (!payload) return payload.error().within("'" + path + "'");
    payloads.push_back(*std::move(payload));
  }
  return pipeline.join(std::move(payloads));
}

}  // namespace

Result<Payload> load_input(const AnyPipeline& pipeline, const std::string& argument) {
  const Codecs& codecs = pipeline.codecs();
  const bool has_several = pipeline.inputs().size() > 1;
  const PayloadType& type = pipeline.inputs()[0].type;
  std::error_code ignored;
  const bool is_file = std::filesystem::exists(argument, ignored);  // a file's name may contain a '='
  if (!has_several && (is_file || argument.find('=') == std::string::npos)) return load_file(codecs, type, argument);
  if (has_several && is_file && media_type_of(argument) == kJson) return load_object(pipeline, argument);
  GANTRY_ASSIGN_OR_RETURN(auto parts,
                          parts_of(argument, has_several ? names_of(pipeline) : std::vector<std::string>()));
  if (has_several) return load_inputs(pipeline, parts);
  GANTRY_ASSIGN_OR_RETURN(auto tensors, load_tensors(codecs, parts));
  return codecs.from_tensors(type, std::move(tensors));
}

}  // namespace gantry::inline GANTRY_ABI::cli
