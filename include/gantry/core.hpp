// SPDX-License-Identifier: Apache-2.0
// Everything of gantry::core: the library without LibTorch.
#pragma once

#include <gantry/any_pipeline.hpp>
#include <gantry/bytes.hpp>
#include <gantry/classify.hpp>
#include <gantry/codec.hpp>
#include <gantry/codecs.hpp>
#include <gantry/engine.hpp>
#include <gantry/error.hpp>
#include <gantry/grpc_status.hpp>
#include <gantry/http_status.hpp>
#include <gantry/image.hpp>
#include <gantry/json.hpp>
#include <gantry/json_writer.hpp>
#include <gantry/model.hpp>
#include <gantry/model_file.hpp>
#include <gantry/model_options.hpp>
#include <gantry/observer.hpp>
#include <gantry/package.hpp>
#include <gantry/package_info.hpp>
#include <gantry/padding.hpp>
#include <gantry/payload.hpp>
#include <gantry/pipeline.hpp>
#include <gantry/plugin.hpp>
#include <gantry/registry.hpp>
#include <gantry/result.hpp>
#include <gantry/run_options.hpp>
#include <gantry/runtime.hpp>
#include <gantry/segmentation.hpp>
#include <gantry/signature.hpp>
#include <gantry/stage.hpp>
#include <gantry/tensor.hpp>
#include <gantry/tensor_ops.hpp>
#include <gantry/tolerance.hpp>
