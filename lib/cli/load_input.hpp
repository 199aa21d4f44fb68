// SPDX-License-Identifier: Apache-2.0
// From an INPUT of the command line to what the pipeline takes.
#pragma once

#include <gantry/any_pipeline.hpp>
#include <string>

namespace gantry::inline GANTRY_ABI::cli {

/// A file: JSON (.json) and arrays (.npy) where the codec of the pipeline's input reads them, the bytes of any other;
/// or "name=a.npy,name=b.npy" for one that is made from several tensors, and for a pipeline with several inputs, which
/// may also be one .json file, an object of their values. Errors are those of the codec, with the file.
Result<Payload> load_input(const AnyPipeline& pipeline, const std::string& argument);

}  // namespace gantry::inline GANTRY_ABI::cli
