// SPDX-License-Identifier: Apache-2.0
// Runs a fuzz target without a fuzzer: each file of the folders given, as it is, and then cut short and with bytes
// changed, the same way every time.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using Input = std::vector<std::uint8_t>;

/// A copy of exactly its size, so that a sanitizer sees the first byte read past its end.
void run(const Input& input) {
  const Input exact(input.begin(), input.end());
  LLVMFuzzerTestOneInput(exact.data(), exact.size());
}

void run_changed(const Input& input, int changes) {
  std::mt19937 random(static_cast<std::uint32_t>(input.size()));
  const auto below = [&](std::size_t bound) { return static_cast<std::size_t>(random()) % bound; };
  for (int i = 0; i < changes && !input.empty(); ++i) {
    Input changed = input;
    for (std::size_t edits = 1 + below(4); edits > 0; --edits) {
      // Headers are at the front: half of the changes go there.
      const std::size_t limit = below(2) ? changed.size() : std::min<std::size_t>(changed.size(), 128);
      std::uint8_t& byte = changed[below(limit)];
      byte = static_cast<std::uint8_t>(below(2) ? byte ^ (1u << below(8)) : below(256));
    }
    if (below(4) == 0) changed.resize(below(changed.size() + 1));
    run(changed);
  }
}

}  // namespace

int main(int argc, char** argv) {
  constexpr std::uintmax_t kLargest = 1 << 18;
  constexpr int kChanges = 300;
  std::size_t files = 0;
  for (int i = 1; i < argc; ++i) {
    if (!std::filesystem::exists(argv[i])) continue;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(argv[i])) {
      if (!entry.is_regular_file() || entry.file_size() > kLargest) continue;
      std::ifstream stream(entry.path(), std::ios::binary);
      const Input input((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
      run(input);
      run_changed(input, kChanges);
      ++files;
    }
  }
  std::printf("%zu files, %d changes each\n", files, kChanges);
  return files == 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
