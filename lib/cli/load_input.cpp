// SPDX-License-Identifier: Apache-2.0
#include "cli/load_input.hpp"

#include <gantry/bytes.hpp>
#include <gantry/image.hpp>
#include <gantry/tensor.hpp>

#include "model/npy.hpp"

namespace gantry::cli {
namespace {

using detail::Value;

template <class T>
bool is(const detail::TypeInfo& type) {
  return detail::same_type(type, detail::type_of<T>());
}

Result<Tensor> load_npy(const std::string& path) {
  const auto file = read_file(path);
  if (!file) return file.error();
  auto tensor = detail::parse_npy(*file);
  if (!tensor) return tensor.error().within("'" + path + "'");
  return tensor;
}

Result<Image> load_image(const std::string& path) {
  auto pixels = load_npy(path);
  if (!pixels) return pixels.error();
  if (pixels->rank() == 2) {
    pixels = pixels->reshape({pixels->shape()[0], pixels->shape()[1], 1});
    if (!pixels) return pixels.error();
  }
  const std::int64_t channels = pixels->rank() == 3 ? pixels->shape()[2] : 0;
  if (pixels->dtype() != DType::kU8 || (channels != 1 && channels != 3 && channels != 4))
    return Error(ErrorCode::kInvalidArgument, "this pipeline takes an image: u8[height, width, 1, 3 or 4], got " +
                                                  pixels->to_string() + " in '" + path + "'");
  return Image::from(*pixels, channels == 1 ? Colour::kGray : channels == 3 ? Colour::kRgb : Colour::kRgba);
}

Result<Tensors> load_tensors(const std::string& argument, const std::string& only_input) {
  Tensors tensors;
  for (std::size_t begin = 0; begin <= argument.size();) {
    const auto end = std::min(argument.find(',', begin), argument.size());
    const std::string part = argument.substr(begin, end - begin);
    const auto equals = part.find('=');
    const bool is_named = equals != std::string::npos;
    if (!is_named && (only_input.empty() || part.size() != argument.size()))
      return Error(ErrorCode::kInvalidArgument,
                   "this pipeline takes several tensors: write name=a.npy,name=b.npy, not '" + part + "'");
    auto tensor = load_npy(is_named ? part.substr(equals + 1) : part);
    if (!tensor) return tensor.error();
    tensors.add(is_named ? part.substr(0, equals) : only_input, *std::move(tensor));
    begin = end + 1;
  }
  return tensors;
}

template <class T>
Result<Value> box(Result<T> loaded) {
  if (!loaded) return loaded.error();
  return Value(*std::move(loaded));
}

}  // namespace

Result<Value> load_input(const std::string& argument, const detail::TypeInfo& type, const std::string& only_input) {
  if (is<Bytes>(type)) return box(read_file(argument));
  if (is<Tensor>(type)) return box(load_npy(argument));
  if (is<Tensors>(type)) return box(load_tensors(argument, only_input));
  if (is<Image>(type)) return box(load_image(argument));
  return Error(ErrorCode::kUnsupported,
               "this tool cannot make a " + type.name() + " from a file; it makes Bytes, Tensor, Tensors and Image");
}

}  // namespace gantry::cli
