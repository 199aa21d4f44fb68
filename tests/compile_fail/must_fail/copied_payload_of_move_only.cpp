// SPDX-License-Identifier: Apache-2.0
// expect: gantry: this payload type cannot be copied; std::move the payload
#include <gantry/payload.hpp>
#include <memory>

int main() {
  gantry::Payload payload = gantry::Payload::from(std::make_unique<int>(1));
#ifdef GANTRY_CORRECT
  auto number = std::move(payload).as<std::unique_ptr<int>>();
#else
  auto number = payload.as<std::unique_ptr<int>>();
#endif
  return number ? 0 : 1;
}
