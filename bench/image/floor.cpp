// SPDX-License-Identifier: Apache-2.0
// The floor of the image benchmark: libjpeg-turbo decoding the rows and columns that a centred crop of the resized
// image needs, and nothing else. Same protocol as worker.cpp.
//
//   bench_image_floor INPUT FIRST_ROW ROWS FIRST_COLUMN COLUMNS
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>
// jpeglib.h needs cstddef and cstdio.
#include <jpeglib.h>

namespace {

struct Part {
  JDIMENSION first_row, rows, first_column, columns;
};

void decode(const std::vector<unsigned char>& file, Part part) {
  jpeg_decompress_struct info{};
  jpeg_error_mgr errors{};
  info.err = jpeg_std_error(&errors);
  jpeg_create_decompress(&info);
  jpeg_mem_src(&info, file.data(), static_cast<unsigned long>(file.size()));
  jpeg_read_header(&info, TRUE);
  info.out_color_space = JCS_RGB;
  jpeg_start_decompress(&info);
  if (part.columns < info.output_width) jpeg_crop_scanline(&info, &part.first_column, &part.columns);
  std::vector<unsigned char> row(static_cast<std::size_t>(info.output_width) * 3);
  unsigned char* rows[] = {row.data()};
  if (part.first_row > 0) jpeg_skip_scanlines(&info, part.first_row);
  for (JDIMENSION y = 0; y < part.rows; ++y) jpeg_read_scanlines(&info, rows, 1);
  jpeg_destroy_decompress(&info);
}

double cpu_ns() {
  std::timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6)
    return std::fprintf(stderr, "usage: bench_image_floor INPUT FIRST_ROW ROWS FIRST_COLUMN COLUMNS\n"), 64;
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  std::ifstream stream(argv[1], std::ios::binary);
  const std::vector<unsigned char> file{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  const auto number = [argv](int index) { return static_cast<JDIMENSION>(std::atoi(argv[index])); };
  const Part part = {number(2), number(3), number(4), number(5)};
  decode(file, part);
  std::puts("{\"version\": \"libjpeg-turbo\"}");
  std::string word;
  int count = 0;
  while (std::cin >> word >> count) {
    const auto began = std::chrono::steady_clock::now();
    const double cpu_began = cpu_ns();
    for (int i = 0; i < count; ++i) decode(file, part);
    const double wall = std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - began).count();
    std::printf("{\"wall_ns\": %.0f, \"cpu_ns\": %.0f}\n", wall / count, (cpu_ns() - cpu_began) / count);
  }
}
