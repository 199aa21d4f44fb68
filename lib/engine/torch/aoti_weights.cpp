// SPDX-License-Identifier: Apache-2.0
// Gives a library its weights through AOTInductor's C interface. LibTorch's own loader reads them from a path and does
// not compare sizes.
#include "engine/torch/aoti_weights.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "core/return_if_error.hpp"
#include "engine/torch/zip_directory.hpp"

namespace gantry::inline GANTRY_ABI::libtorch {
namespace {

using Runner = torch::inductor::AOTIModelContainerRunner;

/// The functions of a runner's library. Only a class derived from the runner can access them. Older versions of
/// LibTorch have none of these.
template <class AnyRunner>
struct LibraryOf : AnyRunner {
  static constexpr bool takes_weights() {
    return requires {
      &LibraryOf::get_constants_blob_size_func_;
      &LibraryOf::update_constants_from_blob_func_;
    };
  }

  static std::optional<std::size_t> wanted(AnyRunner& runner) {
    if constexpr (takes_weights()) {
      const auto ask = runner.*(&LibraryOf::get_constants_blob_size_func_);
      std::uint64_t bytes = 0;
      if (ask && ask(runner.*(&LibraryOf::container_handle_), &bytes) == AOTI_RUNTIME_SUCCESS)
        return static_cast<std::size_t>(bytes);
    }
    return std::nullopt;
  }

  static bool give(AnyRunner& runner, const std::uint8_t* bytes) {
    if constexpr (takes_weights()) {
      const auto take = runner.*(&LibraryOf::update_constants_from_blob_func_);
      return take && take(runner.*(&LibraryOf::container_handle_), bytes) == AOTI_RUNTIME_SUCCESS;
    }
    return false;
  }
};

Error refuse(ErrorCode code, const std::string& why) {
  return Error(code, "its weights, which are beside its library: " + why);
}

template <class AnyRunner>
std::size_t count_bytes(const AnyRunner& runner) {
  std::size_t bytes = 0;
  if constexpr (requires { runner.extract_constants_map(false); }) try {
      for (const auto& [name, constant] : runner.extract_constants_map(/*use_inactive=*/false)) {
        const auto size = static_cast<std::size_t>(constant.numel()) * constant.element_size();
        bytes += constant.is_mkldnn() ? size : constant.nbytes();  // packed ones only tell their shape
      }
    } catch (...) {
      return 0;
    }
  return bytes;
}

}  // namespace

std::optional<std::size_t> weights_wanted(Runner& runner) {
  return LibraryOf<Runner>::wanted(runner);
}

Result<void> give_weights(Runner& runner, const ModelFile& file, const ZipEntry& weights) {
  if (!LibraryOf<Runner>::takes_weights())
    return refuse(ErrorCode::kUnsupported, "this LibTorch knows no such packages; pack the model again");
  const auto wanted = weights_wanted(runner);
  if (!wanted) return refuse(ErrorCode::kInvalidArgument, "the library takes none, it has weights inside");
  if (weights.size != *wanted)
    return refuse(ErrorCode::kInvalidArgument, "they have " + std::to_string(weights.size) +
                                                   " bytes, and its code reads " + std::to_string(*wanted) +
                                                   "; pack the model again");
  // Freed as soon as the library has its copy.
  const auto bytes = std::make_unique_for_overwrite<std::uint8_t[]>(*wanted);
  GANTRY_RETURN_IF_ERROR(read_stored_into(file, weights, bytes.get()));
  if (!LibraryOf<Runner>::give(runner, bytes.get()))
    return refuse(ErrorCode::kInvalidArgument, "the library does not take them");
  return {};
}

std::size_t weights_bytes(const Runner& runner) {
  return count_bytes(runner);
}

}  // namespace gantry::inline GANTRY_ABI::libtorch
