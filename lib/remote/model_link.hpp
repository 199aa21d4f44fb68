// SPDX-License-Identifier: Apache-2.0
// ModelLink: what a connection is used for: to ask what the model is, and to have it computed.
#pragma once

#include <chrono>
#include <cstdint>
#include <gantry/result.hpp>
#include <gantry/signature.hpp>
#include <gantry/tensor.hpp>
#include <optional>
#include <string>

#include "remote/connection.hpp"
#include "remote/infer_message.hpp"
#include "remote/model_description.hpp"

namespace gantry::inline GANTRY_ABI::remote {

/// The model, as requests name it.
struct ModelLink {
  std::string path;  // model_path()
  AnswerLimits limits;
  std::optional<ModelDescription> expected;  // unset before the first contact
  Signature signature;                       // once `expected` is set
  FileTensors files;                         // as well
};

/// Asks for the model's metadata. failed_precondition if its tensors are not the expected ones; the server's error, or
/// those of send_and_receive().
asio::awaitable<Result<ModelDescription>> ask_description(const ModelLink& link, Connection& connection,
                                                          const Address& address, Flight& flight);

/// Connects and asks for the metadata.
asio::awaitable<Result<ModelDescription>> open_connection(const ModelLink& link, Connection& connection,
                                                          const Address& address, Flight& flight);

/// The most samples of a request by the model's config; 0 if the server has none, or takes no batches.
asio::awaitable<std::int64_t> ask_max_batch(const ModelLink& link, Connection& connection, const Address& address,
                                            Flight& flight);

/// Sends an infer call. The error is the request's own: it cannot be sent.
asio::awaitable<Result<Exchange>> send_infer(const ModelLink& link, Connection& connection, const Address& address,
                                             Flight& flight, const Tensors& inputs);

}  // namespace gantry::inline GANTRY_ABI::remote
