// SPDX-License-Identifier: Apache-2.0
// Decoders in the benchmark of detection: one head, driven line by line.
//
//   bench_decoder_worker PIPELINE FOLDER WIDTH HEIGHT NAME...
//
// PIPELINE is a file with ops from Tensors to Detections; the head's tensors are FOLDER/NAME.npy, of a picture of WIDTH
// x HEIGHT. How many are found, and the sums of their scores and of their boxes' sides, are written to FOLDER/found,
// then a line says that it is ready. `run N` decodes N times, and answers the CPU time of one in nanoseconds.
#include <ctime>

#include <cstdio>
#include <fstream>
#include <gantry/any_pipeline.hpp>
#include <gantry/bytes.hpp>
#include <gantry/detect.hpp>
#include <gantry/pipeline.hpp>
#include <gantry/registry.hpp>
#include <iostream>
#include <string>
#include <utility>

namespace {

using namespace gantry;

Tensor load(const std::string& path) {
  static const Codecs codecs = Registry::builtin().codecs();
  const Payload payload =
      codecs.from_bytes(PayloadType::of<Tensor>(), read_file(path).value(), "application/x-npy").value();
  return payload.as<Tensor>().value();
}

double cpu_ns() {
  std::timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 6) return std::fprintf(stderr, "usage: bench_decoder_worker PIPELINE FOLDER WIDTH HEIGHT NAME...\n"), 64;
  const std::string folder = argv[2];
  Tensors head;
  for (int i = 5; i < argc; ++i) head.add(argv[i], load(folder + "/" + argv[i] + ".npy"));
  const Frame frame = Frame::of(std::stoll(argv[3]), std::stoll(argv[4]));
  const auto placed = stage("placed", [frame](Tensors&& tensors, const CallContext& call) {
    call.set_frame(frame);
    return std::move(tensors);
  });
  const Bytes text = read_file(argv[1]).value();
  const std::string config(reinterpret_cast<const char*>(text.data()), text.size());
  const auto decode = parse_stages<Tensors, Detections>(config, Registry::builtin(), {}).value();
  RuntimeOptions options;
  options.execution = Execution::kCaller;
  const auto pipeline = compile(placed | decode, Runtime::create(options).value()).value();
  const Detections found = pipeline.run(head).value();
  double scores = 0, sides = 0;
  for (const Detection& one : found) {
    scores += static_cast<double>(one.score);
    sides += static_cast<double>(one.box.x0 + one.box.y0 + one.box.x1 + one.box.y1);
  }
  std::ofstream(folder + "/found") << found.size() << " " << scores << " " << sides << "\n";
  std::cout << "ready" << std::endl;
  std::string word;
  for (long count = 0; std::cin >> word >> count;) {
    const double began = cpu_ns();
    for (long i = 0; i < count; ++i) static_cast<void>(pipeline.run(head).value());
    std::cout << (cpu_ns() - began) / static_cast<double>(count) << std::endl;
  }
  return 0;
}
