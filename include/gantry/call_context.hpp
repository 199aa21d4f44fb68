// SPDX-License-Identifier: Apache-2.0
// CallContext: what a stage or an op can learn about its call.
//
//   auto crops = gantry::stage("crops", [](const Image& image, const CallContext& call) -> Result<std::vector<Image>> {
//     auto boxes = detector.run(image, call);     // its deadline, cancellation and trace; no second admission
//     if (auto ended = call.interruption()) return *ended;
//     ...
//   });
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gantry/dtype.hpp>
#include <gantry/error.hpp>
#include <gantry/export.hpp>
#include <gantry/frame.hpp>
#include <gantry/result.hpp>
#include <gantry/run_options.hpp>
#include <gantry/shape.hpp>
#include <gantry/tensor.hpp>

namespace gantry {
inline namespace GANTRY_ABI {

namespace detail {
struct Context;
class BatchBlocks;
}  // namespace detail

/// One sample's view of its call, and of the frames that travel with the sample. Valid while the stage's callable runs;
/// keep options() for later work.
///
/// Ownership: borrows the call.
/// Threads:   the callable's own; interruption() and the accessors also on threads that it starts and waits for.
/// Errors:    as each function says.
/// Cost:      none, except for the functions that are called.
class GANTRY_API CallContext {
 public:
  /// A context without a call: no deadline, one thread. For calling a callable by hand.
  static const CallContext& none();

  /// deadline_exceeded or cancelled if the call should stop; otherwise nothing. For loops within a stage: the plan
  /// itself checks before each stage. Costs one clock reading if there is a deadline.
  std::optional<Error> interruption() const;
  /// The same without creating an Error.
  bool is_interrupted() const noexcept;
  std::optional<Deadline> deadline() const;
  const CancelToken& cancel() const;
  /// RunOptions::trace_parent.
  const std::string& trace_parent() const;
  /// The caller's options, for work that may outlive the call, such as Pipeline::submit(). Model::run() and
  /// Pipeline::run() take the context itself.
  RunOptions options() const;

  /// Threads that parallel() may use: those of an engine call or, if these are 1, image_threads; 1 if inline.
  int threads() const;
  /// Calls work(0) to work(count - 1), each once, and returns after all of them: on this thread and threads() - 1 of
  /// its OpenMP team or, without one, idle workers. Rethrows an exception of work(). Keeps the host's OpenMP settings.
  void parallel(std::size_t count, const std::function<void(std::size_t)>& work) const;
  /// Allocates the stage's output. The outputs of a batch lie one after the other in one block if they are equal in
  /// dtype and shape, so that a model after this stage uses them without a copy. The values are uninitialised. Do not
  /// call it within parallel(). Errors: invalid_argument for a negative extent, resource_exhausted.
  Result<Tensor> make_tensor(DType dtype, const Shape& shape) const;

  /// The picture that the sample comes from; nullptr if unknown.
  const Frame* frame() const;
  /// Sets where the stage's output lies in the picture. A stage that moves pixels calls it.
  void set_frame(const Frame& frame) const;
  /// Declares the stage's output a picture of its own. The first op that knows its size creates its frame.
  void clear_frame() const;
  /// The frame of element `index` of the stage's input: of a list or tuple, or of a tensor of Tensors; nullptr if
  /// unknown.
  const Frame* element_frame(std::size_t index) const;
  /// Sets the frames of the list that the stage returns, one for each element, for `each`: where the element lies in
  /// the picture, or nullopt for a picture of its own. The list itself keeps the sample's frame. Without this call
  /// every element gets the frame of the stage's input, or none if that input is a list, tuple or Tensors whose
  /// elements have different frames.
  void set_element_frames(std::vector<std::optional<Frame>> frames) const;

  CallContext(const CallContext&) = delete;
  CallContext& operator=(const CallContext&) = delete;
  ~CallContext();

  /// For gantry's own layers: covers the samples of a batch, one after the other.
  CallContext(const detail::Context& context, std::size_t samples);
  /// Starts a sample, with the frames that travel with it.
  void begin(detail::SlotFrames& frames) { frames_ = &frames; }
  /// Ends the sample; its result exists if `kept`.
  void end(bool kept);
  const detail::Context& context() const { return *context_; }

 private:
  const detail::Context* context_;
  std::size_t samples_left_;  // in the batch, including this one
  detail::SlotFrames* frames_ = nullptr;
  mutable detail::SlotFrames::List element_frames_;  // applied once the list exists
  mutable std::unique_ptr<detail::BatchBlocks> blocks_;
};

}  // namespace GANTRY_ABI
}  // namespace gantry
