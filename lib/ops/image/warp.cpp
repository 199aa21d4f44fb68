// SPDX-License-Identifier: Apache-2.0
// image.affine and image.perspective.
#include <gantry/image/warp.hpp>

#include <Eigen/QR>
#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "core/return_if_error.hpp"
#include "ops/image/geometry.hpp"
#include "ops/image/resampling.hpp"
#include "ops/parameters.hpp"
#include "ops/row_bands.hpp"

namespace gantry::inline GANTRY_ABI::image {
namespace {

using detail::ImageSize;

/// A position in an image, in grid_sample's coordinates: -1 and 1 are the edges.
struct Place {
  float x;
  float y;
};

class Sampler {
 public:
  Sampler(const Image& image, const Sampling& how) : image_(image), how_(how) {}

  void sample(Place place, std::uint8_t* out) const {
    const float x = to_pixels(place.x, image_.width());
    const float y = to_pixels(place.y, image_.height());
    if (how_.filter == Filter::kNearest) return take_nearest(std::nearbyint(x), std::nearbyint(y), out);
    const float left = std::floor(x), top = std::floor(y);
    const float to_right = x - left, to_bottom = y - top;
    const float to_left = 1 - to_right, to_top = 1 - to_bottom;
    const Corner corners[] = {{pixel(left, top), to_left * to_top},
                              {pixel(left + 1, top), to_right * to_top},
                              {pixel(left, top + 1), to_left * to_bottom},
                              {pixel(left + 1, top + 1), to_right * to_bottom}};
    float share = 0;
    for (const Corner& corner : corners) share += corner.pixel == nullptr ? 0.0f : corner.weight;
    for (std::size_t c = 0; c < image_.channels(); ++c) {
      float sum = 0;
      for (const Corner& corner : corners)
        sum += corner.pixel == nullptr ? 0.0f : static_cast<float>(corner.pixel[c]) * corner.weight;
      if (how_.fill) sum = (sum - *how_.fill) * share + *how_.fill;
      out[c] = static_cast<std::uint8_t>(std::clamp(std::nearbyint(sum), 0.0f, 255.0f));
    }
  }

 private:
  struct Corner {
    const std::uint8_t* pixel;
    float weight;
  };

  static float to_pixels(float place, std::int64_t side) { return (place + 1) * (static_cast<float>(side) / 2) - 0.5f; }

  /// nullptr outside the image and for NaN.
  const std::uint8_t* pixel(float x, float y) const {
    if (!(x >= 0 && y >= 0 && x < static_cast<float>(image_.width()) && y < static_cast<float>(image_.height())))
      return nullptr;
    return image_.row(static_cast<std::int64_t>(y)) + static_cast<std::size_t>(x) * image_.channels();
  }

  void take_nearest(float x, float y, std::uint8_t* out) const {
    const std::uint8_t* from = pixel(x, y);
    for (std::size_t c = 0; c < image_.channels(); ++c) out[c] = from != nullptr ? from[c] : how_.fill.value_or(0);
  }

  const Image& image_;
  const Sampling& how_;
};

/// `place_of`: Place(float x, float y), the source position of the pixel in column x and row y.
template <class F>
Result<Image> warped(const Image& image, ImageSize size, const Sampling& how, const CallContext& call, F place_of) {
  constexpr std::int64_t kNanosecondsAPixel = 10;
  auto out = Image::make(size.width, size.height, image.colour());
  if (!out) return out;
  const Sampler sampler(image, how);
  const auto rows = [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t y = begin; y < end; ++y) {
      std::uint8_t* row = out->mutable_row(y);
      for (std::int64_t x = 0; x < size.width; ++x, row += image.channels())
        sampler.sample(place_of(static_cast<float>(x), static_cast<float>(y)), row);
    }
  };
  const std::int64_t work = kNanosecondsAPixel * size.width * size.height;
  GANTRY_RETURN_IF_ERROR(detail::for_row_bands(call, size.height, work, rows));
  return out;
}

Result<void> check_sampling(const Sampling& how) {
  if (how.filter == Filter::kBilinear || how.filter == Filter::kNearest) return {};
  return Error(ErrorCode::kInvalidArgument, "filter must be bilinear or nearest");
}

Result<void> check_finite(const char* name, double value) {
  if (std::isfinite(value)) return {};
  return Error(ErrorCode::kInvalidArgument, std::string(name) + " must be finite, got " + detail::to_text(value));
}

Result<void> check(const Affine& options) {
  const std::pair<const char*, double> numbers[] = {
      {"angle", options.angle},
      {"translate_x", options.translate_x},
      {"translate_y", options.translate_y},
      {"scale", options.scale},
      {"shear_x", options.shear_x},
      {"shear_y", options.shear_y},
      {"centre", options.centre ? options.centre->at(0) + options.centre->at(1) : 0}};
  for (const auto& [name, value] : numbers) GANTRY_RETURN_IF_ERROR(check_finite(name, value));
  if (options.scale <= 0)
    return Error(ErrorCode::kInvalidArgument, "scale must be above 0, got " + detail::to_text(options.scale));
  return check_sampling(options.how);
}

/// Maps the result's pixels to the image's, both relative to the centre; 2x3, row-major.
std::array<double, 6> inverse_matrix(const Affine& options, ImageSize image) {
  const auto radians = [](double degrees) { return degrees * (M_PI / 180.0); };
  const double turn = radians(options.angle), sx = radians(options.shear_x), sy = radians(options.shear_y);
  const double centre_x = options.centre ? options.centre->at(0) - static_cast<double>(image.width) * 0.5 : 0;
  const double centre_y = options.centre ? options.centre->at(1) - static_cast<double>(image.height) * 0.5 : 0;
  const double a = std::cos(turn - sy) / std::cos(sy);
  const double b = -std::cos(turn - sy) * std::tan(sx) / std::cos(sy) - std::sin(turn);
  const double c = std::sin(turn - sy) / std::cos(sy);
  const double d = -std::sin(turn - sy) * std::tan(sx) / std::cos(sy) + std::cos(turn);
  std::array<double, 6> matrix = {d, -b, 0, -c, a, 0};
  for (double& number : matrix) number /= options.scale;
  for (const std::size_t row : {std::size_t{0}, std::size_t{3}})
    matrix[row + 2] +=
        matrix[row] * (-centre_x - options.translate_x) + matrix[row + 1] * (-centre_y - options.translate_y);
  matrix[2] += centre_x;
  matrix[5] += centre_y;
  return matrix;
}

Result<Image> turn(const Affine& options, const Image& image, const CallContext& call) {
  const ImageSize size = detail::size_of(image);
  const std::array<double, 6> matrix = inverse_matrix(options, size);
  std::array<float, 6> scaled{};
  for (std::size_t i = 0; i < 6; ++i)
    scaled[i] =
        static_cast<float>(matrix[i]) / static_cast<float>(0.5 * static_cast<double>(i < 3 ? size.width : size.height));
  const float first_x = static_cast<float>(1 - size.width) * 0.5f, first_y = static_cast<float>(1 - size.height) * 0.5f;
  return warped(image, size, options.how, call, [=](float column, float row) {
    const float x = first_x + column, y = first_y + row;
    return Place{x * scaled[0] + y * scaled[1] + scaled[2], x * scaled[3] + y * scaled[4] + scaled[5]};
  });
}

/// True if three corners lie on a line, to 1e-9 of the distances between them.
bool has_line(const Corners& corners) {
  for (std::size_t left_out = 0; left_out < 4; ++left_out) {
    const auto& a = corners[(left_out + 1) % 4];
    const auto& b = corners[(left_out + 2) % 4];
    const auto& c = corners[(left_out + 3) % 4];
    const double to_b[] = {b[0] - a[0], b[1] - a[1]}, to_c[] = {c[0] - a[0], c[1] - a[1]};
    const double area = std::abs(to_b[0] * to_c[1] - to_b[1] * to_c[0]);
    if (!(area > 1e-9 * std::hypot(to_b[0], to_b[1]) * std::hypot(to_c[0], to_c[1]))) return true;
  }
  return false;
}

/// The coefficients a..h of (ax + by + c) / (gx + hy + 1), (dx + ey + f) / (gx + hy + 1), which map `from` to `to`.
Result<std::array<float, 8>> coefficients(const Corners& from, const Corners& to) {
  const Error on_a_line(ErrorCode::kInvalidArgument, "three of the corners lie on a line");
  if (has_line(from) || has_line(to)) return on_a_line;
  Eigen::Matrix<double, 8, 8> equations;
  Eigen::Matrix<double, 8, 1> places;
  for (Eigen::Index i = 0; i < 4; ++i) {
    const auto corner = static_cast<std::size_t>(i);
    const double x = from[corner][0], y = from[corner][1], u = to[corner][0], v = to[corner][1];
    equations.row(2 * i) << x, y, 1, 0, 0, 0, -u * x, -u * y;
    equations.row(2 * i + 1) << 0, 0, 0, x, y, 1, -v * x, -v * y;
    places(2 * i) = u;
    places(2 * i + 1) = v;
  }
  // Householder reflections in double, as torchvision's torch.linalg.lstsq. In 98.7 % of 20,000 random problems the
  // coefficients, rounded to float32, are equal bit for bit; the others are equal in all but the last bits.
  const Eigen::Matrix<double, 8, 1> solved = equations.householderQr().solve(places);
  if (!solved.allFinite()) return on_a_line;
  std::array<float, 8> solution{};
  for (std::size_t i = 0; i < 8; ++i) solution[i] = static_cast<float>(solved(static_cast<Eigen::Index>(i)));
  return solution;
}

Result<void> check_corners(const char* name, const Corners& corners) {
  for (const auto& corner : corners)
    for (const double number : corner) GANTRY_RETURN_IF_ERROR(check_finite(name, number));
  return {};
}

Result<void> check(const Perspective& options) {
  GANTRY_RETURN_IF_ERROR(check_corners("start", options.start));
  GANTRY_RETURN_IF_ERROR(check_corners("end", options.end));
  GANTRY_RETURN_IF_ERROR(check_sampling(options.how));
  GANTRY_RETURN_IF_ERROR(coefficients(options.end, options.start));
  return {};
}

/// `end` are corners in the result, which has `size`; `start` are corners in the image.
Result<Image> project(const Image& image, const Corners& start, const Corners& end, ImageSize size, const Sampling& how,
                      const CallContext& call) {
  GANTRY_ASSIGN_OR_RETURN(const auto k, coefficients(end, start));
  const auto half_width = static_cast<float>(0.5 * static_cast<double>(image.width()));
  const auto half_height = static_cast<float>(0.5 * static_cast<double>(image.height()));
  const float across[] = {k[0] / half_width, k[1] / half_width, k[2] / half_width};
  const float down[] = {k[3] / half_height, k[4] / half_height, k[5] / half_height};
  return warped(image, size, how, call, [=](float column, float row) {
    const float x = column + 0.5f, y = row + 0.5f;
    const float depth = x * k[6] + y * k[7] + 1;
    return Place{(x * across[0] + y * across[1] + across[2]) / depth - 1,
                 (x * down[0] + y * down[1] + down[2]) / depth - 1};
  });
}

std::string text_of(const Sampling& how) {
  std::string text = how.filter == Filter::kNearest ? ", filter=nearest" : ", filter=bilinear";
  if (how.fill) text += ", fill=" + std::to_string(*how.fill);
  return text;
}

std::string text_of(const Corners& corners) {
  std::string text;
  for (const auto& corner : corners)
    text += (text.empty() ? "[" : ", ") + detail::to_text(corner[0]) + ", " + detail::to_text(corner[1]);
  return text + "]";
}

std::string text_of(const Affine& options) {
  std::string text =
      "angle=" + detail::to_text(options.angle) + ", translate_x=" + detail::to_text(options.translate_x) +
      ", translate_y=" + detail::to_text(options.translate_y) + ", scale=" + detail::to_text(options.scale) +
      ", shear_x=" + detail::to_text(options.shear_x) + ", shear_y=" + detail::to_text(options.shear_y);
  if (options.centre)
    text += ", centre=[" + detail::to_text(options.centre->at(0)) + ", " + detail::to_text(options.centre->at(1)) + "]";
  return text + text_of(options.how);
}

}  // namespace

Stage<Image, Image> affine(const Affine& options) {
  return detail::make_op<Image, Image>("image.affine", options, text_of(options), check(options),
                                       [](const Affine& p, const Image& image, const CallContext& call) {
                                         call.clear_frame();
                                         return turn(p, image, call);
                                       });
}

Stage<Image, Image> perspective(const Perspective& options) {
  return detail::make_op<Image, Image>(
      "image.perspective", options,
      "start=" + text_of(options.start) + ", end=" + text_of(options.end) + text_of(options.how), check(options),
      [](const Perspective& p, const Image& image, const CallContext& call) {
        call.clear_frame();
        return project(image, p.start, p.end, detail::size_of(image), p.how, call);
      });
}

Result<Image> rectified(const Image& image, const Corners& quad, std::int64_t width, std::int64_t height,
                        const Sampling& how) {
  GANTRY_RETURN_IF_ERROR(detail::check_side("width", width));
  GANTRY_RETURN_IF_ERROR(detail::check_side("height", height));
  GANTRY_RETURN_IF_ERROR(check_sampling(how));
  GANTRY_RETURN_IF_ERROR(check_corners("quad", quad));
  const auto w = static_cast<double>(width), h = static_cast<double>(height);
  return project(image, quad, {{{0, 0}, {w, 0}, {w, h}, {0, h}}}, {width, height}, how, CallContext::none());
}

}  // namespace gantry::inline GANTRY_ABI::image
