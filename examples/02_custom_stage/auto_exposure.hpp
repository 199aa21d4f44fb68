// SPDX-License-Identifier: Apache-2.0
// acme.auto_exposure: a custom stage in three parts: a function of one sample, a Stage for C++ chains, and an op for
// configs.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <gantry/image.hpp>
#include <gantry/registry.hpp>

namespace acme {

constexpr double kLeastTarget = 1, kMostTarget = 254;

/// The mean of all channels of all pixels, 0..255.
inline double mean_of(const gantry::Image& image) {
  const auto row_bytes = image.width() * static_cast<std::int64_t>(image.channels());
  std::uint64_t sum = 0;
  for (std::int64_t y = 0; y < image.height(); ++y)
    for (std::int64_t i = 0; i < row_bytes; ++i) sum += image.row(y)[i];
  return static_cast<double>(sum) / static_cast<double>(row_bytes * image.height());
}

/// 1. The work. Return an Error for a bad sample: only this sample fails, and gantry adds the place to the error. Do
/// not change the input: another branch of the pipeline may read the same pixels.
inline gantry::Result<gantry::Image> expose(const gantry::Image& image, double target) {
  const double mean = mean_of(image);
  if (mean < 1)
    return gantry::Error(gantry::ErrorCode::kInvalidArgument, "the picture is black: there is nothing to brighten");
  auto exposed = gantry::Image::make(image.width(), image.height(), image.colour());
  if (!exposed) return exposed.error();
  const auto row_bytes = image.width() * static_cast<std::int64_t>(image.channels());
  for (std::int64_t y = 0; y < image.height(); ++y) {
    const std::uint8_t* from = image.row(y);
    std::uint8_t* to = exposed->mutable_row(y);
    for (std::int64_t i = 0; i < row_bytes; ++i)
      to[i] = static_cast<std::uint8_t>(std::min(255.0, std::round(from[i] * target / mean)));
  }
  return exposed;
}

/// 2. The stage: any const-callable with one parameter. Several threads call it at once.
inline gantry::Stage<gantry::Image, gantry::Image> auto_exposure(double target) {
  return gantry::stage("acme.auto_exposure", [target](const gantry::Image& image) { return expose(image, target); });
}

/// 3. The op: its description, and how its parameters are read. The description gives the defaults and refuses unknown
/// keys; the factory refuses values that make no sense.
inline void add_ops(gantry::Registry& registry) {
  gantry::OpDescription description;
  description.summary = "brightens or darkens the image to a mean";
  description.parameters = {gantry::OpParameter::number("target", "the mean of all channels")
                                .at_least(kLeastTarget)
                                .at_most(kMostTarget)
                                .by_default(118)};
  description.example = R"({"op": "acme.auto_exposure", "target": 100})";
  registry.add<gantry::Image, gantry::Image>(
      "acme.auto_exposure",
      [](gantry::ParamReader& params) {
        const double target = params.number("target");
        if (!(target >= kLeastTarget && target <= kMostTarget)) params.fail("target", "expected a number of 1..254");
        return auto_exposure(target);
      },
      description);
}

}  // namespace acme
