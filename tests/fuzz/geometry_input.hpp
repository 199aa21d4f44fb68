// SPDX-License-Identifier: Apache-2.0
// GeometryInput: reads bytes as images and geometric ops. Every byte means something; behind the last one come zeros.
#pragma once

#include <cstddef>
#include <cstdint>
#include <gantry/image.hpp>
#include <limits>
#include <random>

namespace gantry::inline GANTRY_ABI::test {

class GeometryInput {
 public:
  GeometryInput(const std::uint8_t* data, std::size_t size) : next_(data), end_(data + size) {}

  bool has_more() const { return next_ != end_; }
  std::uint8_t byte() { return has_more() ? *next_++ : std::uint8_t{0}; }
  bool flag() { return byte() % 2 == 1; }
  /// One of count values of an enum, sometimes one that there is not.
  template <class E>
  E one_of(int count) {
    const int value = byte();
    return static_cast<E>(value == 255 ? count : value % count);
  }

  /// Up to 64 x 64 pixels of noise, sometimes a view.
  Image image() {
    const auto colour = static_cast<Colour>(byte() % 3);
    const std::int64_t width = 1 + byte() % 64, height = 1 + byte() % 64;
    Image made = Image::make(width, height, colour).value();
    std::minstd_rand random(byte() + 1u);
    for (std::uint8_t& value : made.pixels().mutable_values<std::uint8_t>().value())
      value = static_cast<std::uint8_t>(random() >> 8);
    if (width < 4 || height < 4 || flag()) return made;
    return made.crop(1, 2, width - 2, height - 3).value();
  }

  /// Mostly small; else any of two bytes, or around a limit.
  std::int64_t integer() {
    constexpr std::int64_t kLargest = std::numeric_limits<std::int64_t>::max();
    constexpr std::int64_t kLimits[] = {-1,       -65535,       -65536, 65535, 65536, std::int64_t{1} << 31,
                                        kLargest, -kLargest - 1};
    const int value = byte();
    if (value < 192) return value;
    if (value < 224) return value - 224;
    if (value < 240) return byte() * 256 + byte();
    return kLimits[value % 8];
  }

  /// Eighths; else tiny, huge or no number at all.
  float real() {
    constexpr float kInfinity = std::numeric_limits<float>::infinity();
    constexpr float kLimits[] = {-1.0f, -0.0f,     1e-30f,     65535.0f,
                                 3e38f, kInfinity, -kInfinity, std::numeric_limits<float>::quiet_NaN()};
    const int value = byte();
    if (value < 240) return static_cast<float>(value) / 8;
    return kLimits[value % 8];
  }

  image::Resampling resampling() {
    image::Resampling how;
    how.filter = one_of<image::Filter>(9);
    how.antialias = byte() % 8 != 0;
    how.reference = flag() ? one_of<image::Reference>(3) : image::Reference::kPillow;
    return how;
  }

  /// In order of evaluation: arguments are read one by one.
  Stage<Image, Image> op() {
    switch (byte() % 14) {
      case 0:
        return image::resize(resize());
      case 1: {
        const std::int64_t size = integer();
        const image::Resampling how = resampling();
        const std::int64_t limit = flag() ? integer() : 0;
        return image::resize_short(size, how, limit, one_of<image::Rounding>(3));
      }
      case 2: {
        const std::int64_t size = integer();
        const image::Resampling how = resampling();
        return image::resize_long(size, how, one_of<image::Rounding>(3));
      }
      case 3:
        return image::thumbnail(thumbnail());
      case 4: {
        const std::int64_t left = integer(), top = integer(), width = integer();
        return image::crop(left, top, width, integer());
      }
      case 5: {
        const std::int64_t width = integer(), height = integer();
        const image::Centre centre = one_of<image::Centre>(3);
        return image::center_crop(width, height, centre, fill());
      }
      case 6:
        return image::pad(pad());
      case 7:
        return image::flip(one_of<image::FlipAxis>(2));
      case 8:
        return image::rotate90(integer());
      case 9:
        return image::letterbox(letterbox());
      case 10:
        return image::resize_fit(fit());
      case 11: {
        const float fraction = real();
        return image::crop_short(static_cast<double>(fraction) / 32, one_of<image::Centre>(3));
      }
      case 12:
        return image::pad_to(pad_to());
      default: {
        const std::int64_t width = integer(), height = integer();
        return image::resize(width, height, resampling());
      }
    }
  }

 private:
  image::Fill fill() {
    const std::uint8_t red = byte();
    if (!flag()) return red;
    const std::uint8_t green = byte(), blue = byte();
    return flag() ? image::Fill(red, green, blue, byte()) : image::Fill(red, green, blue);
  }

  image::Fit fit() {
    image::Fit options;
    options.width = integer();
    options.height = integer();
    options.fit = one_of<image::FitTo>(3);
    options.rounding = one_of<image::Rounding>(2);
    if (flag()) options.multiple = integer();
    options.how = resampling();
    return options;
  }

  image::PadTo pad_to() {
    image::PadTo options;
    const std::uint8_t target = byte();
    if (target % 4 == 0) options.square = true;
    if (target % 4 == 1) options.multiple = integer();
    if (target % 4 > 1) {
      options.width = integer();
      options.height = integer();
    }
    options.anchor = one_of<image::Anchor>(2);
    options.value = fill();
    return options;
  }

  image::Resize resize() {
    image::Resize options;
    options.width = integer();
    options.height = integer();
    options.how.filter = one_of<image::Filter>(6);
    if (flag()) options.how = resampling();
    if (flag()) options.box = image::Box{real(), real(), real(), real()};
    if (flag()) options.reducing_gap = static_cast<double>(real());
    return options;
  }

  image::Thumbnail thumbnail() {
    image::Thumbnail options;
    options.width = integer();
    options.height = integer();
    options.filter = one_of<image::Filter>(6);
    if (flag()) options.reducing_gap = static_cast<double>(real());
    return options;
  }

  image::Pad pad() {
    image::Pad options;
    for (std::int64_t* side : {&options.left, &options.top, &options.right, &options.bottom}) *side = integer();
    options.value = fill();
    options.mode = one_of<image::PadMode>(3);
    return options;
  }

  image::Letterbox letterbox() {
    image::Letterbox options;
    options.width = integer();
    options.height = integer();
    options.value = fill();
    options.scale_up = flag();
    options.how = resampling();
    return options;
  }

  const std::uint8_t* next_;
  const std::uint8_t* end_;
};

}  // namespace gantry::inline GANTRY_ABI::test
