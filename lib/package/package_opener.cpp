// SPDX-License-Identifier: Apache-2.0
// Builds the pipeline, trying one engine after the other.
#include "package/package_opener.hpp"

#include <algorithm>
#include <utility>

#include "core/return_if_error.hpp"
#include "model/make_model.hpp"
#include "package/golden_identity.hpp"
#include "pipeline/pipeline_origin.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

int largest_batch(const ModelsByName& models) {
  int largest = 1;
  for (const auto& [name, model] : models) largest = std::max(largest, model.max_batch());
  return largest;
}

}  // namespace

PackageOpener::PackageOpener(const OpeningContext& context, const TypeInfo* in, const TypeInfo* out,
                             const std::optional<EngineChoice>& choice)
    : context_(context),
      manifest_(context.manifest),
      in_(in),
      out_(out),
      choice_(choice),
      registry_(context.options.registry ? *context.options.registry : Registry::builtin()) {}

Result<OpenedPackage> PackageOpener::open() {
  const bool remembers =
      context_.options.golden == Golden::kFirstTime && !choice_ && !context_.options.skip_golden_for_tests;
  if (!remembers) {
    auto built = open_whole();
    return built ? Result<OpenedPackage>(finished(*std::move(built))) : Result<OpenedPackage>(std::move(built).error());
  }
  GANTRY_ASSIGN_OR_RETURN(const auto records, GoldenRecords::open(context_.options.golden_cache));
  GANTRY_ASSIGN_OR_RETURN(const auto identity, golden_identity(context_));
  if (const auto record = records.find(identity)) {
    begin(&*record);
    auto built = attempt_remembered(*record);
    if (built) return finished(*std::move(built));
    records.forget(identity);  // a recorded case fails now, so the record is invalid
  }
  GANTRY_ASSIGN_OR_RETURN(auto built, open_whole());
  if (built.info.golden_cases > 0)
    if (const auto kept = records.keep(identity, record_of(built)); !kept)
      built.info.golden_note = kept.error().message();
  return finished(std::move(built));
}

void PackageOpener::begin(const GoldenRecord* record) {
  record_ = record;
  models_.clear();
  for (const ModelEntry& entry : manifest_.models) {
    std::optional<std::size_t> index;
    if (choice_ && choice_->model == entry.name) index = choice_->index;
    if (const RecordedModel* model = record ? record->model(entry.name) : nullptr) index = model->engine;
    models_.emplace_back(entry, context_, index);
  }
}

Result<void> PackageOpener::choose() {
  for (ModelCandidate& model : models_) GANTRY_RETURN_IF_ERROR(model.choose());
  return {};
}

Result<PackageOpener::Built> PackageOpener::open_whole() {
  begin(nullptr);
  GANTRY_RETURN_IF_ERROR(choose());
  while (true) {
    at_fault_ = nullptr;
    auto built = attempt();
    if (built || at_fault_ == nullptr) return built;
    if (at_fault_->is_given()) return at_fault_->here(built.error());
    GANTRY_RETURN_IF_ERROR(at_fault_->pass_over(built.error()));
  }
}

/// Uses the loaded engines. If one is at fault, sets at_fault_ to its model.
Result<PackageOpener::Built> PackageOpener::attempt() {
  if (context_.options.skip_golden_for_tests) return build_serving(nullptr, nullptr);
  GANTRY_ASSIGN_OR_RETURN(auto golden, check_alone(manifest_.golden));
  auto built = build_serving(&golden, nullptr);
  if (!built) return built;
  // Runs change a model with state, so its serving instances must not run golden cases.
  if (!has_state())
    if (auto ok = golden.run_together(*built->core, largest_batch(serving_)); !ok) {
      blame_for_batches(golden);
      return std::move(ok).error();
    }
  built->info.golden_cases = golden.size();
  built->info.golden_boundaries = golden.boundaries();
  return built;
}

/// Runs only the first case: on a separate instance if a model keeps state, else on the serving ones to warm them up.
Result<PackageOpener::Built> PackageOpener::attempt_remembered(const GoldenRecord& record) {
  if (manifest_.golden.size() != record.cases || manifest_.models.size() != record.models.size())
    return Error(ErrorCode::kInternal, "the record is of another package");
  GANTRY_RETURN_IF_ERROR(choose());
  const std::vector<GoldenCase> first{manifest_.golden[0]};
  std::optional<GoldenCheck> golden;
  if (has_state()) {
    GANTRY_ASSIGN_OR_RETURN(auto checked, check_alone(first));
    golden.emplace(std::move(checked));
  }
  auto built = build_serving(nullptr, &record);
  if (!built) return built;
  if (!golden) {
    GANTRY_ASSIGN_OR_RETURN(auto loaded, load_golden(*built, first));
    GANTRY_RETURN_IF_ERROR(loaded.run_alone(*built->core, 0));
    golden.emplace(std::move(loaded));
  }
  built->info.golden_cases = golden->size();
  built->info.golden_boundaries = golden->boundaries();
  built->info.golden_cases_remembered = record.cases;
  return built;
}

Result<GoldenCheck> PackageOpener::load_golden(const Built& built, const std::vector<GoldenCase>& cases) const {
  return GoldenCheck::load(*built.core->root().in, built.inputs, cases, registry_.codecs(), context_.files);
}

/// Runs the cases at batch 1, on instances that serve nobody: on all workers; or, if a model keeps state, one by one
/// with new instances each.
Result<GoldenCheck> PackageOpener::check_alone(const std::vector<GoldenCase>& cases) {
  auto built = build_alone(has_state() ? 1 : cases.size());
  GANTRY_RETURN_IF_ERROR(built);
  auto golden = load_golden(*built, cases);
  if (!golden) return golden;
  Result<void> ok;
  if (!has_state()) {
    ok = golden->run_all_alone(*built->core, *context_.runtime.core());
  } else {
    for (std::size_t i = 0; ok && i < cases.size(); ++i) {
      if (i > 0) built = build_alone(1);
      ok = built ? golden->run_alone(*built->core, i) : Result<void>(built.error());
    }
  }
  if (ok) return golden;
  if (built) blame(golden->model_at_fault());
  return std::move(ok).error();
}

Result<PackageOpener::Built> PackageOpener::build_alone(std::size_t cases) {
  const int workers = context_.runtime.options().workers;
  const int instances = static_cast<int>(std::min(std::max<std::size_t>(1, cases), static_cast<std::size_t>(workers)));
  GANTRY_ASSIGN_OR_RETURN(auto models,
                          make_models([&](const ModelCandidate& model) { return model.make_alone(instances); }));
  return build(models);
}

/// Builds the pipeline that serves, from the inputs of golden cases or from a record of them.
Result<PackageOpener::Built> PackageOpener::build_serving(const GoldenCheck* golden, const GoldenRecord* record) {
  const auto make = [&](const ModelCandidate& model) {
    return model.make_serving(golden ? golden->model_inputs(model.name()) : std::vector<Tensors>(),
                              record ? record->model(model.name()) : nullptr);
  };
  GANTRY_ASSIGN_OR_RETURN(serving_, make_models(make));
  return build(serving_);
}

void PackageOpener::blame(const std::string& name) {
  for (ModelCandidate& model : models_)
    if (model.name() == name) at_fault_ = &model;
}

/// The cases passed one by one and failed together. The model at fault is the one without whose batches they pass.
void PackageOpener::blame_for_batches(const GoldenCheck& golden) {
  if (models_.size() == 1) at_fault_ = &models_[0];
  for (ModelCandidate& candidate : models_) {
    if (at_fault_ != nullptr) return;
    auto alone = candidate.make_alone(1);
    if (!alone) continue;
    ModelsByName models = serving_;
    models.insert_or_assign(candidate.name(), *std::move(alone));
    const auto built = build(models);
    if (built && golden.run_together(*built->core, largest_batch(serving_))) at_fault_ = &candidate;
  }
}

template <class Make>
Result<ModelsByName> PackageOpener::make_models(Make make) {
  ModelsByName made;
  for (ModelCandidate& candidate : models_) {
    Result<Model> model = make(candidate);
    if (!model) {
      at_fault_ = &candidate;
      return std::move(model).error();
    }
    made.emplace(candidate.name(), *std::move(model));
  }
  return made;
}

/// The pipeline over these models.
Result<PackageOpener::Built> PackageOpener::build(const ModelsByName& models) {
  auto parsed = parse_package_pipeline(manifest_, context_.files, models, in_, out_, registry_);
  if (!parsed) return parsed.error().within("gantry.json");
  GANTRY_ASSIGN_OR_RETURN(auto core, PipelineCore::compile(parsed->root, compile_options()));
  Built built{std::move(core), std::move(parsed->inputs), {}, {}};
  built.info.name = manifest_.name;
  built.info.version = manifest_.version;
  for (const ModelCandidate& candidate : models_) {
    const Model& model = models.at(candidate.name());
    built.info.models.push_back(candidate.info());
    built.info.models.back().merging = model.merging();
    built.merged.push_back(ModelMaker::call_of(model)->max_merged);
  }
  return built;
}

GoldenRecord PackageOpener::record_of(const Built& built) const {
  GoldenRecord record;
  record.cases = built.info.golden_cases;
  for (std::size_t i = 0; i < models_.size(); ++i)
    record.models.push_back(
        {models_[i].name(), models_[i].engine_index(), built.merged[i], built.info.models[i].merging});
  return record;
}

OpenedPackage PackageOpener::finished(Built built) const {
  auto origin = std::make_shared<PipelineOrigin>(
      PipelineOrigin{std::move(built.info), registry_.codecs(), std::move(built.inputs)});
  return {std::move(built.core), std::move(origin)};
}

CompileOptions PackageOpener::compile_options() const {
  CompileOptions options;
  options.runtime = context_.runtime;
  options.name = manifest_.name;
  options.version = manifest_.version;
  const bool is_alone = models_.size() == 1;
  options.notes.push_back("package: " + manifest_.title() + (is_alone ? ", engine " + models_[0].info().engine : ""));
  for (const ModelCandidate& candidate : models_) {
    const PackageModel model = candidate.info();
    const std::string of = is_alone ? "" : "model '" + model.name + "': ";
    if (!is_alone) options.notes.push_back(of + "engine " + model.engine + (model.is_hosts ? ", the host's own" : ""));
    for (const std::string& reason : model.skipped_engines)
      options.notes.push_back(of + "engine passed over: " + reason);
  }
  if (record_)
    options.notes.push_back("golden cases: 1 of " + std::to_string(record_->cases) +
                            " run, since all passed when the package was first opened here");
  return options;
}

bool PackageOpener::has_state() const {
  return std::any_of(models_.begin(), models_.end(), [](const ModelCandidate& model) { return model.has_state(); });
}

}  // namespace gantry::inline GANTRY_ABI::detail
