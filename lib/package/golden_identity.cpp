// SPDX-License-Identifier: Apache-2.0
#include "package/golden_identity.hpp"

#ifdef __GLIBC__
#include <gnu/libc-version.h>
#endif

#include <dlfcn.h>
#include <sys/stat.h>

#include <gantry/version.hpp>
#include <type_traits>
#include <utility>
#include <variant>

#include "core/cpu_identity.hpp"
#include "core/number_text.hpp"
#include "core/return_if_error.hpp"
#include "package/sha256.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

/// Items with their lengths, so that different lists never give the same text.
class Identity {
 public:
  void add(const std::string& name, const std::string& value) {
    for (const std::string* text : {&name, &value}) {
      const std::string size = std::to_string(text->size()) + ":";
      hash_.update(size.data(), size.size());
      hash_.update(text->data(), text->size());
    }
  }
  template <class T, std::enable_if_t<std::is_arithmetic_v<T> || std::is_enum_v<T>, int> = 0>
  void add(const std::string& name, T value) {
    add(name, std::to_string(static_cast<long long>(value)));
  }
  void add(const std::string& name, const OptionValue& option) {
    if (const auto* list = std::get_if<OptionValue::List>(&option.value())) {
      add(name, list->size());
      for (const OptionValue& item : *list) add(name, item);
    } else if (const auto* object = std::get_if<OptionValue::Object>(&option.value())) {
      add(name, object->size());
      for (const auto& [key, value] : *object) add(name + "." + key, value);
    } else {
      add(name, option.describe());
    }
  }
  void add(const std::string& name, const Tensor& tensor) {
    add(name, tensor.to_string());
    add(name, std::string(static_cast<const char*>(tensor.data()), tensor.size_bytes()));
  }
  std::string take() { return to_hex(hash_.take()); }

 private:
  Sha256 hash_;
};

void add_padding(Identity& identity, const Padding& padding) {
  identity.add("padding", padding.dim);
  for (const std::int64_t length : padding.lengths) identity.add("length", length);
  for (const auto& [name, value] : padding.values) identity.add(name, to_text(value, 17));
}

Result<void> add_options(Identity& identity, const std::string& name, const ModelOptions& options) {
  if (!options.device.is_cpu())
    return Error(ErrorCode::kUnsupported,
                 "OpenOptions::golden is kFirstTime, which remembers models on the CPU; this "
                 "one is on " +
                     options.device.to_string() + "; use kAlways");
  identity.add("options of", name);
  identity.add("max_batch", options.max_batch);
  identity.add("merge", options.merge);
  identity.add("batch_across_callers", options.batch_across_callers);
  identity.add("warmup_runs", options.warmup_runs);
  identity.add("instances", options.instances);
  if (options.padding) add_padding(identity, *options.padding);
  for (const auto& [kind, values] : options.engine_options)
    for (const auto& [key, value] : values.values()) identity.add(kind + "." + key, value);
  for (const Tensors& example : options.examples)
    for (const NamedTensor& input : example) {
      GANTRY_ASSIGN_OR_RETURN(auto dense, input.tensor.contiguous());
      identity.add(input.name, dense);
    }
  return {};
}

void add_runtime(Identity& identity, const Runtime& runtime) {
  const RuntimeOptions& options = runtime.options();
  identity.add("execution", options.execution);
  identity.add("workers", options.workers);
  identity.add("intra_op_threads", options.intra_op_threads);
}

/// Identifies the build of a file.
void add_file(Identity& identity, const std::string& name, const char* path) {
  struct stat status {};
  if (path == nullptr || ::stat(path, &status) != 0) return identity.add(name, std::string("unknown"));
  identity.add(name, status.st_size);
  identity.add(name, status.st_mtim.tv_sec);
  identity.add(name, status.st_mtim.tv_nsec);
}

/// The program, which may contain the host's ops, and the library with gantry's ops if that is another file.
void add_builds(Identity& identity) {
  add_file(identity, "program", "/proc/self/exe");
  Dl_info place{};
  const auto* here = reinterpret_cast<const void*>(&golden_identity);
  if (::dladdr(here, &place) != 0) add_file(identity, "library", place.dli_fname);
}

}  // namespace

Result<std::string> golden_identity(const OpeningContext& context) {
  const OpenOptions& options = context.options;
  if (!options.host_models.empty())
    return Error(ErrorCode::kUnsupported,
                 "OpenOptions::golden is kFirstTime, which cannot detect whether OpenOptions::host_models have "
                 "changed; use kAlways");
  if (options.registry && options.golden_tag.empty())
    return Error(ErrorCode::kInvalidArgument,
                 "OpenOptions::golden is kFirstTime with a registry of the host's own: name the version of its ops in "
                 "golden_tag");
  const std::string cpu = cpu_identity();
  if (cpu.empty())
    return Error(ErrorCode::kUnsupported,
                 "OpenOptions::golden is kFirstTime, but the kind of this CPU is unknown; use kAlways");
  Identity identity;
  identity.add("gantry", std::string(GANTRY_VERSION_STRING));
  add_builds(identity);
  identity.add("manifest", context.manifest_sha256);
  identity.add("cpu", cpu);
#ifdef __GLIBC__
  identity.add("libc", std::string(::gnu_get_libc_version()));
#endif
  identity.add("tag", options.golden_tag);
  for (const auto& loader : context.loaders) identity.add(loader->kind(), loader->version());
  identity.add("engine", options.engine.value_or(""));
  for (const auto& [model, kind] : options.engines) identity.add("engine of " + model, kind);
  GANTRY_RETURN_IF_ERROR(add_options(identity, "", options.model));
  add_runtime(identity, context.runtime);
  for (const auto& [model, own] : options.models) {
    GANTRY_RETURN_IF_ERROR(add_options(identity, model, own));
    if (own.runtime) add_runtime(identity, *own.runtime);
  }
  return identity.take();
}

}  // namespace gantry::inline GANTRY_ABI::detail
