// SPDX-License-Identifier: Apache-2.0
// The whole demo compared with a hand-written LibTorch loop that does the same: bench_demo PACKAGE PHOTO.png PAIRS
// The answers are compared before anything is timed. Then both run in turns, in alternating order. CPU time is that of
// the whole process, including gantry's workers. Prints one JSON object for run.py.
#include <time.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <gantry/gantry.hpp>
#include <string>
#include <vector>

#include "handwritten.hpp"

namespace {

using Scored = std::vector<handwritten::Scored>;

struct Spent {
  double cpu_us;
  double wall_us;
};

double process_cpu_us() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

template <class F>
Spent time_of(const F& run) {
  const auto wall = std::chrono::steady_clock::now();
  const double cpu = process_cpu_us();
  run();
  const double cpu_us = process_cpu_us() - cpu;
  return {cpu_us, std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - wall).count()};
}

bool are_equal(const gantry::Classes& a, const Scored& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (a[i].index != b[i].index || a[i].label != b[i].label || std::fabs(a[i].score - b[i].score) > 1e-6f)
      return false;
  return true;
}

void print_list(const char* name, const std::vector<Spent>& list, double Spent::*member, const char* end) {
  std::printf("\"%s\": [", name);
  for (std::size_t i = 0; i < list.size(); ++i) std::printf("%s%.1f", i ? ", " : "", list[i].*member);
  std::printf("]%s", end);
}

int run(const std::string& package, const std::string& photo, int pairs) {
  const auto pipeline = gantry::open<gantry::Bytes, gantry::Classes>(package).value();
  const handwritten::Classifier classifier(package + "/model.ts", package + "/labels.txt");
  const gantry::Bytes bytes = gantry::read_file(photo).value();
  const std::string content = handwritten::read_file(photo);
  if (!are_equal(pipeline.run(bytes).value(), classifier.classify(content))) {
    std::fprintf(stderr, "the answers differ; nothing was timed\n");
    return 1;
  }
  const auto ours = [&] { (void)pipeline.run(bytes).value(); };
  const auto theirs = [&] { (void)classifier.classify(content); };
  for (int i = 0; i < 10; ++i) ours(), theirs();
  const auto before = pipeline.stats();
  std::vector<Spent> gantry_spent, handwritten_spent;
  for (int i = 0; i < pairs; ++i) {
    if (i % 2 == 0) gantry_spent.push_back(time_of(ours));
    handwritten_spent.push_back(time_of(theirs));
    if (i % 2 != 0) gantry_spent.push_back(time_of(ours));
  }
  std::printf("{");
  print_list("gantry_cpu_us", gantry_spent, &Spent::cpu_us, ", ");
  print_list("handwritten_cpu_us", handwritten_spent, &Spent::cpu_us, ", ");
  print_list("gantry_wall_us", gantry_spent, &Spent::wall_us, ", ");
  print_list("handwritten_wall_us", handwritten_spent, &Spent::wall_us, ", ");
  std::printf("\"stages\": {");
  const auto after = pipeline.stats();
  for (std::size_t i = 0; i < after.size(); ++i)
    std::printf("%s\"%s\": %.1f", i ? ", " : "", after[i].name.c_str(),
                static_cast<double>(after[i].time.sum_ns - before[i].time.sum_ns) / 1e3 / pairs);
  std::printf("}}\n");
  return 0;
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 4) return std::fprintf(stderr, "usage: %s PACKAGE PHOTO.png PAIRS\n", argv[0]), 64;
  return run(argv[1], argv[2], std::atoi(argv[3]));
} catch (const std::exception& error) {
  return std::fprintf(stderr, "%s\n", error.what()), 1;
}
