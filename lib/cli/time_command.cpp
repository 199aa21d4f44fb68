// SPDX-License-Identifier: Apache-2.0
// gantry time: measures each engine of each model on this machine. gantry-pack orders a package's engines by it.
//
// Each engine is opened like open() does, with its golden cases. The loaders keep the engine and its first inputs. Then
// one instance of each engine runs these inputs in turns, so that other load on the machine affects all alike.
#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <gantry/json_writer.hpp>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/commands.hpp"
#include "cli/open_package.hpp"
#include "cli/printable.hpp"
#include "core/return_if_error.hpp"
#include "package/engine_entry.hpp"
#include "package/requirements.hpp"

namespace gantry::inline GANTRY_ABI::cli {
namespace {

using detail::EngineEntry;
using detail::Manifest;
using detail::ModelEntry;

constexpr int kWarmupRuns = 3;
constexpr int kRounds = 30;
constexpr int kFewestRounds = 5;
constexpr std::chrono::seconds kLongest{30};  // for one model's rounds, after kFewestRounds

/// A loaded engine, and its first inputs: one sample of a golden case.
struct Loaded {
  std::shared_ptr<Engine> engine;
  std::string signature;
  std::mutex mutex;
  std::optional<Tensors> inputs;
};

/// Forwards runs, and keeps the inputs of the first.
class RecordingInstance final : public EngineInstance {
 public:
  RecordingInstance(std::unique_ptr<EngineInstance> instance, std::shared_ptr<Loaded> loaded)
      : instance_(std::move(instance)), loaded_(std::move(loaded)) {}

  Result<Tensors> run(const Tensors& inputs, const EngineCall& call) override {
    {
      const std::lock_guard<std::mutex> lock(loaded_->mutex);
      if (!loaded_->inputs) loaded_->inputs = copy_of(inputs);
    }
    return instance_->run(inputs, call);
  }

 private:
  static Tensors copy_of(const Tensors& inputs) {
    Tensors copy;
    for (const NamedTensor& input : inputs)
      if (auto tensor = input.tensor.clone()) copy.add(input.name, *std::move(tensor));
    return copy;
  }

  const std::unique_ptr<EngineInstance> instance_;
  const std::shared_ptr<Loaded> loaded_;
};

class RecordingEngine final : public Engine {
 public:
  explicit RecordingEngine(std::shared_ptr<Loaded> loaded) : loaded_(std::move(loaded)) {}
  const EngineInfo& info() const override { return loaded_->engine->info(); }
  Result<std::unique_ptr<EngineInstance>> make_instance(int threads) override {
    GANTRY_ASSIGN_OR_RETURN(auto instance, loaded_->engine->make_instance(threads));
    return std::unique_ptr<EngineInstance>(std::make_unique<RecordingInstance>(std::move(instance), loaded_));
  }
  ModelMemory memory() const override { return loaded_->engine->memory(); }
  std::size_t release_idle_memory(std::chrono::milliseconds older_than) override {
    return loaded_->engine->release_idle_memory(older_than);
  }

 private:
  const std::shared_ptr<Loaded> loaded_;
};

class RecordingLoader final : public EngineLoader {
 public:
  using List = std::vector<std::shared_ptr<Loaded>>;
  RecordingLoader(std::shared_ptr<const EngineLoader> loader, std::shared_ptr<List> list)
      : loader_(std::move(loader)), list_(std::move(list)) {}

  std::string kind() const override { return loader_->kind(); }
  std::string version() const override { return loader_->version(); }
  Result<void> check(const JsonView& requirements, Device device) const override {
    return loader_->check(requirements, device);
  }
  Result<std::unique_ptr<Engine>> load(const LoadRequest& request) const override {
    GANTRY_ASSIGN_OR_RETURN(auto engine, loader_->load(request));
    auto loaded = std::make_shared<Loaded>();
    loaded->engine = std::move(engine);
    loaded->signature = request.signature.to_string();
    list_->push_back(loaded);
    return std::unique_ptr<Engine>(std::make_unique<RecordingEngine>(std::move(loaded)));
  }

 private:
  const std::shared_ptr<const EngineLoader> loader_;
  const std::shared_ptr<List> list_;
};

/// One engine of a model, with its time or its problem.
struct Row {
  const EngineEntry* entry = nullptr;
  std::string title;
  std::string problem;
  std::shared_ptr<Loaded> loaded;
  std::unique_ptr<EngineInstance> instance;
  double best_ms = std::numeric_limits<double>::infinity();
};

/// CPU time of this thread, so that other load matters as little as possible.
double cpu_ms() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) * 1e-6;
}

/// Runs the row's instance once and keeps the shortest time; a failure ends the row.
void run_once(Row& row, bool counts) {
  EngineCall call;
  call.is_trial = true;
  const double began = cpu_ms();
  const auto outputs = row.instance->run(*row.loaded->inputs, call);
  const double took = cpu_ms() - began;
  if (!outputs) {
    row.problem = outputs.error().to_string();
    row.instance.reset();
  } else if (counts) {
    row.best_ms = std::min(row.best_ms, took);
  }
}

void measure(std::vector<Row>& rows) {
  const auto began = std::chrono::steady_clock::now();
  for (int round = -kWarmupRuns; round < kRounds; ++round) {
    for (Row& row : rows)
      if (row.instance) run_once(row, round >= 0);
    if (round >= kFewestRounds && std::chrono::steady_clock::now() - began > kLongest) return;
  }
}

/// Opens the package with only this engine for the model, and keeps the engine.
void open_row(const std::string& directory, const ModelEntry& model, std::size_t index, const EngineList& engines,
              const OpenOptions& options, Row& row) {
  const auto unmet =
      detail::unmet_requirement(*row.entry, detail::find_loader(engines, row.entry->kind), options.model.device);
  if (unmet) {
    row.problem = unmet->to_string();
    return;
  }
  const auto list = std::make_shared<RecordingLoader::List>();
  EngineList recording;
  for (const auto& loader : engines) recording.push_back(std::make_shared<RecordingLoader>(loader, list));
  const auto opened = open_with(directory, recording, options, detail::EngineChoice{model.name, index});
  if (!opened) {
    row.problem = opened.error().to_string();
    return;
  }
  // With several models each one loads an engine; this model's is found by its signature. Models with the same
  // signature cannot be told apart and are not measured.
  const std::string signature = model.signature.to_string();
  const auto is_its = [&](const std::shared_ptr<Loaded>& one) { return one->signature == signature; };
  if (std::count_if(list->begin(), list->end(), is_its) != 1) {
    row.problem = "another model has the same signature";
    return;
  }
  row.loaded = *std::find_if(list->begin(), list->end(), is_its);
  if (!row.loaded->inputs) {
    row.problem = "no golden case runs it";
    return;
  }
  auto instance = row.loaded->engine->make_instance(1);
  if (instance)
    row.instance = *std::move(instance);
  else
    row.problem = instance.error().to_string();
}

std::vector<Row> time_model(const std::string& directory, const ModelEntry& model, const EngineList& engines,
                            const OpenOptions& options) {
  std::vector<Row> rows(model.engines.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    rows[i].entry = &model.engines[i];
    rows[i].title = model.title_of(model.engines[i]);
    open_row(directory, model, i, engines, options, rows[i]);
  }
  measure(rows);
  return rows;
}

void print(const std::string& model, const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    std::printf("%s: %s: ", printable(model).c_str(), printable(row.title).c_str());
    if (row.problem.empty())
      std::printf("%.3f ms\n", row.best_ms);
    else
      std::printf("not measured: %s\n", printable(row.problem).c_str());
  }
}

/// {"model": "net", "engine": 0, "ms": 11.2}, or "problem" instead of "ms".
void print_json(const std::string& model, const std::vector<Row>& rows) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    JsonWriter writer;
    writer.begin_object().field("model", model).field("engine", i);
    if (rows[i].problem.empty())
      writer.field("ms", rows[i].best_ms);
    else
      writer.field("problem", rows[i].problem);
    std::printf("%s\n", writer.end_object().finish().value().c_str());
  }
}

}  // namespace

CommandSpec time_spec() {
  auto options = every_engine_option_specs();
  options.push_back({"json", false});
  return {"time PKG [--json] " + every_engine_option_usage(), 1, 1, options};
}

int time_command(const Arguments& arguments) {
  const auto options = open_options(arguments);
  if (!options) return complain_of_options(options.error());
  const std::string& directory = arguments.positional()[0];
  const auto manifest = load_manifest(directory, options->trusted_keys);
  if (!manifest) return complain(manifest.error().to_string(), kExitCouldNotRun);
  const auto libraries = load_engine_libraries(arguments);
  if (!libraries) return complain(libraries.error().to_string(), kExitCouldNotRun);
  bool any_measured = manifest->models.empty();
  for (const ModelEntry& model : manifest->models) {
    const auto rows = time_model(directory, model, libraries->engines, *options);
    any_measured =
        any_measured || std::any_of(rows.begin(), rows.end(), [](const Row& row) { return row.problem.empty(); });
    if (arguments.has("json"))
      print_json(model.name, rows);
    else
      print(model.name, rows);
  }
  return any_measured ? kExitOk : kExitCouldNotRun;
}

}  // namespace gantry::inline GANTRY_ABI::cli
