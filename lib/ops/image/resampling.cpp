// SPDX-License-Identifier: Apache-2.0
// The filters of each reference.
#include "ops/image/resampling.hpp"

#include <algorithm>

namespace gantry::inline GANTRY_ABI {

const char* image::to_string(Reference reference) noexcept {
  switch (reference) {
    case Reference::kPillow:
      return "pillow";
    case Reference::kTorchU8:
      return "torch_u8";
    case Reference::kOpenCv:
      return "opencv";
  }
  return "unknown";
}

namespace detail {
namespace {

using image::Filter;

/// Empty for an unknown reference.
std::vector<Filter> filters_of(image::Reference reference) {
  switch (reference) {
    case image::Reference::kPillow:
      return {Filter::kBox, Filter::kBilinear, Filter::kHamming, Filter::kBicubic, Filter::kLanczos, Filter::kNearest};
    case image::Reference::kTorchU8:
      return {Filter::kBilinear, Filter::kBicubic, Filter::kLanczos, Filter::kNearest, Filter::kNearestExact};
    case image::Reference::kOpenCv:
      return {Filter::kBilinear,     Filter::kBicubic, Filter::kNearest,
              Filter::kNearestExact, Filter::kArea,    Filter::kLanczos4};
  }
  return {};
}

}  // namespace

const std::vector<std::string>& filter_names() {
  static const std::vector<std::string> names = {"box",     "bilinear",      "hamming", "bicubic", "lanczos",
                                                 "nearest", "nearest_exact", "area",    "lanczos4"};
  return names;
}

Result<void> check_resampling(const image::Resampling& how) {
  const auto filter = static_cast<std::size_t>(how.filter);
  if (filter >= filter_names().size()) return Error(ErrorCode::kInvalidArgument, "unknown filter");
  const std::vector<Filter> known = filters_of(how.reference);
  if (known.empty()) return Error(ErrorCode::kInvalidArgument, "unknown reference");
  if (!how.antialias && how.reference != image::Reference::kTorchU8)
    return Error(ErrorCode::kInvalidArgument,
                 std::string("antialias=false is for reference torch_u8, not for ") + to_string(how.reference));
  if (how.reference == image::Reference::kTorchU8 && how.filter == Filter::kLanczos && !how.antialias)
    return Error(ErrorCode::kInvalidArgument, "filter lanczos of reference torch_u8 needs antialias=true");
  if (std::find(known.begin(), known.end(), how.filter) != known.end()) return {};
  std::string names;
  for (const Filter each : known) names += " " + filter_names()[static_cast<std::size_t>(each)];
  return Error(ErrorCode::kInvalidArgument, std::string("reference ") + to_string(how.reference) + " has no filter " +
                                                filter_names()[filter] + "; its filters are" + names);
}

std::string to_text(const image::Resampling& how) {
  const auto filter = static_cast<std::size_t>(how.filter);
  std::string text = "filter=" + (filter < filter_names().size() ? filter_names()[filter] : "unknown");
  if (how.reference != image::Reference::kPillow) text += std::string(", reference=") + to_string(how.reference);
  if (!how.antialias) text += ", antialias=false";
  return text;
}

bool is_nearest(image::Filter filter) {
  return filter == Filter::kNearest || filter == Filter::kNearestExact;
}

}  // namespace detail
}  // namespace gantry::inline GANTRY_ABI
