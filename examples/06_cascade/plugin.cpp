// SPDX-License-Identifier: Apache-2.0
// The same ops as a plugin, so that the gantry tool knows them:
//   gantry check --plugin libmtcnn_plugin.so PACKAGE
#include <gantry/plugin.hpp>

#include "mtcnn_ops.hpp"

GANTRY_PLUGIN(registry) {
  mtcnn::add_to(registry);
}
