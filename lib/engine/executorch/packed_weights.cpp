// SPDX-License-Identifier: Apache-2.0
#include "engine/executorch/packed_weights.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>

namespace gantry::inline GANTRY_ABI::executorch {
namespace {

/// "/proc/self/", then 32 times "/" or "./", which do not change the path, then "fd/7": a different spelling for each
/// number.
std::string spelled(std::uint32_t number, int descriptor) {
  std::string path = "/proc/self/";
  for (int bit = 0; bit < 32; ++bit) path += (number >> bit & 1U) != 0 ? "./" : "/";
  return path + "fd/" + std::to_string(descriptor);
}

}  // namespace

std::shared_ptr<PackedWeights> PackedWeights::make() {
  const int descriptor = ::memfd_create("gantry-packed-weights", MFD_CLOEXEC);
  if (descriptor < 0) return nullptr;
  std::shared_ptr<PackedWeights> weights(new PackedWeights(descriptor));
  const int again = ::open(weights->next_path().c_str(), O_RDWR | O_CLOEXEC);
  if (again < 0) return nullptr;
  ::close(again);
  return weights;
}

PackedWeights::~PackedWeights() {
  ::close(descriptor_);
}

std::string PackedWeights::next_path() {
  static std::atomic<std::uint32_t> last{0};
  return spelled(++last, descriptor_);
}

bool PackedWeights::seal() {
  return size() > 0 && ::flock(descriptor_, LOCK_SH | LOCK_NB) == 0;
}

std::size_t PackedWeights::size() const {
  struct stat status {};
  return ::fstat(descriptor_, &status) == 0 ? static_cast<std::size_t>(status.st_size) : 0;
}

}  // namespace gantry::inline GANTRY_ABI::executorch
