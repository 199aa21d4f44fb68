// SPDX-License-Identifier: Apache-2.0
#include <gantry/detect/soft_mask.hpp>
#include <optional>
#include <string>
#include <utility>

#include "core/return_if_error.hpp"
#include "ops/detect/head_tensor.hpp"
#include "ops/parameters.hpp"

namespace gantry::inline GANTRY_ABI {

namespace detail {

struct SoftMaskPlace {
  std::shared_ptr<const MaskHead> head;
  std::int64_t row = 0;
  Box box;
  std::optional<Frame> frame;
};

}  // namespace detail

Result<SoftMask> SoftMask::over_box(const Tensor& probabilities, const Box& box) {
  GANTRY_ASSIGN_OR_RETURN(auto values,
                          detail::head_tensor(probabilities, "mask values over a box", {{"h", 1}, {"w", 1}}));
  GANTRY_ASSIGN_OR_RETURN(auto rows, values.reshape(values.shape().with_front(1)));
  return SoftMask(std::make_shared<detail::MaskHead>(detail::MaskHead{std::move(rows), {}, 0}), 0, box);
}

Result<SoftMask> SoftMask::of_prototypes(const Tensor& coefficients, const Tensor& prototypes, std::int64_t stride,
                                         const Box& box) {
  GANTRY_RETURN_IF_ERROR(detail::check_side("stride", stride));
  GANTRY_ASSIGN_OR_RETURN(auto values, detail::head_tensor(coefficients, "mask coefficients", {{"k", 1}}));
  GANTRY_ASSIGN_OR_RETURN(auto planes,
                          detail::head_tensor(prototypes, "prototypes", {values.shape()[0], {"h", 1}, {"w", 1}}));
  GANTRY_ASSIGN_OR_RETURN(auto rows, values.reshape(values.shape().with_front(1)));
  auto head = std::make_shared<detail::MaskHead>(detail::MaskHead{std::move(rows), std::move(planes), stride});
  return SoftMask(std::move(head), 0, box);
}

SoftMask::SoftMask(std::shared_ptr<const detail::MaskHead> head, std::int64_t row, const Box& box)
    : place_(std::make_shared<detail::SoftMaskPlace>(detail::SoftMaskPlace{std::move(head), row, box, std::nullopt})) {}

Tensor SoftMask::values() const {
  return place_->head->values.select(0, place_->row).value();
}

const Tensor* SoftMask::prototypes() const {
  return place_->head->has_prototypes() ? &place_->head->prototypes : nullptr;
}

std::int64_t SoftMask::stride() const {
  return place_->head->stride;
}

const Box& SoftMask::box() const {
  return place_->box;
}

const Frame* SoftMask::frame() const {
  return place_->frame ? &*place_->frame : nullptr;
}

SoftMask SoftMask::within(const Frame& frame) const {
  SoftMask framed = *this;
  if (empty() || place_->frame) return framed;
  detail::SoftMaskPlace place = *place_;
  place.frame = frame;
  framed.place_ = std::make_shared<detail::SoftMaskPlace>(std::move(place));
  return framed;
}

}  // namespace gantry::inline GANTRY_ABI
