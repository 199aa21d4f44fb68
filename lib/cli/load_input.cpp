// SPDX-License-Identifier: Apache-2.0
#include "cli/load_input.hpp"

#include <algorithm>
#include <filesystem>
#include <gantry/bytes.hpp>
#include <system_error>
#include <utility>
#include <vector>

namespace gantry::cli {
namespace {

/// What the codecs make of a file, by the ending of its name.
Result<Payload> load_file(const Codecs& codecs, const PayloadType& type, const std::string& path) {
  auto content = read_file(path);
  if (!content) return std::move(content).error();
  auto payload = codecs.from_bytes(type, *std::move(content), media_type_of(path));
  if (!payload) return payload.error().within("'" + path + "'");
  return payload;
}

using Parts = std::vector<std::pair<std::string, std::string>>;

/// "name=a.npy,name=b.npy" as names and files.
Result<Parts> parts_of(const std::string& argument) {
  Parts parts;
  for (std::size_t begin = 0; begin <= argument.size();) {
    const auto end = std::min(argument.find(',', begin), argument.size());
    const std::string part = argument.substr(begin, end - begin);
    const auto equals = part.find('=');
    if (equals == std::string::npos)
      return Error(ErrorCode::kInvalidArgument,
                   "several inputs are given as name=a.npy,name=b.npy, not '" + part + "'");
    parts.emplace_back(part.substr(0, equals), part.substr(equals + 1));
    begin = end + 1;
  }
  return parts;
}

Result<Tensors> load_tensors(const Codecs& codecs, const Parts& parts) {
  Tensors tensors;
  for (const auto& [name, path] : parts) {
    auto tensor = load_file(codecs, PayloadType::of<Tensor>(), path);
    if (!tensor) return std::move(tensor).error();
    auto loaded = (*std::move(tensor)).as<Tensor>();
    if (!loaded) return std::move(loaded).error();
    tensors.add(name, *std::move(loaded));
  }
  return tensors;
}

/// A file for each of the pipeline's inputs.
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

}  // namespace

Result<Payload> load_input(const AnyPipeline& pipeline, const std::string& argument) {
  const Codecs& codecs = pipeline.codecs();
  const bool has_several = pipeline.inputs().size() > 1;
  const PayloadType& type = pipeline.inputs()[0].type;
  std::error_code ignored;
  const bool is_file = std::filesystem::exists(argument, ignored);  // a file's name may hold a '=', too
  if (!has_several && (is_file || argument.find('=') == std::string::npos)) return load_file(codecs, type, argument);
  auto parts = parts_of(argument);
  if (!parts) return std::move(parts).error();
  if (has_several) return load_inputs(pipeline, *parts);
  auto tensors = load_tensors(codecs, *parts);
  if (!tensors) return std::move(tensors).error();
  return codecs.from_tensors(type, *std::move(tensors));
}

}  // namespace gantry::cli
