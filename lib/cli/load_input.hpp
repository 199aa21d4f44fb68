// SPDX-License-Identifier: Apache-2.0
// Converts an INPUT of the command line to the pipeline's input.
#pragma once

#include <gantry/any_pipeline.hpp>
#include <string>

namespace gantry::inline GANTRY_ABI::cli {

/// A file: JSON (.json) or an array (.npy) if the codec of the pipeline's input reads it, else its bytes. Or
/// "name=a.npy,name=b.npy" for an input made from several tensors and for a pipeline with several inputs. The latter
/// also accepts one .json file, an object of their values. Errors are those of the codec, with the file.
Result<Payload> load_input(const AnyPipeline& pipeline, const std::string& argument);

}  // namespace gantry::inline GANTRY_ABI::cli
