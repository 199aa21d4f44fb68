// SPDX-License-Identifier: Apache-2.0
// gantry in the benchmark of engines: one package with one engine, controlled line by line.
//
//   bench_engines_worker_torch PACKAGE ENGINE WORKERS BATCH DUMP INPUT...
//
// INPUT is the input of one request: a picture, or name=a.npy,name=b.npy. BATCH requests are one call of
// Pipeline::run_batch(), and so one call of the engine; WORKERS callers make such calls at a time. The first answer is
// written to DUMP, as .npy or JSON. Then a line of JSON says that the worker is ready. `run N` makes each caller do N
// calls, and answers a list of [wall ns, CPU ns] per call; the CPU time is that of the process.
//
// One program has LibTorch's engines and one has ExecuTorch's, so that neither loads the other's libraries.
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <gantry/core.hpp>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#ifdef GANTRY_BENCH_EXECUTORCH
#include <gantry/executorch.hpp>
#else
#include <gantry/libtorch.hpp>
#endif

namespace {

using namespace gantry;

EngineList engines() {
#ifdef GANTRY_BENCH_EXECUTORCH
  return executorch::engines();
#else
  return libtorch::engines();
#endif
}

template <class T>
T or_exit(Result<T> result) {
  if (result) return *std::move(result);
  std::fprintf(stderr, "%s\n", result.error().to_string().c_str());
  std::exit(1);
}

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
}

double cpu_ns() {
  std::timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

Payload load(const AnyPipeline& pipeline, const std::string& argument) {
  const auto equals = argument.find('=');
  const PayloadType& type = pipeline.inputs()[0].type;
  if (equals == std::string::npos)
    return or_exit(pipeline.codecs().from_bytes(type, or_exit(read_file(argument)), media_type_of(argument)));
  Tensors tensors;
  for (std::size_t begin = 0; begin < argument.size();) {
    const auto end = std::min(argument.find(',', begin), argument.size());
    const std::string part = argument.substr(begin, end - begin);
    const auto at = part.find('=');
    const Payload tensor = or_exit(pipeline.codecs().from_bytes(
        PayloadType::of<Tensor>(), or_exit(read_file(part.substr(at + 1))), "application/x-npy"));
    tensors.add(part.substr(0, at), *tensor.get_if<Tensor>());
    begin = end + 1;
  }
  return or_exit(pipeline.codecs().from_tensors(type, std::move(tensors)));
}

class Calls {
 public:
  Calls(AnyPipeline pipeline, std::vector<Payload> inputs, std::size_t batch)
      : pipeline_(std::move(pipeline)), inputs_(std::move(inputs)), batch_(batch) {}

  /// The answer to the first item.
  Payload call() const {
    std::vector<Payload> batch;
    for (std::size_t i = 0; i < batch_; ++i) batch.emplace_back(inputs_[i % inputs_.size()].value().copy());
    auto results = pipeline_.run_batch(std::move(batch));
    for (auto& result : results)
      if (!result) or_exit(std::move(result));
    return or_exit(std::move(results[0]));
  }

  void measure(int workers, int count) const {
    const auto began = std::chrono::steady_clock::now();
    const double cpu_began = cpu_ns();
    const auto loop = [&] {
      for (int i = 0; i < count; ++i) call();
    };
    std::vector<std::thread> others;
    for (int i = 1; i < workers; ++i) others.emplace_back(loop);
    loop();
    for (std::thread& other : others) other.join();
    const double wall = std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - began).count();
    std::printf("{\"wall_ns\": %.0f, \"cpu_ns\": %.0f}\n", wall / (count * workers),
                (cpu_ns() - cpu_began) / (count * workers));
  }

 private:
  const AnyPipeline pipeline_;
  const std::vector<Payload> inputs_;
  const std::size_t batch_;
};

void write_answer(const AnyPipeline& pipeline, const Payload& answer, const std::string& path) {
  const auto npy = pipeline.codecs().to_npy(answer);
  const auto json = npy ? Result<std::string>(std::string()) : pipeline.codecs().to_json(answer);
  const std::string text = npy ? std::string(npy->begin(), npy->end()) : or_exit(json);
  std::FILE* file = std::fopen(path.c_str(), "wb");
  if (file == nullptr || std::fwrite(text.data(), 1, text.size(), file) != text.size()) std::exit(1);
  std::fclose(file);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 7) return std::fprintf(stderr, "usage: %s PACKAGE ENGINE WORKERS BATCH DUMP INPUT...\n", argv[0]), 64;
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  const int workers = std::atoi(argv[3]);
  RuntimeOptions threads;
  threads.workers = workers;
  OpenOptions options;
  options.engine = argv[2];
  options.model.runtime = or_exit(Runtime::create(threads));
  options.model.file_memory = FileMemory::kMapped;
  options.model.batch_across_callers = false;
  if (const char* cache = std::getenv("GANTRY_BENCH_GOLDEN_CACHE")) {
    options.golden = Golden::kFirstTime;
    options.golden_cache = cache;
  }
  const AnyPipeline pipeline = or_exit(open_any(argv[1], engines(), options));
  std::vector<Payload> inputs;
  for (int i = 6; i < argc; ++i) inputs.push_back(load(pipeline, argv[i]));
  const Calls calls(pipeline, std::move(inputs), static_cast<std::size_t>(std::atoi(argv[4])));
  const Payload answer = calls.call();
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  write_answer(pipeline, answer, argv[5]);
  std::printf("{\"version\": \"gantry\", \"first_answer_cpu_s\": %.3f}\n",
              seconds(usage.ru_utime) + seconds(usage.ru_stime));
  std::string word;
  int count = 0;
  while (std::cin >> word >> count) calls.measure(workers, count);
}
