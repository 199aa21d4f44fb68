// SPDX-License-Identifier: Apache-2.0
#include <gantry/call_context.hpp>
#include <utility>

#include "runtime/batch_blocks.hpp"
#include "runtime/context.hpp"
#include "runtime/parts.hpp"

namespace gantry::inline GANTRY_ABI {

CallContext::CallContext(const detail::Context& context, std::size_t samples)
    : context_(&context), samples_left_(samples) {}

CallContext::~CallContext() = default;

const CallContext& CallContext::none() {
  static const detail::CallOptions options;
  static const detail::Context context{&options, nullptr, true, nullptr};
  static const CallContext none(context, 1);
  return none;
}

std::optional<Error> CallContext::interruption() const {
  return context_->call->interruption();
}
bool CallContext::is_interrupted() const noexcept {
  return context_->call->is_interrupted();
}
std::optional<Deadline> CallContext::deadline() const {
  return context_->call->deadline;
}
const CancelToken& CallContext::cancel() const {
  return context_->call->cancel;
}
const std::string& CallContext::trace_parent() const {
  return context_->call->trace_parent;
}

RunOptions CallContext::options() const {
  const detail::CallOptions& call = *context_->call;
  RunOptions options;
  options.deadline = call.deadline;
  options.cancel = call.cancel;
  options.priority = call.priority;
  options.tenant = call.tenant;
  options.trace_parent = call.trace_parent;
  return options;
}

int CallContext::threads() const {
  return context_->is_inline ? 1 : static_cast<int>(detail::loop_threads(*context_->runtime));
}

void CallContext::parallel(std::size_t count, const std::function<void(std::size_t)>& work) const {
  if (const int most = threads(); most > 1 && count > 1)
    return detail::run_parts(*context_->runtime, static_cast<std::size_t>(most), count, work);
  for (std::size_t i = 0; i < count; ++i) work(i);
}

Result<Tensor> CallContext::make_tensor(DType dtype, const Shape& shape) const {
  if (samples_left_ < 2 && !blocks_) return Tensor::make(dtype, shape);
  if (!blocks_) blocks_ = std::make_unique<detail::BatchBlocks>();
  return blocks_->next(dtype, shape, samples_left_);
}

const Frame* CallContext::frame() const {
  return frames_ ? frames_->own() : nullptr;
}
void CallContext::set_frame(const Frame& frame) const {
  if (frames_) frames_->say_own(frame);
}
void CallContext::clear_frame() const {
  if (frames_) frames_->clear_own();
}
const Frame* CallContext::element_frame(std::size_t index) const {
  return frames_ ? frames_->of_element(index) : nullptr;
}
void CallContext::set_element_frames(std::vector<std::optional<Frame>> frames) const {
  if (!frames_) return;
  frames_->reserve();  // end() must not throw
  std::vector<detail::KnownFrames> known(frames.size());
  for (std::size_t i = 0; i < frames.size(); ++i) known[i].own = frames[i];
  element_frames_ = std::make_shared<const std::vector<detail::KnownFrames>>(std::move(known));
}

void CallContext::end(bool kept) {
  if (blocks_) blocks_->end_sample(kept);
  if (samples_left_ > 0) --samples_left_;
  if (element_frames_) frames_->set_of_elements(std::exchange(element_frames_, nullptr));
  if (frames_) frames_->end_stage();
}

}  // namespace gantry::inline GANTRY_ABI
