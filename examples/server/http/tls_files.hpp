// SPDX-License-Identifier: Apache-2.0
// TlsFiles: where the server's certificate lies.
#pragma once

#include <string>

namespace gantry_server {

struct TlsFiles {
  std::string certificate;  ///< PEM: the server's, then those between it and the root
  std::string key;          ///< PEM, without a password
  std::string client_ca;    ///< PEM: clients need a certificate that one of these signed; empty: clients need none
};

}  // namespace gantry_server
