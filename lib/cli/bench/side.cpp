// SPDX-License-Identifier: Apache-2.0
#include "cli/bench/side.hpp"

#include <algorithm>
#include <utility>

#include "cli/load_input.hpp"
#include "cli/open_package.hpp"
#include "core/return_if_error.hpp"

namespace gantry::inline GANTRY_ABI::cli {
namespace {

std::string engines_of(const PackageInfo& package) {
  std::string text;
  for (const PackageModel& model : package.models)
    text += (text.empty() ? "" : ", ") + (package.models.size() > 1 ? model.name + ": " : "") + model.engine;
  return text.empty() ? "no model" : text;
}

}  // namespace

Result<Side> Side::open(const std::string& directory, const EngineList& engines, const OpenOptions& options) {
  const auto began = std::chrono::steady_clock::now();
  GANTRY_ASSIGN_OR_RETURN(auto pipeline, open_with(directory, engines, options));
  SideInfo info;
  info.directory = directory;
  info.open_time = std::chrono::steady_clock::now() - began;
  info.title = pipeline.package().name + " " + pipeline.package().version;
  info.engines = engines_of(pipeline.package());
  info.plan = pipeline.explain();
  return Side(std::move(info), std::move(pipeline));
}

Result<void> Side::load_inputs(const std::vector<std::string>& arguments) {
  for (const std::string& argument : arguments) {
    auto input = load_input(pipeline_, argument);
    if (!input) return input.error().within("input '" + argument + "'");
    inputs_.push_back(*std::move(input));
    arguments_.push_back(argument);
  }
  return {};
}

Result<std::vector<Payload>> Side::first_answers(std::size_t most) {
  std::vector<Payload> answers;
  for (std::size_t i = 0; i < std::min(most, inputs_.size()); ++i) {
    auto input = make_input(i);
    auto answer = input ? run(*std::move(input)) : std::move(input);
    if (!answer) return answer.error().within("input '" + arguments_[i] + "'");
    answers.push_back(*std::move(answer));
  }
  return answers;
}

Result<Payload> Side::make_input(std::size_t index) {
  index %= inputs_.size();
  Payload copy(inputs_[index].value().copy());
  if (copy.has_value()) return copy;
  return load_input(pipeline_, arguments_[index]);
}

void Side::submit(Payload input, const CancelToken& cancel, Function<void(Result<Payload>)> done) {
  RunOptions options;
  options.cancel = cancel;
  pipeline_.submit(std::move(input), options, std::move(done));
}

std::optional<std::string> difference_of_answers(const Side& a, const std::vector<Payload>& of_a,
                                                 const std::vector<Payload>& of_b, const Tolerance& tolerance) {
  for (std::size_t i = 0; i < std::min(of_a.size(), of_b.size()); ++i) {
    const std::string of = "'" + a.inputs()[i] + "': ";
    if (of_a[i].type() != of_b[i].type())
      return of + "one gives " + of_a[i].type().name() + ", the other " + of_b[i].type().name();
    const auto difference = a.pipeline().codecs().difference(of_a[i], of_b[i], tolerance);
    if (!difference) return of + "cannot be compared: " + difference.error().to_string();
    if (*difference) return of + **difference;
  }
  return std::nullopt;
}

}  // namespace gantry::inline GANTRY_ABI::cli
