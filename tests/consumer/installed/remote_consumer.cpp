// SPDX-License-Identifier: Apache-2.0
// A host that links gantry::remote: what it says where no server is.
#include <cstdio>
#include <gantry/remote.hpp>

int main() {
  gantry::remote::Options options;
  options.max_retries = 0;
  const auto model = gantry::remote::connect_model("unix:/nonexistent/server.sock", "net", options);
  const bool is_refused = !model.ok() && model.error().code() == gantry::ErrorCode::kUnavailable;
  std::printf("%s\n", model.ok() ? "connected" : model.error().to_string().c_str());
  return is_refused ? 0 : 1;
}
