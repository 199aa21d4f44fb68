// SPDX-License-Identifier: Apache-2.0
// A process that returns from main while its workers are inside LibTorch: they must be done before LibTorch's statics
// are destroyed. exit_with_live_engine PACKAGE PHOTO
#include <atomic>
#include <cstdio>
#include <gantry/gantry.hpp>
#include <thread>

namespace g = gantry;

// Never destroyed: that is the point. A global, so that leak checkers see that it is meant.
g::Pipeline<g::Bytes, g::Classes>* pipeline = nullptr;
std::atomic<int> answers{0};

int main(int, char** argv) {
  pipeline = new g::Pipeline<g::Bytes, g::Classes>(g::open<g::Bytes, g::Classes>(argv[1]).value());
  const g::Bytes photo = g::read_file(argv[2]).value();
  for (int i = 0; i < 500; ++i) pipeline->submit(photo, {}, [](const g::Result<g::Classes>&) { ++answers; });
  while (answers < 20) std::this_thread::yield();
  std::printf("leaving\n");
}
