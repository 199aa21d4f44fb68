// SPDX-License-Identifier: Apache-2.0
// Boost.Beast and Asio, included in one place: Boost 1.74 uses std::exchange without its header.
#pragma once

#include <utility>
// then
#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include <gantry/version.hpp>

namespace gantry::inline GANTRY_ABI::remote {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

/// TCP and Unix sockets alike.
using Socket = asio::generic::stream_protocol::socket;

}  // namespace gantry::inline GANTRY_ABI::remote
