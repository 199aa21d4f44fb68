// SPDX-License-Identifier: Apache-2.0
// What more workers gain and cost, and the cost of merging calls into one batch:
//   throughput of 1 .. budget workers, and of twice the budget; with twice as many blocking callers as workers
//   resident memory after warm-up, by number of workers, each in a separate process
//   the time to stack inputs and split outputs of forced batches of 8, compared with the engine's
// Answers are compared before anything is timed.
//
//   bench_runtime_scaling MODEL.ts "x:f32[batch,3,224,224]" "y:f32[batch,1000]" 3,224,224 [SECONDS]
#include <ATen/Parallel.h>

#include <atomic>
#include <condition_variable>
#include <gantry/libtorch.hpp>
#include <mutex>
#include <optional>

#include "torchscript.hpp"
#include "turns.hpp"

namespace {

using namespace gantry;
using namespace std::chrono_literals;
using bench::Clock;

constexpr int kRounds = 5;

struct Network {
  std::string path;
  Signature signature;
  Tensor input;
  std::vector<float> expected;
};

std::vector<float> values_of(const Tensor& tensor) {
  const Tensor whole = tensor.contiguous().value();
  const auto values = whole.values<float>().value();
  return {values.begin(), values.end()};
}

void check(const Network& network, const Result<Tensor>& answer) {
  if (answer && bench::agree(values_of(*answer), network.expected)) return;
  std::fprintf(stderr, "the answers differ\n");
  std::exit(1);
}

/// The model on `workers` workers; calls are never merged.
struct Served {
  Served(const Network& network, int workers) {
    RuntimeOptions options;
    options.workers = workers;
    options.allow_oversubscription = true;
    runtime = Runtime::create(options).value();
    ModelOptions model_options;
    model_options.runtime = runtime;
    model_options.batch_across_callers = false;
    model = libtorch::load(network.path, network.signature, model_options).value();
    pipeline = compile(model->stage(), *runtime).value();
    check(network, pipeline->run(network.input));
  }
  std::vector<double> run(const Network& network, Clock::duration time, Clock::duration warm_up) const {
    return bench::closed_loop(
        2 * runtime->options().workers, time,
        [&](int) {
          if (!pipeline->run(network.input)) std::abort();
        },
        warm_up);
  }
  std::optional<Runtime> runtime;
  std::optional<Model> model;
  std::optional<Pipeline<Tensor, Tensor>> pipeline;
};

std::vector<int> numbers_of_workers(int budget) {
  std::vector<int> numbers;
  for (int workers = 1; workers < budget; workers *= 2) numbers.push_back(workers);
  numbers.push_back(budget);
  numbers.push_back(2 * budget);
  return numbers;
}

void throughput(const Network& network, const std::vector<int>& numbers, Clock::duration time) {
  std::vector<Served> sides;
  for (const int workers : numbers) sides.emplace_back(network, workers);
  std::vector<std::vector<double>> rates(sides.size()), ratios(sides.size()), latencies(sides.size());
  for (int round = 0; round < kRounds; ++round) {
    for (std::size_t i = 0; i < sides.size(); ++i) {
      const auto some = sides[i].run(network, time, time / 4);
      rates[i].push_back(static_cast<double>(some.size()) / std::chrono::duration<double>(time).count());
      latencies[i].insert(latencies[i].end(), some.begin(), some.end());
    }
    for (std::size_t i = 0; i < sides.size(); ++i) ratios[i].push_back(rates[i].back() / rates[0].back());
  }
  for (std::size_t i = 0; i < sides.size(); ++i)
    std::printf("%2d workers, %2d callers: %7.1f/s, %.2f (%.2f..%.2f) times one worker's; p50 %.2f ms, p99 %.2f ms\n",
                numbers[i], 2 * numbers[i], bench::quantile(rates[i], 0.5), bench::quantile(ratios[i], 0.5),
                bench::quantile(ratios[i], 0), bench::quantile(ratios[i], 1), bench::quantile(latencies[i], 0.5) / 1000,
                bench::quantile(latencies[i], 0.99) / 1000);
}

/// For `bench_runtime_scaling ... --memory WORKERS`: prints resident and private memory in kB, once it is warm.
int print_memory(const Network& network, int workers) {
  const Served served(network, workers);
  served.run(network, 1s, 0s);
  long resident = 0, own = 0;
  std::ifstream rollup("/proc/self/smaps_rollup");
  for (std::string line; std::getline(rollup, line);) {
    std::istringstream words(line);
    std::string key;
    long kb = 0;
    words >> key >> kb;
    if (key == "Rss:") resident = kb;
    if (key == "Private_Dirty:") own = kb;
  }
  std::printf("%ld %ld\n", resident, own);
  return 0;
}

/// The words as one shell command.
std::string quoted(std::vector<std::string> words) {
  std::string command;
  for (const std::string& word : words) command += "'" + word + "' ";
  return command;
}

void memory(char** argv, const std::vector<int>& numbers) {
  std::optional<long> first_resident, first_own;
  for (const int workers : numbers) {
    const std::string command =
        quoted({argv[0], argv[1], argv[2], argv[3], argv[4], "--memory", std::to_string(workers)});
    std::FILE* const child = ::popen(command.c_str(), "r");
    long resident = 0, own = 0;
    if (!child || std::fscanf(child, "%ld %ld", &resident, &own) != 2 || ::pclose(child) != 0) std::exit(1);
    std::printf("%2d workers: %.1f MB resident, %.1f MB of it private and written", workers,
                static_cast<double>(resident) / 1024, static_cast<double>(own) / 1024);
    if (first_resident)
      std::printf("; each worker more takes %.1f MB, %.1f MB",
                  static_cast<double>(resident - *first_resident) / 1024 / (workers - numbers[0]),
                  static_cast<double>(own - *first_own) / 1024 / (workers - numbers[0]));
    else
      first_resident = resident, first_own = own;
    std::printf("\n");
  }
}

/// LibTorch's engine, made slow for batches of fewer than 8, so that gantry finds it worthwhile to wait for 8.
class EightPays final : public Engine {
 public:
  explicit EightPays(std::unique_ptr<Engine> engine) : engine_(std::move(engine)) {}
  const EngineInfo& info() const override { return engine_->info(); }
  Result<std::unique_ptr<EngineInstance>> make_instance(int threads) override {
    auto instance = engine_->make_instance(threads);
    if (!instance) return instance.error();
    return std::unique_ptr<EngineInstance>(std::make_unique<Instance>(*std::move(instance)));
  }

 private:
  class Instance final : public EngineInstance {
   public:
    explicit Instance(std::unique_ptr<EngineInstance> instance) : instance_(std::move(instance)) {}
    Result<Tensors> run(const Tensors& inputs, const EngineCall& call) override {
      auto outputs = instance_->run(inputs, call);
      if (inputs[0].tensor.shape()[0] < 8) std::this_thread::sleep_for(500ms);
      return outputs;
    }

   private:
    std::unique_ptr<EngineInstance> instance_;
  };
  std::unique_ptr<Engine> engine_;
};

void gather(const Network& network, bool retains, Clock::duration time) {
  RuntimeOptions runtime_options;
  runtime_options.workers = 1;
  const Runtime runtime = Runtime::create(runtime_options).value();
  ModelOptions options;
  options.runtime = runtime;
  options.max_batch = 8;
  options.max_delay = 1s;
  options.merge = Merge::kAssume;
  LoadRequest request;
  request.files.push_back({ModelFile::open(network.path).value(), 0});
  request.signature = network.signature;
  request.host_options.set("retain_activation_memory", retains);
  auto engine = libtorch::engines().at(0)->load(request).value();
  const Model model = Model::make(std::make_unique<EightPays>(std::move(engine)), network.signature, options).value();
  const auto pipeline = compile(model.stage(), runtime).value();
  // Sixteen requests are always in flight, so that eight wait whenever the instance is free.
  std::mutex mutex;
  std::condition_variable is_done;
  int in_flight = 0;
  bool is_over = false;
  std::atomic<bool> differs{false};
  std::function<void()> submit = [&] {
    pipeline.submit(network.input, {}, [&](const Result<Tensor>& result) {
      if (!result || !bench::agree(values_of(*result), network.expected)) differs = true;
      bool goes_on = false;
      {
        const std::lock_guard lock(mutex);
        goes_on = !is_over;
        if (!goes_on && --in_flight == 0) is_done.notify_one();
      }
      if (goes_on) submit();
    });
  };
  for (in_flight = 0; in_flight < 16; ++in_flight) submit();
  const auto model_stats = [&] { return runtime.stats().models.at(0); };
  const auto gives_up = Clock::now() + 60s;
  while (model_stats().batch_sizes[3] < 8 && Clock::now() < gives_up) std::this_thread::sleep_for(50ms);
  const ModelStats before = model_stats();
  std::this_thread::sleep_for(time);
  const ModelStats after = model_stats();
  {
    std::unique_lock lock(mutex);
    is_over = true;
    is_done.wait(lock, [&] { return in_flight == 0; });
  }
  if (differs) std::fprintf(stderr, "the answers differ\n"), std::exit(1);
  const auto batches = after.batches - before.batches;
  const auto of_eight = after.batch_sizes[3] - before.batch_sizes[3];
  if (of_eight == 0) std::fprintf(stderr, "no batch of 8\n"), std::exit(1);
  const auto gather_ns = static_cast<double>(after.gather.sum_ns - before.gather.sum_ns);
  const auto compute_ns = static_cast<double>(after.compute.sum_ns - before.compute.sum_ns);
  std::printf("batches of 8, activation memory %s: stacking and splitting %.3f ms a batch, computing %.1f ms: %.2f %%",
              retains ? "kept" : "given back", gather_ns / 1e6 / static_cast<double>(batches),
              compute_ns / 1e6 / static_cast<double>(batches), 100 * gather_ns / compute_ns);
  if (of_eight != batches)
    std::printf(" (only %llu of %llu batches were of 8: repeat)", static_cast<unsigned long long>(of_eight),
                static_cast<unsigned long long>(batches));
  std::printf("\n");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5 || argc > 7)
    return std::fprintf(stderr, "usage: bench_runtime_scaling MODEL INPUT OUTPUT DIMS [SECONDS]\n"), 64;
  at::set_num_threads(1);
  std::vector<std::int64_t> dims = bench::parse_dims(argv[4]);
  std::size_t count = 1;
  for (const std::int64_t dim : dims) count *= static_cast<std::size_t>(dim);
  std::vector<float> values = bench::make_input(count);
  const Shape shape{Span<const std::int64_t>(dims)};
  dims.insert(dims.begin(), 1);
  Network network{argv[1],
                  Signature::parse(argv[2], argv[3]).value(),
                  Tensor::from<float>(Span<const float>(values.data(), values.size()), shape).value(),
                  {}};
  {
    auto module = bench::load_frozen(argv[1]);
    network.expected = bench::call(module, torch::from_blob(values.data(), dims));
  }
  if (argc == 7) return print_memory(network, std::atoi(argv[6]));

  const auto time =
      std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(argc > 5 ? std::atof(argv[5]) : 2.0));
  const Runtime runtime = Runtime::create({}).value();
  std::printf("%s\n", runtime.budget_explanation().c_str());
  const std::vector<int> numbers = numbers_of_workers(runtime.options().workers);
  memory(argv, numbers);
  throughput(network, numbers, time);
  for (const bool retains : {false, true}) gather(network, retains, 3 * time);
}
