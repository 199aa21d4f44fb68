// SPDX-License-Identifier: Apache-2.0
// read_form: the files of a form as the samples of a pipeline.
//
// | the form has                           | samples                                    |
// |----------------------------------------|--------------------------------------------|
// | one file, named as the pipeline's input | one                                       |
// | several files of that name             | as many, in their order                    |
// | files for each of the inputs, by name  | the first of each, the second of each, ... |
#pragma once

#include <gantry/result.hpp>
#include <vector>

#include "http/multipart.hpp"
#include "models/served_model.hpp"

namespace gantry_server {

/// What a form for `model` may have.
MultipartLimits form_limits(const ServedModel& model);

/// One payload for each sample. A part is read as a body of its media type is; without one, as the pipeline reads bytes
/// of which nothing is known. invalid_argument names the part or the input: an unknown name, an empty file, inputs with
/// different numbers of files, too many samples; and the codecs' errors.
gantry::Result<std::vector<gantry::Payload>> read_form(const ServedModel& model, const std::vector<FormPart>& parts);

}  // namespace gantry_server
