// SPDX-License-Identifier: Apache-2.0
// The same type and ops as a plugin, so that the gantry tool knows them:
//   gantry run --plugin libacme_plugin.so PACKAGE landmarks.json
#include <gantry/plugin.hpp>

#include "landmarks.hpp"

GANTRY_PLUGIN(registry) {
  acme::add_to(registry);
}
