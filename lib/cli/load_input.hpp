// SPDX-License-Identifier: Apache-2.0
// From an INPUT of the command line to what the pipeline takes.
#pragma once

#include <gantry/value.hpp>
#include <string>

namespace gantry::cli {

/// Bytes: the file. Tensor: a .npy file. Image: a .npy file, u8[H, W] or u8[H, W, C]. Tensors: "name=a.npy,name=b.npy",
/// or one .npy file for a pipeline with one input (its name is then `only_input`, which may be empty).
/// unsupported for another type.
Result<detail::Value> load_input(const std::string& argument, const detail::TypeInfo& type,
                                 const std::string& only_input);

}  // namespace gantry::cli
