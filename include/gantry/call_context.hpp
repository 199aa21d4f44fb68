// SPDX-License-Identifier: Apache-2.0
// CallContext: what a stage or an op may know of the call that it is part of.
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

/// One sample's view of its call, and of what travels beside it. It lives as long as the stage's callable runs; keep
/// options() for what comes later.
///
/// Ownership: borrows the call.
/// Threads:   the callable's own; interruption() and the accessors also on threads that it starts and waits for.
/// Errors:    as each function says.
/// Cost:      none, but for what is asked of it.
class GANTRY_API CallContext {
 public:
  /// Of no call: no deadline, one thread. For a callable that is called by hand.
  static const CallContext& none();

  /// deadline_exceeded or cancelled if the call should not go on; otherwise nothing. For loops: the plan looks itself
  /// before each stage. Costs a reading of the clock where there is a deadline.
  std::optional<Error> interruption() const;
  /// The same without making an error.
  bool is_interrupted() const noexcept;
  std::optional<Deadline> deadline() const;
  const CancelToken& cancel() const;
  /// RunOptions::trace_parent.
  const std::string& trace_parent() const;
  /// The caller's options, for work that may outlive the call, such as Pipeline::submit(). Model::run() and
  /// Pipeline::run() take the context itself.
  RunOptions options() const;

  /// How many threads parallel() may use: those of an engine call, or image_threads where that has one; 1 if inline.
  int threads() const;
  /// Calls work(0) to work(count - 1), each once, and returns when all have: on this thread and threads() - 1 of its
  /// OpenMP team or, without one, idle workers. What one throws is thrown here. The host's OpenMP settings stay.
  void parallel(std::size_t count, const std::function<void(std::size_t)>& work) const;
  /// Memory for what the stage gives: the samples of a batch lie one after the other in one block if they are equal in
  /// dtype and shape, so that a model behind takes them as they lie. The values are not set. Not within parallel().
  /// Errors: invalid_argument for a negative extent, resource_exhausted.
  Result<Tensor> make_tensor(DType dtype, const Shape& shape) const;

  /// The picture that the sample comes from; nullptr where nobody knows it.
  const Frame* frame() const;
  /// Where what the stage gives lies in it: a stage that moves pixels says so.
  void set_frame(const Frame& frame) const;
  /// What the stage gives is a picture of its own: who knows its size first makes its frame.
  void clear_frame() const;
  /// That of element `index` of the list or tuple, or of a tensor of the Tensors, that the stage was given; nullptr
  /// where nobody knows it.
  const Frame* element_frame(std::size_t index) const;
  /// The same of a list that the stage gives, one for each element, for `each`: where each lies in the picture, or
  /// nothing for a picture of its own. The list itself keeps the sample's. Without it a list has the frame of what it
  /// is made of in all elements; but none where that is a list, tuple or Tensors whose own elements have different
  /// ones.
  void set_element_frames(std::vector<std::optional<Frame>> frames) const;

  CallContext(const CallContext&) = delete;
  CallContext& operator=(const CallContext&) = delete;
  ~CallContext();

  /// For gantry's own layers: for the samples of a batch, one after the other.
  CallContext(const detail::Context& context, std::size_t samples);
  /// A sample begins, with what stands beside it.
  void begin(detail::SlotFrames& frames) { frames_ = &frames; }
  /// It has ended, and its result is there if it is `kept`.
  void end(bool kept);
  const detail::Context& context() const { return *context_; }

 private:
  const detail::Context* context_;
  std::size_t samples_left_;  // in the batch, with this one
  detail::SlotFrames* frames_ = nullptr;
  mutable detail::SlotFrames::List element_frames_;  // for when the list is there
  mutable std::unique_ptr<detail::BatchBlocks> blocks_;
};

}  // namespace GANTRY_ABI
}  // namespace gantry
