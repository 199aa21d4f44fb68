// SPDX-License-Identifier: Apache-2.0
// Boost.Beast and Asio, included in one place: Boost 1.74 uses std::exchange without its header.
#pragma once

#include <utility>
// then
#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

namespace gantry_server {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

}  // namespace gantry_server
