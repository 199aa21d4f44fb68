// SPDX-License-Identifier: Apache-2.0
// Plans the passes for one image, and runs them.
#include "ops/image/fused/fused_chain.hpp"

#include <memory>
#include <utility>

#include "core/return_if_error.hpp"
#include "ops/image/decoder.hpp"
#include "ops/image/frames.hpp"
#include "ops/image/fused/row_engine.hpp"
#include "ops/image/row_stream.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

/// The pixels so far: a file that is still to be decoded, or an image.
class Pixels {
 public:
  Pixels(const Image& image, const CallContext& call)
      : image_(image), call_(&call), frame_(frame_of(call, size_of(image))) {}
  Pixels(std::unique_ptr<RowStream> stream, const std::string& label, const CallContext& call)
      : stream_(std::move(stream)), label_(&label), call_(&call), frame_(decoded_frame(stream_->picture(), 1)) {}

  RowSource source() const { return stream_ ? RowSource(*stream_) : RowSource(*image_); }
  const std::optional<Image>& image() const { return image_; }
  void set(Image image) {
    stream_.reset();
    image_ = std::move(image);
  }

  /// Updates the frame for a step that is done, or planned, on an image of size `before`.
  void move_frame(const GeometryStep& step, ImageSize before) { frame_ = moved(frame_, step, before); }
  const Frame& frame() const { return frame_; }

  /// Adds the decoder's name to an error of a stream.
  Error named(const Error& error) const { return stream_ ? error.within(*label_) : error; }

  Result<void> walk(const RowPass& pass, RowSink sink) const {
    if (!stream_) return run_pass_in_bands(pass, *image_, sink, *call_);
    auto walked = run_pass(pass, RowSource(*stream_), sink);
    if (walked) walked = stream_->finish();
    return walked ? std::move(walked) : Result<void>(named(walked.error()));
  }

 private:
  std::optional<Image> image_;
  std::unique_ptr<RowStream> stream_;
  const std::string* label_ = nullptr;
  const CallContext* call_;
  Frame frame_;
};

/// A pass, and the names of the stages that errors about its sizes belong to.
struct ChainPlan {
  explicit ChainPlan(ImageSize image) : pass(image) {}

  /// Checks only the sizes of what is made. Sizes in between may be larger: if a crop leaves a part of a strip, only
  /// that part is ever made.
  Result<void> check_sizes(std::size_t channels) const {
    if (pass.resize())
      if (auto ok = check_resized_sides(pass.visible().size); !ok) return ok.error().within(*resized_by);
    if (auto ok = check_image_bytes(pass.size(), channels); !ok && sized_by) return ok.error().within(*sized_by);
    return {};
  }

  RowPass pass;
  const std::string* resized_by = nullptr;
  const std::string* sized_by = nullptr;
};

Result<Image> finish_pass(const Pixels& pixels, const ChainPlan& plan) {
  const RowPass& pass = plan.pass;
  if (pixels.image() && pass.is_crop()) return run_pass(pass, *pixels.image());
  GANTRY_RETURN_IF_ERROR(plan.check_sizes(pixels.source().channels()));
  auto out = Image::make(pass.size().width, pass.size().height, pixels.source().colour());
  if (!out) return out;
  GANTRY_RETURN_IF_ERROR(pixels.walk(pass, RowSink(pass, *out)));
  return out;
}

bool add_to_pass(const GeometryStep& step, const std::string& label, ChainPlan& plan) {
  const ImageSize before = plan.pass.size();
  if (!plan.pass.add(step)) return false;
  if (std::holds_alternative<ResizeTo>(step)) plan.resized_by = &label;
  if (plan.pass.size() != before) plan.sized_by = &label;
  return true;
}

/// Adds a step to the pass. If it does not fit, runs the pass and begins another one.
Result<void> add_step(const GeometryStep& step, const std::string& label, Pixels& pixels, ChainPlan& plan) {
  GANTRY_RETURN_IF_ERROR(check_fill(step, pixels.source().channels()));
  if (add_to_pass(step, label, plan)) return {};
  GANTRY_ASSIGN_OR_RETURN(auto image, finish_pass(pixels, plan));
  ChainPlan next(size_of(image));
  if (!add_to_pass(step, label, next)) {  // no pass can hold it
    GANTRY_ASSIGN_OR_RETURN(image, carry_out(step, image));
    next = ChainPlan(size_of(image));
  }
  pixels.set(std::move(image));
  plan = next;
  return {};
}

/// Plans all geometric ops, and runs all passes but the last.
Result<ChainPlan> plan(const FusedChain& chain, Pixels& pixels) {
  ChainPlan made(pixels.source().size());
  for (const FusedChain::GeometricOp& op : chain.ops) {
    auto geometry = op.resolve(made.pass.size());
    if (!geometry) return geometry.error().within(op.label);
    for (const GeometryStep& step : *geometry) {
      pixels.move_frame(step, made.pass.size());
      if (auto ok = add_step(step, op.label, pixels, made); !ok)
        return ok.error().path().empty() ? ok.error().within(op.label) : std::move(ok).error();
    }
  }
  return made;
}

Result<Pixels> open(const FusedChain& chain, const Bytes& file, const CallContext& call) {
  const image::Decode& options = *chain.decode;
  if (auto ok = check_file(file, options); !ok) return ok.error().within(chain.decode_label);
  auto stream = open_rows(file, options, &call);
  if (!stream) return stream.error().within(chain.decode_label);
  if (*stream && (*stream)->orientation() == 1) return Pixels(*std::move(stream), chain.decode_label, call);
  auto image = decode_framed(file, options, call);
  if (!image) return image.error().within(chain.decode_label);
  return Pixels(*image, call);
}

Result<Image> to_image(const FusedChain& chain, Pixels pixels, const CallContext& call) {
  GANTRY_ASSIGN_OR_RETURN(auto last, plan(chain, pixels));
  call.set_frame(pixels.frame());
  return finish_pass(pixels, last);
}

Result<Tensor> to_tensor(const FusedChain& chain, Pixels pixels, const CallContext& call) {
  const TensorTables& tables = *chain.tables;
  const Colour colour = pixels.source().colour();
  GANTRY_ASSIGN_OR_RETURN(auto last, plan(chain, pixels));
  call.set_frame(pixels.frame());
  GANTRY_RETURN_IF_ERROR(last.check_sizes(channels_of(colour)));
  const RowPass& pass = last.pass;
  if (auto ok = tables.check_fits(colour); !ok) return ok.error().within(chain.to_tensor_label);
  auto tensor = call.make_tensor(tables.dtype(), tables.shape(pass.size(), channels_of(colour)));
  if (!tensor) return tensor.error().within(chain.to_tensor_label);
  RowSink sink(pass, tables, tensor->mutable_data(), channels_of(colour));
  GANTRY_RETURN_IF_ERROR(pixels.walk(pass, sink));
  return tensor;
}

}  // namespace

Result<Image> FusedChain::to_image(const Bytes& file, const CallContext& call) const {
  GANTRY_ASSIGN_OR_RETURN(auto pixels, open(*this, file, call));
  return detail::to_image(*this, std::move(pixels), call);
}

Result<Image> FusedChain::to_image(const Image& image, const CallContext& call) const {
  return detail::to_image(*this, Pixels(image, call), call);
}

Result<Tensor> FusedChain::to_tensor(const Bytes& file, const CallContext& call) const {
  GANTRY_ASSIGN_OR_RETURN(auto pixels, open(*this, file, call));
  return detail::to_tensor(*this, std::move(pixels), call);
}

Result<Tensor> FusedChain::to_tensor(const Image& image, const CallContext& call) const {
  return detail::to_tensor(*this, Pixels(image, call), call);
}

}  // namespace gantry::inline GANTRY_ABI::detail
