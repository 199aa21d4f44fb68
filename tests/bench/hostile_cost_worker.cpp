// SPDX-License-Identifier: Apache-2.0
// Decodes files for hostile_cost.py, which counts the instructions of decode_measured() under valgrind's callgrind:
// lines "MODE FILE" on standard input, a line of outcome for each on standard output.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <gantry/image.hpp>
#include <iostream>
#include <string>
#include <vector>

#include "ops/image/decoder.hpp"
#include "ops/image/row_stream.hpp"

namespace {

using namespace gantry;

/// One row from the middle: what is above is skipped, what is below is looked at for errors only.
Result<void> read_middle(const Bytes& file, const image::Decode& options) {
  auto stream = detail::open_rows(file, options, nullptr);
  if (!stream) return std::move(stream).error();
  if (*stream == nullptr) {
    auto image = detail::decode_image(file, options);
    return image ? Result<void>() : Result<void>(std::move(image).error());
  }
  if (auto ok = (*stream)->select((*stream)->size().height / 2, 0, 1); !ok) return ok;
  std::vector<std::uint8_t> row((*stream)->row_bytes());
  std::uint8_t* const rows[] = {row.data()};
  if (auto ok = (*stream)->read_rows(rows, 1); !ok) return ok;
  return (*stream)->finish();
}

Result<void> decode(const std::string& mode, const Bytes& file) {
  image::Decode options;
  if (mode == "part") return read_middle(file, options);
  options.exif_orientation = mode == "upright";
  options.truncated = mode == "accept" ? image::Truncated::kAccept : image::Truncated::kRefuse;
  if (mode == "header") {
    auto header = image::probe_header(file);
    return header ? Result<void>() : Result<void>(std::move(header).error());
  }
  auto image = detail::decode_image(file, options);
  return image ? Result<void>() : Result<void>(std::move(image).error());
}

}  // namespace

/// What is counted; a name of its own, for callgrind.
extern "C" [[gnu::noinline]] void decode_measured(const std::string& mode, const gantry::Bytes& file,
                                                  gantry::Result<void>& result) {
  result = decode(mode, file);
}

int main() {
  std::string mode, path;
  while (std::cin >> mode && std::getline(std::cin >> std::ws, path)) {
    const auto file = gantry::read_file(path);
    if (!file) {
      std::fprintf(stderr, "%s\n", file.error().to_string().c_str());
      return EXIT_FAILURE;
    }
    gantry::Result<void> result;
    decode_measured(mode, *file, result);
    std::printf("%s\n", result ? "read" : result.error().to_string().c_str());
  }
  return EXIT_SUCCESS;
}
