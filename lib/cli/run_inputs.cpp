// SPDX-License-Identifier: Apache-2.0
#include "cli/run_inputs.hpp"

#include <atomic>
#include <chrono>
#include <cstdio>
#include <deque>
#include <future>
#include <gantry/json_writer.hpp>
#include <memory>
#include <utility>

#include "cli/load_input.hpp"
#include "cli/quantity_text.hpp"
#include "core/return_if_error.hpp"

namespace gantry::inline GANTRY_ABI::cli {
namespace {

using Clock = std::chrono::steady_clock;

struct Answer {
  Result<Payload> result;
  Clock::duration took{0};
};

Result<std::string> result_line(const AnyPipeline& pipeline, const std::string& input, const Answer& answer) {
  GANTRY_RETURN_IF_ERROR(answer.result);
  JsonWriter writer;
  writer.begin_object().field("input", input);
  writer.field("model", pipeline.package().name).field("version", pipeline.package().version).key("result");
  GANTRY_RETURN_IF_ERROR(pipeline.codecs().write_json(*answer.result, writer));
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(answer.took).count();
  writer.field("ms", static_cast<double>(micros) / 1000).end_object();
  return writer.finish();
}

/// Requests whose answers are not yet written, oldest first.
class Requests {
 public:
  Requests(const AnyPipeline& pipeline, std::size_t all, Progress& progress, const AnswerSink& seen)
      : pipeline_(pipeline), all_(all), progress_(progress), seen_(seen) {}
  /// Cancels the requests whose answers will not be written.
  ~Requests() { options_.cancel.cancel(); }
  Requests(const Requests&) = delete;
  Requests& operator=(const Requests&) = delete;

  std::size_t size() const { return asked_.size(); }

  void ask(const ExpandedInput& input) {
    auto payload = input.error ? Result<Payload>(*input.error) : load_input(pipeline_, input.argument);
    std::promise<Answer> promise;
    asked_.push_back({input.argument, promise.get_future()});
    if (!payload) return settle(promise, Answer{std::move(payload), {}}, *counts_);
    const auto began = Clock::now();
    pipeline_.submit(*std::move(payload), options_,
                     [promise = std::move(promise), began, counts = counts_](Result<Payload> result) mutable {
                       settle(promise, Answer{std::move(result), Clock::now() - began}, *counts);
                     });
  }

  /// The same on the calling thread, for a single input, which needs no other thread.
  void run(const ExpandedInput& input) {
    auto payload = input.error ? Result<Payload>(*input.error) : load_input(pipeline_, input.argument);
    std::promise<Answer> promise;
    asked_.push_back({input.argument, promise.get_future()});
    const auto began = Clock::now();
    auto result = payload ? pipeline_.run(*std::move(payload), options_) : std::move(payload);
    settle(promise, Answer{std::move(result), Clock::now() - began}, *counts_);
  }

  /// Waits for the oldest answer and writes its line. False if it failed.
  bool write_oldest() {
    Asked oldest = std::move(asked_.front());
    asked_.pop_front();
    while (progress_.is_shown() && oldest.answer.wait_for(std::chrono::milliseconds(100)) != std::future_status::ready)
      progress_.update(text());
    const Answer answer = oldest.answer.get();
    const auto line = result_line(pipeline_, oldest.input, answer);
    if (answer.result && !line) ++counts_->failed;
    print_line(line ? *line : error_line(oldest.input, line.error()));
    if (seen_) seen_(oldest.input, answer.result);
    progress_.update(text());
    return line.ok();
  }

  std::string text() const { return progress_text(counts_->done, all_, counts_->failed, Clock::now() - began_); }

 private:
  struct Asked {
    std::string input;
    std::future<Answer> answer;
  };
  /// Updated by the workers when they answer: lines may wait for earlier ones.
  struct Counts {
    std::atomic<std::size_t> done{0}, failed{0};
  };

  static void settle(std::promise<Answer>& promise, Answer answer, Counts& counts) {
    if (!answer.result) ++counts.failed;
    ++counts.done;
    promise.set_value(std::move(answer));
  }

  const AnyPipeline& pipeline_;
  const std::size_t all_;
  Progress& progress_;
  const AnswerSink& seen_;
  const Clock::time_point began_ = Clock::now();
  RunOptions options_ = [] {
    RunOptions options;
    options.cancel = CancelToken::create();
    return options;
  }();
  std::shared_ptr<Counts> counts_ = std::make_shared<Counts>();
  std::deque<Asked> asked_;
};

}  // namespace

std::string error_line(const std::string& input, const Error& error) {
  const std::string code = to_string(error.code());
  JsonWriter writer;
  writer.begin_object().field("input", input).key("error").begin_object().field("code", code);
  writer.field("message", error.to_string().substr(code.size() + 2)).end_object().end_object();
  return writer.finish().value();
}

void print_line(const std::string& json) {
  std::printf("%s\n", json.c_str());
  std::fflush(stdout);
}

bool run_inputs(const AnyPipeline& pipeline, const std::vector<ExpandedInput>& inputs, std::size_t window,
                Progress& progress, const AnswerSink& seen) {
  Requests requests(pipeline, inputs.size(), progress, seen);
  bool all_ok = true;
  for (const ExpandedInput& input : inputs) {
    if (requests.size() == window) all_ok = requests.write_oldest() && all_ok;
    if (std::ferror(stdout) != 0) return false;
    if (window == 1)
      requests.run(input);
    else
      requests.ask(input);
  }
  while (requests.size() > 0 && std::ferror(stdout) == 0) all_ok = requests.write_oldest() && all_ok;
  progress.finish(requests.text());
  return all_ok;
}

}  // namespace gantry::inline GANTRY_ABI::cli
