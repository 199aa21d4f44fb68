// SPDX-License-Identifier: Apache-2.0
// Side: a package under measurement, with its inputs.
#pragma once

#include <gantry/any_pipeline.hpp>
#include <gantry/package.hpp>
#include <gantry/tolerance.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cli/bench/load.hpp"
#include "cli/bench/side_info.hpp"

namespace gantry::inline GANTRY_ABI::cli {

/// Ownership: shares the pipeline; owns its inputs.
/// Threads:   thread-safe, once the inputs are loaded.
/// Errors:    see each function.
/// Cost:      a request copies a handle of its input. An input of a host's type that cannot be copied is read again
///            from its file, outside the measured time.
class Side final : public Service {
 public:
  /// Opens the package; inputs are loaded later.
  static Result<Side> open(const std::string& directory, const EngineList& engines, const OpenOptions& options);

  const SideInfo& info() const { return info_; }
  const AnyPipeline& pipeline() const { return pipeline_; }
  const std::vector<std::string>& inputs() const { return arguments_; }

  /// `arguments` as for load_input(). The error names the first input that cannot be read.
  Result<void> load_inputs(const std::vector<std::string>& arguments);
  /// The answers to its first inputs, at most `most`. The error names the input that is refused.
  Result<std::vector<Payload>> first_answers(std::size_t most);

  Result<Payload> make_input(std::size_t index) override;
  Result<Payload> run(Payload input) override { return pipeline_.run(std::move(input)); }
  void submit(Payload input, const CancelToken& cancel, Function<void(Result<Payload>)> done) override;

 private:
  Side(SideInfo info, AnyPipeline pipeline) : info_(std::move(info)), pipeline_(std::move(pipeline)) {}

  SideInfo info_;
  AnyPipeline pipeline_;
  std::vector<std::string> arguments_;
  std::vector<Payload> inputs_;
};

/// How the answers of `b` differ from those of `a` to the same inputs by more than the tolerance; nullopt if they do
/// not.
std::optional<std::string> difference_of_answers(const Side& a, const std::vector<Payload>& of_a,
                                                 const std::vector<Payload>& of_b, const Tolerance& tolerance);

}  // namespace gantry::inline GANTRY_ABI::cli
