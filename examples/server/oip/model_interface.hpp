// SPDX-License-Identifier: Apache-2.0
// ModelInterface: a pipeline as Open Inference Protocol v2 sees it, as named tensors.
//
// | the pipeline takes                   | input in the protocol                                              |
// |--------------------------------------|--------------------------------------------------------------------|
// | Tensor, Tensors, directly to a model | the model's inputs; their first axis is the batch, if it has one    |
// | other Tensor, Tensors                | tensors of one sample, any names                                    |
// | anything else: Bytes, Image, ...     | BYTES [-1]: one file, or JSON text, for each sample                 |
//
// Tensors come back as tensors, stacked along a new first axis where the input has a batch; any other result as BYTES
// [-1], the payload's JSON for each sample.
#pragma once

#include <cstdint>
#include <gantry/any_pipeline.hpp>
#include <string>
#include <vector>

#include "infer_message.hpp"

namespace gantry_server {

/// A tensor in a model's metadata.
struct TensorInfo {
  std::string name;
  std::string datatype;
  std::vector<std::int64_t> shape;  ///< -1: any extent
  /// The payload type behind it, as Codecs::full_name_of() names it: "bytes", "classes", "tensor"; gantry's clients
  /// read and write it.
  std::string payload = {};
};

/// Threads: immutable.
class ModelInterface {
 public:
  /// `max_samples`: of one request.
  ModelInterface(const gantry::AnyPipeline& pipeline, std::size_t max_samples);

  /// Empty where the tensors are not known.
  const std::vector<TensorInfo>& inputs() const { return inputs_; }
  const std::vector<TensorInfo>& outputs() const { return outputs_; }
  bool has_batch() const { return has_batch_; }
  std::size_t max_samples() const { return max_samples_; }

  /// One payload for each sample of the request. invalid_argument names the input, what was expected and what came.
  gantry::Result<std::vector<gantry::Payload>> to_samples(const InferRequest& request) const;
  /// The outputs that the request asks for, in its order.
  gantry::Result<std::vector<InferTensor>> to_outputs(const std::vector<gantry::Payload>& results,
                                                      const InferRequest& request) const;

 private:
  gantry::Result<std::vector<gantry::Payload>> to_payloads(const gantry::Port& port, const InferTensor& input) const;
  gantry::Result<std::vector<gantry::Payload>> to_tensors(const gantry::Port& port, const InferRequest& request) const;
  gantry::Result<std::size_t> samples_of(const InferTensor& input) const;

  gantry::AnyPipeline pipeline_;
  std::vector<TensorInfo> inputs_;
  std::vector<TensorInfo> outputs_;
  bool has_batch_ = false;
  std::size_t max_samples_;
};

}  // namespace gantry_server
