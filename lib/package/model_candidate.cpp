// SPDX-License-Identifier: Apache-2.0
// Choosing an engine for one model of a package, and making Models of it.
#include "package/model_candidate.hpp"

#include <algorithm>
#include <utility>

#include "core/return_if_error.hpp"
#include "model/load_request.hpp"
#include "model/make_model.hpp"
#include "package/engine_files.hpp"
#include "package/requirements.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

/// The host's options; for the rest the package's.
ModelOptions options_of(const ModelEntry& entry, const OpeningContext& context) {
  const auto own = context.options.models.find(entry.name);
  ModelOptions options = own == context.options.models.end() ? context.options.model : own->second;
  const bool has_own_name = own != context.options.models.end() && !own->second.name.empty();
  if (options.max_batch == 0) options.max_batch = entry.max_batch;
  if (!options.padding) options.padding = entry.padding;
  if (options.name.empty()) options.name = context.manifest.name;
  if (context.manifest.models.size() > 1 && !has_own_name) options.name += "/" + entry.name;
  if (!options.runtime) options.runtime = context.runtime;
  return options;
}

/// What the package says about batches; open() tests it again.
BatchEvidence evidence_of(const EngineEntry& engine) {
  BatchEvidence evidence;
  if (!engine.rows) {
    evidence.why_not = "the package does not say whether samples depend on each other; pack it again";
  } else if (!engine.rows->independent) {
    evidence.why_not = "samples depend on each other, says the package" +
                       (engine.rows->reason.empty() ? std::string() : ": " + engine.rows->reason);
  } else {
    const auto& sizes = engine.rows->sizes;
    evidence.largest = sizes.empty() ? 1 : static_cast<std::size_t>(*std::max_element(sizes.begin(), sizes.end()));
    evidence.tolerance = engine.rows->tolerance;
  }
  return evidence;
}

std::string kinds_of(const ModelEntry& entry) {
  std::string text;
  for (const EngineEntry& engine : entry.engines) text += (text.empty() ? "'" : ", '") + engine.kind + "'";
  return text;
}

}  // namespace

ModelCandidate::ModelCandidate(const ModelEntry& entry, const OpeningContext& context, std::optional<std::size_t> index)
    : entry_(entry), context_(context), index_(index), kind_(context.options.engine) {
  options_ = options_of(entry, context);
  if (const auto own = context.options.engines.find(entry.name); own != context.options.engines.end())
    kind_ = own->second;
  if (const auto own = context.options.host_models.find(entry.name); own != context.options.host_models.end())
    given_ = &own->second;
}

Result<void> ModelCandidate::choose() {
  if (given_) {
    const std::string wanted = entry_.signature.to_string();
    const std::string got = given_->signature().to_string();
    if (wanted != got)
      return of_this_model(Error(ErrorCode::kInvalidArgument,
                                 "the host's model has the signature " + got + ", the package's has " + wanted));
    if (has_state() && !context_.options.skip_golden_for_tests && !context_.manifest.golden.empty())
      return of_this_model(Error(ErrorCode::kUnsupported,
                                 "the host's model keeps state, which the golden cases would change; give "
                                 "one that keeps none, or the package's own"));
    return {};
  }
  if (index_ && *index_ >= entry_.engines.size())
    return of_this_model(Error(ErrorCode::kNotFound, "the package has no engines[" + std::to_string(*index_) + "]"));
  return load_next();
}

Result<void> ModelCandidate::pass_over(const Error& why) {
  last_ = why.within("engine '" + entry_.title_of(*chosen_) + "'");
  skipped_.push_back(entry_.title_of(*chosen_) + ": " + last_->to_string());
  engine_.reset();
  chosen_ = nullptr;
  return load_next();
}

bool ModelCandidate::is_considered(std::size_t index) const {
  return (!kind_ || entry_.engines[index].kind == *kind_) && (!index_ || index == *index_);
}

Result<void> ModelCandidate::load_next() {
  for (; next_ < entry_.engines.size(); ++next_) {
    if (!is_considered(next_)) continue;
    const EngineEntry& engine = entry_.engines[next_];
    const EngineLoader* loader = find_loader(context_.loaders, engine.kind);
    last_ = unmet_requirement(engine, loader, options_.device);
    if (!last_) {
      auto loaded = load(engine);
      if (loaded) {
        chosen_ = &entry_.engines[next_++];
        engine_ = *std::move(loaded);
        return {};
      }
      last_ = loaded.error().within("engine '" + entry_.title_of(engine) + "'");
    }
    skipped_.push_back(entry_.title_of(engine) + ": " + last_->to_string());
  }
  return of_this_model(nothing_left());
}

Error ModelCandidate::nothing_left() const {
  if (skipped_.size() == 1) return *last_;
  if (!last_ && index_)
    return Error(ErrorCode::kNotFound, "engines[" + std::to_string(*index_) + "] is no engine '" + *kind_ + "'");
  if (!last_)
    return Error(ErrorCode::kNotFound, "the package has no engine '" + *kind_ + "'; it has " + kinds_of(entry_));
  std::string reasons;
  for (const std::string& reason : skipped_) reasons += (reasons.empty() ? "" : "; ") + reason;
  return Error(last_->code(), "no engine of the package can be used: " + reasons);
}

Result<std::shared_ptr<Engine>> ModelCandidate::load(const EngineEntry& engine) const {
  GANTRY_ASSIGN_OR_RETURN(const auto request, load_request_of(engine, entry_.signature, context_.files, options_));
  auto loaded = load_engine(*find_loader(context_.loaders, engine.kind), request);
  if (!loaded) return loaded.error().within("file '" + engine.file_names() + "'");
  return std::shared_ptr<Engine>(*std::move(loaded));
}

Result<Model> ModelCandidate::make_alone(int instances) const {
  if (given_) return *given_;
  ModelOptions alone = options_;
  alone.merge = Merge::kNever;
  alone.examples.clear();
  alone.instances = options_.instances > 0 ? std::min(options_.instances, instances) : instances;
  return make_model(engine_, entry_.signature, alone, {});
}

Result<Model> ModelCandidate::make_serving(const std::vector<Tensors>& inputs, const RecordedModel* recorded) const {
  if (given_) return *given_;
  ModelOptions options = options_;
  if (options.examples.empty()) options.examples = inputs;
  BatchEvidence evidence = evidence_of(*chosen_);
  if (recorded) evidence.remembered = RememberedMerging{recorded->merged, recorded->merging};
  return make_model(engine_, entry_.signature, options, evidence);
}

std::size_t ModelCandidate::engine_index() const {
  return chosen_ ? static_cast<std::size_t>(chosen_ - entry_.engines.data()) : 0;
}

bool ModelCandidate::has_state() const {
  return given_ ? given_->info().has_state : engine_->info().has_state;
}

PackageModel ModelCandidate::info() const {
  PackageModel info;
  info.name = entry_.name;
  info.engine = given_ ? given_->info().kind : chosen_->kind;
  info.is_hosts = is_given();
  info.skipped_engines = skipped_;
  return info;
}

Error ModelCandidate::here(const Error& error) const {
  return of_this_model(given_ ? error : error.within("engine '" + entry_.title_of(*chosen_) + "'"));
}

Error ModelCandidate::of_this_model(const Error& error) const {
  return context_.manifest.models.size() > 1 ? error.within("model '" + entry_.name + "'") : error;
}

}  // namespace gantry::inline GANTRY_ABI::detail
