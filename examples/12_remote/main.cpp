// SPDX-License-Identifier: Apache-2.0
// Has gantry-server compute: 12_remote HOSTS PIPELINE PHOTO [MODEL]
// HOSTS: "http://localhost:8080", or several with commas. PIPELINE takes a picture and gives classes, such as that of
// `make server-demo`. MODEL takes and gives tensors; it is run on zeros.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <gantry/core.hpp>
#include <gantry/remote.hpp>
#include <string>
#include <vector>

namespace g = gantry;
using namespace std::chrono_literals;

/// A whole pipeline there: a photo goes, classes come. All else is as with g::open<g::Bytes, g::Classes>(package).
void classify(const std::string& hosts, const std::string& name, const g::Bytes& photo) {
  const auto pipeline = g::remote::connect_pipeline<g::Bytes, g::Classes>(hosts, name).value();
  g::RunOptions options = g::within(10s);
  options.tenant = "examples";
  for (const g::Class& found : pipeline.run(photo, options).value())
    std::printf("%6.2f %%  %s\n", 100 * static_cast<double>(found.score), found.label.c_str());

  // The time that is left goes along. A call that is late here is cancelled there.
  const auto late = pipeline.run(photo, g::within(1us));
  std::printf("within a microsecond: %s\n", late ? "it was in time" : to_string(late.error().code()));

  // What the server refuses comes back with its code, its text, and which host it was.
  const auto refused = pipeline.run(g::Bytes("no picture"));
  std::printf("no picture: %s\n", refused.error().to_string().c_str());
}

/// A model there, as a stage among local ones.
void run_model(const std::string& hosts, const std::string& name) {
  const g::Model model = g::remote::connect_model(hosts, name).value();
  std::printf("%s\n", model.info().description.c_str());
  const auto pipeline = g::compile(model.stage<g::Tensors, g::Tensors>()).value();
  g::Tensors zeros;
  for (const g::TensorSpec& spec : model.signature().inputs()) {
    std::vector<std::int64_t> extents;  // of a sample: without the batch
    for (const g::Dim& dim : spec.dims)
      if (dim.symbol != "batch") extents.push_back(dim.is_symbolic() ? 1 : dim.extent);
    const g::Shape shape(g::Span<const std::int64_t>(extents.data(), extents.size()));
    zeros.add(spec.name, g::Tensor::zeros(spec.dtype, shape).value());
  }
  const g::Tensors outputs = pipeline.run(zeros).value();
  for (const g::NamedTensor& output : outputs)
    std::printf("%s: %s\n", output.name.c_str(), output.tensor.to_string().c_str());
}

int main(int argc, char** argv) try {
  if (argc != 4 && argc != 5) return std::fprintf(stderr, "usage: %s HOSTS PIPELINE PHOTO [MODEL]\n", argv[0]), 64;
  classify(argv[1], argv[2], g::read_file(argv[3]).value());
  if (argc == 5) run_model(argv[1], argv[4]);
  // Hosts that do not answer are left out, and tried again later; a readiness check of this service would look here.
  for (const std::string& reason : g::Runtime::shared().value().health().reasons)
    std::printf("not ready: %s\n", reason.c_str());
} catch (const g::ResultError& error) {  // value() throws when there is none; nothing else in gantry does
  return std::fprintf(stderr, "%s\n", error.what()), 1;
}
