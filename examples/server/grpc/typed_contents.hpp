// SPDX-License-Identifier: Apache-2.0
// The values of a tensor as InferTensorContents: in the field of its datatype. FP16 and BF16 have none.
#pragma once

#include <cstddef>
#include <gantry/result.hpp>
#include <memory>
#include <string>

#include "oip/infer_message.hpp"
#include "open_inference.pb.h"

namespace gantry_server {

/// The values of `input`, whose datatype and shape are known, with `count` elements; strings refer to `contents`, which
/// `owner` keeps alive. invalid_argument with `path` for values in another datatype's field, another number of values,
/// and one beyond the dtype.
gantry::Result<void> read_contents(const inference::InferTensorContents& contents, std::size_t count,
                                   const std::string& path, const std::shared_ptr<const void>& owner,
                                   InferTensor& input);

bool has_typed_contents(const InferTensor& output);
/// Of an output that has them.
void write_contents(const InferTensor& output, inference::InferTensorContents& contents);

}  // namespace gantry_server
