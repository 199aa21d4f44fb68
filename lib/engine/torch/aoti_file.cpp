// SPDX-License-Identifier: Apache-2.0
// Reads one AOTInductor package. Its code checks nothing. This file compares the compiled types and sizes with the
// signature; ModelCall checks dtype, shape and layout of a call; the engine checks size bounds and numbers of tensors.
#include "engine/torch/aoti_file.hpp"

#include <utility>

#include "core/return_if_error.hpp"
#include "engine/torch/cuda_loader.hpp"
#include "engine/torch/engine_loaders.hpp"

namespace gantry::inline GANTRY_ABI::libtorch {
namespace {

using Metadata = std::map<std::string, std::string>;

Result<std::string> device_key(const Metadata& metadata, c10::Device device) {
  const auto at = metadata.find("AOTI_DEVICE_KEY");
  const std::string key = at == metadata.end() ? "" : at->second;
  const std::string wanted = device.is_cpu() ? "cpu" : "cuda";
  if (key == wanted) return key;
  return Error(ErrorCode::kFailedPrecondition,
               "the package was compiled for '" + key + "' and cannot run on " + wanted + "; compile it for that");
}

/// Unset for a trusted package that does not state what it was compiled for.
Result<std::optional<CompiledModel>> compiled_model(const Metadata& metadata, bool is_trusted) {
  GANTRY_ASSIGN_OR_RETURN(auto compiled, read_compiled_model(metadata));
  if (!compiled && !is_trusted)
    return Error(ErrorCode::kFailedPrecondition,
                 "the package does not say for which dtypes, sizes and threads its code was compiled, so that it "
                 "cannot be compared with the signature; pack the model (again) with gantry-pack, or, if you vouch for "
                 "it, set libtorch::Options::trust_unverified_code");
  if (compiled && compiled->threads > 1 && !is_trusted)
    return Error(ErrorCode::kFailedPrecondition,
                 "the package was compiled for " + std::to_string(compiled->threads) +
                     " threads per call, regardless of the CPU budget, and a bad index in one of these threads "
                     "ends the process; pack the model again with gantry-pack, which compiles for one");
  return compiled;
}

std::string isa_of(const Metadata& metadata, c10::Device device) {
  for (const char* key : {"gantry_march", "AOTI_CPU_ISA"}) {
    const auto isa = metadata.find(key);
    if (isa != metadata.end() && !isa->second.empty() && device.is_cpu()) return isa->second;
  }
  return "";
}

/// The number of samples that gantry merges into one call; 0: none.
std::int64_t merged_samples(const LoadRequest& request, const CompiledModel& compiled) {
  return compiled.has_state || compiled.mutates_inputs ? 0 : request.max_batch;
}

AotiCall call_of(CallMap map, const CallSpec& spec, const Signature& signature) {
  return {std::move(map), {}, signature.outputs(), spec.outputs.size()};
}

/// Sets AotiFile::call and ::batch from the package's metadata, before anything of it is loaded. `batch`: the batch
/// size of the request, or 0.
Result<void> verify_call(AotiFile& file, const LoadRequest& request, std::int64_t batch) {
  const CompiledModel& compiled = *file.compiled;
  const CallSpec spec = call_spec_of(compiled);
  GANTRY_ASSIGN_OR_RETURN(auto map, map_call(spec, request.signature));
  AotiCall call = call_of(std::move(map), spec, request.signature);
  const std::int64_t fixed = fixed_batch(compiled, call.map, request.signature);
  if (batch != 0 && fixed != 0 && fixed != batch)
    return Error(ErrorCode::kInvalidArgument,
                 "computes " + std::to_string(fixed) + " samples, the package says " + std::to_string(batch));
  file.batch = batch != 0 ? batch : fixed;
  GANTRY_ASSIGN_OR_RETURN(call.bounds, check_signature(compiled, call.map, request.signature,
                                                       merged_samples(request, compiled), file.batch));
  file.call = std::move(call);
  return {};
}

/// The call as the library of a trusted package describes it.
Result<AotiCall> trusted_call(AotiContainer& container, const Signature& signature) {
  const std::vector<std::string> texts = container.call_spec();
  if (texts.size() != 2) return Error(ErrorCode::kInvalidArgument, "the package does not describe its arguments");
  GANTRY_ASSIGN_OR_RETURN(const auto spec, read_call_spec(texts[0], texts[1]));
  GANTRY_ASSIGN_OR_RETURN(auto map, map_call(spec, signature));
  return call_of(std::move(map), spec, signature);
}

Result<AotiFile> read_scanned(AotiPackage package, const EngineFile& file, const LoadRequest& request,
                              const TorchOptions& options, std::shared_ptr<WeightsCount> weights) {
  GANTRY_ASSIGN_OR_RETURN(const auto metadata, read_aoti_metadata(package));
  GANTRY_RETURN_IF_ERROR(check_aoti_metadata(metadata));
  GANTRY_ASSIGN_OR_RETURN(const auto device, use_device(request.device));
  GANTRY_ASSIGN_OR_RETURN(auto key, device_key(metadata, device));
  GANTRY_ASSIGN_OR_RETURN(auto compiled, compiled_model(metadata, options.trust_unverified_code));
  AotiFile read{
      {std::move(package), std::move(key), device, options.scratch_dir, std::move(weights), compiled.has_value()},
      isa_of(metadata, device),
      std::move(compiled),
      std::nullopt,
      file.batch};
  if (read.compiled) GANTRY_RETURN_IF_ERROR(verify_call(read, request, file.batch));
  return read;
}

}  // namespace

Result<AotiFile> read_aoti_file(const EngineFile& file, const LoadRequest& request, const TorchOptions& options,
                                std::shared_ptr<WeightsCount> weights) {
  const std::string name = "'" + file.file.name() + "'";
  GANTRY_ASSIGN_OR_RETURN(const auto format, detect_format(file.file));
  if (format != Format::kAotiPackage)
    return Error(ErrorCode::kInvalidArgument, name + " is TorchScript, not an AOTInductor package");
  GANTRY_ASSIGN_OR_RETURN(auto package, scan_aoti_package(file.file));
  auto read = read_scanned(std::move(package), file, request, options, std::move(weights));
  if (!read) return read.error().within(name);
  return read;
}

Result<std::shared_ptr<AotiContainer>> load_aoti_file(AotiFile& file, const Signature& signature, std::size_t runners) {
  auto container = AotiContainer::load(file.source, runners);
  if (!container || file.call) return container;
  GANTRY_ASSIGN_OR_RETURN(file.call, trusted_call(**container, signature));
  return container;
}

}  // namespace gantry::inline GANTRY_ABI::libtorch
