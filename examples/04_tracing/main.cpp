// SPDX-License-Identifier: Apache-2.0
// Where does the time of a request go? Classifies a photo for a caller that sent a traceparent header, and for eight
// callers at a time, and writes OpenTelemetry traces: 04_tracing PACKAGE PHOTO > traces.jsonl
#include <cstdio>
#include <future>
#include <gantry/gantry.hpp>
#include <iostream>
#include <memory>
#include <utility>
#include <vector>

#include "otlp_observer.hpp"

namespace g = gantry;

int main(int argc, char** argv) try {
  if (argc != 3) return std::fprintf(stderr, "usage: %s PACKAGE PHOTO\n", argv[0]), 64;
  g::RuntimeOptions runtime;
  runtime.observer = std::make_shared<OtlpObserver>("classifier", std::cout);
  g::OpenOptions options;
  options.model.runtime = g::Runtime::create(runtime).value();
  const auto pipeline = g::open<g::Bytes, g::Classes>(argv[1], options).value();
  const g::Bytes photo = g::read_file(argv[2]).value();

  g::RunOptions request;
  request.trace_parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";  // the header of the HTTP request
  static_cast<void>(pipeline.run(photo, request).value());

  std::vector<std::future<g::Result<g::Classes>>> answers;
  for (int i = 0; i < 8; ++i) answers.push_back(pipeline.submit(photo));
  for (auto& answer : answers) static_cast<void>(answer.get().value());
} catch (const g::ResultError& error) {
  return std::fprintf(stderr, "%s\n", error.what()), 1;
}
