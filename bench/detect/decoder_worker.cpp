// SPDX-License-Identifier: Apache-2.0
// Decoders in the benchmark of detection: one head, controlled line by line.
//
//   bench_decoder_worker PIPELINE FOLDER WIDTH HEIGHT NAME...
//
// PIPELINE is a file with ops from Tensors to Detections. The head's tensors are FOLDER/NAME.npy, for a picture of
// WIDTH x HEIGHT. Writes the number of detections, and the sums of their scores and of their boxes' sides, to
// FOLDER/found.
#include <cstdio>
#include <fstream>
#include <gantry/detect.hpp>
#include <string>
#include <utility>

#include "worker.hpp"

int main(int argc, char** argv) {
  using namespace gantry;
  if (argc < 6) return std::fprintf(stderr, "usage: bench_decoder_worker PIPELINE FOLDER WIDTH HEIGHT NAME...\n"), 64;
  const std::string folder = argv[2];
  Tensors head;
  for (int i = 5; i < argc; ++i) head.add(argv[i], bench::load(folder + "/" + argv[i] + ".npy"));
  const Frame frame = Frame::of(std::stoll(argv[3]), std::stoll(argv[4]));
  const auto placed = stage("placed", [frame](Tensors&& tensors, const CallContext& call) {
    call.set_frame(frame);
    return std::move(tensors);
  });
  const Bytes text = read_file(argv[1]).value();
  const std::string config(reinterpret_cast<const char*>(text.data()), text.size());
  const auto decode = parse_stages<Tensors, Detections>(config, Registry::builtin(), {}).value();
  const auto pipeline = bench::compiled(placed | decode);
  const Detections found = pipeline.run(head).value();
  double scores = 0, sides = 0;
  for (const Detection& one : found) {
    scores += static_cast<double>(one.score);
    sides += static_cast<double>(one.box.x0 + one.box.y0 + one.box.x1 + one.box.y1);
  }
  std::ofstream(folder + "/found") << found.size() << " " << scores << " " << sides << "\n";
  return bench::serve("ready", [&] { static_cast<void>(pipeline.run(head).value()); });
}
