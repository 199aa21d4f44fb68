// SPDX-License-Identifier: Apache-2.0
// Writes JPEG files of every kind that libjpeg-turbo can write, of random pixels.
#pragma once

#include <csetjmp>
#include <cstdio>
// jpeglib.h needs the two above.
#include <jpeglib.h>

#include <cstdint>
#include <cstdlib>
#include <gantry/version.hpp>
#include <random>
#include <string>
#include <vector>

namespace gantry::inline GANTRY_ABI::test {

/// Horizontal and vertical sampling factor of a component.
struct JpegSampling {
  int horizontal = 1;
  int vertical = 1;
};

struct JpegFile {
  int width = 1;
  int height = 1;
  /// One for each component: 1 is gray, 3 YCbCr, 4 CMYK.
  std::vector<JpegSampling> sampling = {{2, 2}, {1, 1}, {1, 1}};
  int quality = 80;
  bool is_progressive = false;
  bool is_interleaved = true;  ///< false: a scan for each component
  unsigned restart_interval = 0;
  unsigned restart_rows = 0;

  std::string name() const {
    std::string text = std::to_string(width) + "x" + std::to_string(height);
    for (const JpegSampling& s : sampling) text += " " + std::to_string(s.horizontal) + std::to_string(s.vertical);
    if (is_progressive) text += " progressive";
    if (!is_interleaved) text += " not interleaved";
    return text + " restart " + std::to_string(restart_interval) + "," + std::to_string(restart_rows);
  }

  std::vector<std::uint8_t> bytes(std::uint32_t seed = 1) const {
    jpeg_compress_struct info{};
    jpeg_error_mgr errors{};
    info.err = jpeg_std_error(&errors);  // an error ends the test program
    jpeg_create_compress(&info);
    unsigned char* written = nullptr;
    unsigned long size = 0;
    jpeg_mem_dest(&info, &written, &size);
    set_up(info);
    const std::vector<jpeg_scan_info> scans = one_scan_each();
    if (!is_interleaved && !is_progressive) {
      info.scan_info = scans.data();
      info.num_scans = static_cast<int>(scans.size());
    }
    jpeg_start_compress(&info, TRUE);
    write_rows(info, seed);
    jpeg_finish_compress(&info);
    jpeg_destroy_compress(&info);
    std::vector<std::uint8_t> file(written, written + size);
    std::free(written);
    return file;
  }

 private:
  void set_up(jpeg_compress_struct& info) const {
    info.image_width = static_cast<JDIMENSION>(width);
    info.image_height = static_cast<JDIMENSION>(height);
    info.input_components = static_cast<int>(sampling.size());
    info.in_color_space = sampling.size() == 1 ? JCS_GRAYSCALE : sampling.size() == 3 ? JCS_RGB : JCS_CMYK;
    jpeg_set_defaults(&info);
    jpeg_set_quality(&info, quality, TRUE);
    for (std::size_t c = 0; c < sampling.size(); ++c) {
      info.comp_info[c].h_samp_factor = sampling[c].horizontal;
      info.comp_info[c].v_samp_factor = sampling[c].vertical;
    }
    info.restart_interval = restart_interval;
    info.restart_in_rows = static_cast<int>(restart_rows);
    if (is_progressive) jpeg_simple_progression(&info);
  }

  std::vector<jpeg_scan_info> one_scan_each() const {
    std::vector<jpeg_scan_info> scans;
    for (std::size_t c = 0; c < sampling.size(); ++c) scans.push_back({1, {static_cast<int>(c)}, 0, 63, 0, 0});
    return scans;
  }

  /// Random walks: neighbours are alike but never equal, so that a pixel in the wrong place shows.
  void write_rows(jpeg_compress_struct& info, std::uint32_t seed) const {
    std::mt19937 random(seed);
    const std::size_t channels = sampling.size();
    std::vector<std::uint8_t> row(static_cast<std::size_t>(width) * channels, 128);
    while (info.next_scanline < info.image_height) {
      for (std::size_t i = 0; i < row.size(); ++i) {
        const auto number = static_cast<std::uint32_t>(random());
        const unsigned left = i < channels ? row[i] : row[i - channels];
        const unsigned mixed = (left + row[i]) / 2 + number % 49;
        row[i] = number % 97 == 0 ? static_cast<std::uint8_t>(number >> 16)
                                  : static_cast<std::uint8_t>(mixed < 24    ? 0
                                                              : mixed > 279 ? 255
                                                                            : mixed - 24);
      }
      JSAMPROW rows[] = {row.data()};
      jpeg_write_scanlines(&info, rows, 1);
    }
  }
};

}  // namespace gantry::inline GANTRY_ABI::test
