// SPDX-License-Identifier: Apache-2.0
// expect: gantry: a payload type must be movable
#include <gantry/value.hpp>

namespace g = gantry;

int main() {
#ifdef GANTRY_CORRECT
  struct Payload {
    int number = 0;
  };
  g::detail::type_of<Payload>();
#else
  struct Payload {
    Payload() = default;
    Payload(Payload&&) = delete;
  };
  g::detail::type_of<Payload>();
#endif
}
