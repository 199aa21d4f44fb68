// SPDX-License-Identifier: Apache-2.0
// infer_files: requests whose body is what the pipeline takes, one file or a form of files: files in, JSON out.
#pragma once

#include <functional>
#include <gantry/result.hpp>
#include <gantry/run_options.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "models/served_model.hpp"

namespace gantry_server {

/// Called once, on any thread: the answer's JSON, or the error of what is wrong with the request, or of the run.
using JsonDone = std::function<void(gantry::Result<std::string>)>;

/// The body is one file: the answer is its payload's JSON.
void infer_file(const std::shared_ptr<const ServedModel>& model, const gantry::Bytes& body, std::string_view media_type,
                const gantry::RunOptions& options, JsonDone done);

/// The body is multipart/form-data, with the boundary in `content_type`; read_form() says what its parts are. One
/// sample is answered as the same file alone would be, several with a list of such answers, in their order. One sample
/// that fails fails the request.
void infer_form(const std::shared_ptr<const ServedModel>& model, const gantry::Bytes& body,
                std::string_view content_type, const gantry::RunOptions& options, JsonDone done);

}  // namespace gantry_server
