// SPDX-License-Identifier: Apache-2.0
// Every instruction set against the sums written out, over buffers that end where the pixels end.
#include "ops/image/kernels/resample_kernels.hpp"

#include <gtest/gtest.h>
#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

#include "ops/image/kernels/linear_kernels.hpp"
#include "ops/image/kernels/opencv_weights.hpp"
#include "ops/kernels/each_target.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

using Bytes = std::vector<std::uint8_t>;

class Kernels : public testing::Test {
 protected:
  std::int64_t below(std::int64_t limit) {
    return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(limit));
  }
  std::int64_t side() {
    const std::int64_t sides[] = {1, 2, 3, 5, 7, 16, 17, 31, 64, 97, 331, 1999};
    return below(2) == 0 ? sides[below(12)] : 1 + below(400);
  }
  std::int64_t some_channels() {
    const std::int64_t counts[] = {1, 3, 4};
    return counts[below(3)];
  }
  /// Noise, or black and white.
  Bytes bytes(std::int64_t count) {
    const bool is_extreme = below(2) == 0;
    Bytes made(static_cast<std::size_t>(count));
    for (auto& byte : made) byte = static_cast<std::uint8_t>(is_extreme ? below(2) * 255 : below(256));
    return made;
  }

  /// Some outputs of a random axis.
  AxisWeights weights(std::int64_t in) {
    const std::int64_t out = side();
    const std::int64_t first = below(out), count = 1 + below(out - first);
    if (below(3) == 0)
      return torch_u8_weights(in, out, below(2) == 0 ? image::Filter::kBilinear : image::Filter::kBicubic, first,
                              count);
    return pillow_weights(in, out, static_cast<image::Filter>(below(5)), first, count, {0.0f, static_cast<float>(in)});
  }

  std::mt19937_64 random_{5};
};

std::uint8_t rounded(std::int64_t sum, int shift) {
  return static_cast<std::uint8_t>(std::clamp<std::int64_t>((sum + (std::int64_t{1} << shift >> 1)) >> shift, 0, 255));
}

TEST_F(Kernels, ResampleRowsAsWrittenOut) {
  test::on_each_target([this] {
    for (int round = 0; round < 400; ++round) {
      const std::int64_t in = side(), channels = some_channels();
      const AxisWeights axis = weights(in);
      const std::int64_t first = axis.windows.front().begin;
      const std::int64_t columns = axis.windows.back().begin + axis.windows.back().count - first;
      const auto count = static_cast<std::size_t>(1 + below(4));
      std::vector<Bytes> rows, results;
      std::vector<const std::uint8_t*> in_rows;
      std::vector<std::uint8_t*> out_rows;
      for (std::size_t i = 0; i < count; ++i) {
        rows.push_back(bytes(columns * channels));
        results.emplace_back(axis.windows.size() * static_cast<std::size_t>(channels));
        rows.back().shrink_to_fit();
      }
      for (std::size_t i = 0; i < count; ++i) {
        in_rows.push_back(rows[i].data());
        out_rows.push_back(results[i].data());
      }
      resample_rows(in_rows.data(), out_rows.data(), count, static_cast<std::size_t>(channels), first, columns, axis);
      for (std::size_t i = 0; i < count; ++i) {
        for (std::size_t x = 0; x < axis.windows.size(); ++x) {
          for (std::int64_t c = 0; c < channels; ++c) {
            std::int64_t sum = 0;
            for (std::int64_t tap = 0; tap < axis.windows[x].count; ++tap)
              sum += static_cast<std::int64_t>(axis.values_of(x)[tap]) *
                     rows[i][static_cast<std::size_t>((axis.windows[x].begin - first + tap) * channels + c)];
            ASSERT_EQ(results[i][x * static_cast<std::size_t>(channels) + static_cast<std::size_t>(c)],
                      rounded(sum, axis.shift))
                << in << " to part of an axis, channels " << channels << ", output " << x;
          }
        }
      }
    }
  });
}

/// As many bits as there can be without any weight leaving 16, though not every output of the axis was looked at.
TEST(TorchWeights, HaveAsManyBitsAsFit) {
  using image::Filter;
  for (const Filter filter : {Filter::kBilinear, Filter::kBicubic})
    for (std::int64_t in = 1; in < 40; ++in)
      for (std::int64_t out = 1; out < 150; ++out)
        for (const auto& weights :
             {torch_u8_weights(in, out, filter, 0, out), torch_u8_point_weights(in, out, filter, 0, out)}) {
          ASSERT_TRUE(weights.fits_16_bits) << in << " to " << out;
          const std::int32_t largest = *std::max_element(weights.values.begin(), weights.values.end());
          ASSERT_TRUE(weights.shift == 22 || largest >= (1 << 14) - 1) << in << " to " << out;
        }
}

TEST_F(Kernels, CombineRowsAsWrittenOut) {
  test::on_each_target([this] {
    for (int round = 0; round < 300; ++round) {
      const AxisWeights axis = weights(1 + below(200));
      const auto output = static_cast<std::size_t>(below(static_cast<std::int64_t>(axis.windows.size())));
      const std::int64_t width = 1 + below(200);
      std::vector<Bytes> rows;
      std::vector<const std::uint8_t*> in_rows;
      for (std::int64_t tap = 0; tap < axis.windows[output].count; ++tap) rows.push_back(bytes(width));
      for (const Bytes& row : rows) in_rows.push_back(row.data());
      Bytes result(static_cast<std::size_t>(width));
      combine_rows(in_rows.data(), output, result.data(), result.size(), axis);
      for (std::size_t i = 0; i < result.size(); ++i) {
        std::int64_t sum = 0;
        for (std::size_t tap = 0; tap < rows.size(); ++tap)
          sum += static_cast<std::int64_t>(axis.values_of(output)[tap]) * rows[tap][i];
        ASSERT_EQ(result[i], rounded(sum, axis.shift));
      }
    }
  });
}

TEST_F(Kernels, LinearRowsAsWrittenOut) {
  test::on_each_target([this] {
    for (int round = 0; round < 400; ++round) {
      const std::int64_t in = side(), out = side(), channels = some_channels();
      const AxisWeights axis = opencv_linear_weights(in, out, false, 0, out);
      const std::int64_t first = axis.windows.front().begin;
      const std::int64_t columns = axis.windows.back().begin + axis.windows.back().count - first;
      const Bytes row = bytes(columns * channels);
      std::vector<std::uint16_t> result(static_cast<std::size_t>(out * channels));
      const std::uint8_t* const in_rows[] = {row.data()};
      std::uint16_t* const out_rows[] = {result.data()};
      linear_rows(in_rows, out_rows, 1, static_cast<std::size_t>(channels), first, columns, axis);
      for (std::size_t x = 0; x < axis.windows.size(); ++x) {
        for (std::int64_t c = 0; c < channels; ++c) {
          std::int64_t sum = 0;
          for (std::int64_t tap = 0; tap < axis.windows[x].count; ++tap)
            sum += static_cast<std::int64_t>(axis.values_of(x)[tap]) *
                   row[static_cast<std::size_t>((axis.windows[x].begin - first + tap) * channels + c)];
          ASSERT_EQ(result[x * static_cast<std::size_t>(channels) + static_cast<std::size_t>(c)], sum >> 4);
        }
      }
    }
  });
}

TEST_F(Kernels, LinearCombineAsWrittenOut) {
  test::on_each_target([this] {
    for (int round = 0; round < 300; ++round) {
      const auto count = static_cast<std::size_t>(1 + below(100));
      std::vector<std::uint16_t> upper(count), lower(count);
      for (auto& value : upper) value = static_cast<std::uint16_t>(below(32641));
      for (auto& value : lower) value = static_cast<std::uint16_t>(below(32641));
      const auto weight = static_cast<std::int32_t>(below(2049));
      Bytes result(count);
      linear_combine(upper.data(), lower.data(), weight, 2048 - weight, result.data(), count);
      for (std::size_t i = 0; i < count; ++i)
        ASSERT_EQ(result[i], ((upper[i] * weight >> 16) + (lower[i] * (2048 - weight) >> 16) + 2) >> 2);
    }
  });
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::detail
