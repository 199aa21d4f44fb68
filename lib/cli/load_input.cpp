// SPDX-License-Identifier: Apache-2.0
#include "cli/load_input.hpp"

#include <algorithm>
#include <filesystem>
#include <gantry/bytes.hpp>
#include <system_error>
#include <utility>

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

/// "name=a.npy,name=b.npy".
Result<Tensors> load_tensors(const Codecs& codecs, const std::string& argument) {
  Tensors tensors;
  for (std::size_t begin = 0; begin <= argument.size();) {
    const auto end = std::min(argument.find(',', begin), argument.size());
    const std::string part = argument.substr(begin, end - begin);
    const auto equals = part.find('=');
    if (equals == std::string::npos)
      return Error(ErrorCode::kInvalidArgument,
                   "several tensors are given as name=a.npy,name=b.npy, not '" + part + "'");
    auto tensor = load_file(codecs, PayloadType::of<Tensor>(), part.substr(equals + 1));
    if (!tensor) return std::move(tensor).error();
    auto loaded = (*std::move(tensor)).as<Tensor>();
    if (!loaded) return std::move(loaded).error();
    tensors.add(part.substr(0, equals), *std::move(loaded));
    begin = end + 1;
  }
  return tensors;
}

}  // namespace

Result<Payload> load_input(const AnyPipeline& pipeline, const std::string& argument) {
  const Codecs& codecs = pipeline.codecs();
  const PayloadType& type = pipeline.inputs()[0].type;
  std::error_code ignored;
  const bool is_file = std::filesystem::exists(argument, ignored);  // a file's name may hold a '=', too
  if (is_file || argument.find('=') == std::string::npos) return load_file(codecs, type, argument);
  auto tensors = load_tensors(codecs, argument);
  if (!tensors) return std::move(tensors).error();
  return codecs.from_tensors(type, *std::move(tensors));
}

}  // namespace gantry::cli
