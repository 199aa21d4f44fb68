// SPDX-License-Identifier: Apache-2.0
// The kernels of the image ops that a fused chain can hold. Unlike other kernels, they implement fuse().
#pragma once

#include <gantry/image.hpp>
#include <memory>
#include <string>
#include <utility>

#include "core/return_if_error.hpp"
#include "ops/image/frames.hpp"
#include "ops/image/geometry.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// The kernel of image.decode, the geometric ops and image.to_tensor. What an op does in a fused chain is in its node's
/// parameters, or in GeometryKernel.
class ImageKernel : public Kernel {
 public:
  explicit ImageKernel(std::shared_ptr<const Kernel> alone) : alone_(std::move(alone)) {}
  std::unique_ptr<Step> make_step() const override { return alone_->make_step(); }
  Fusion fuse(Span<const Branch> stages) const override;

 private:
  std::shared_ptr<const Kernel> alone_;
};

/// An op that moves and resamples pixels.
class GeometryKernel final : public ImageKernel {
 public:
  GeometryKernel(std::shared_ptr<const Kernel> alone, Resolve resolve)
      : ImageKernel(std::move(alone)), resolve_(std::move(resolve)) {}
  const Resolve& resolve() const { return resolve_; }

 private:
  Resolve resolve_;
};

/// The same stage, open to fusion.
template <class In, class Out>
Stage<In, Out> fusible(const Stage<In, Out>& stage) {
  Node node = *stage.node();
  node.kernel = std::make_shared<ImageKernel>(std::move(node.kernel));
  return to_stage<In, Out>(std::move(node));
}

/// A geometric op. `resolve`: Result<Geometry>(const P&, ImageSize).
template <class P, class F>
Stage<Image, Image> make_geometry_op(const char* name, const P& params, std::string text, Result<void> check,
                                     F resolve) {
  const auto run = [resolve](const P& p, Image&& image, const CallContext& call) -> Result<Image> {
    GANTRY_ASSIGN_OR_RETURN(Geometry geometry, Result<Geometry>(resolve(p, size_of(image))));
    move_frame(call, geometry, size_of(image));
    return carry_out(geometry, std::move(image));
  };
  Node node = *make_op<Image, Image>(name, params, std::move(text), std::move(check), run).node();
  node.kernel = std::make_shared<GeometryKernel>(
      std::move(node.kernel), [params, resolve](ImageSize size) { return Result<Geometry>(resolve(params, size)); });
  return to_stage<Image, Image>(std::move(node));
}

}  // namespace gantry::inline GANTRY_ABI::detail
