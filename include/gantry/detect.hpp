// SPDX-License-Identifier: Apache-2.0
// Detection, all of it; each header of this list can be included alone.
#pragma once

#include <gantry/detect/box.hpp>
#include <gantry/detect/cascade.hpp>
#include <gantry/detect/crop.hpp>
#include <gantry/detect/crop_quads.hpp>
#include <gantry/detect/db.hpp>
#include <gantry/detect/decoders.hpp>
#include <gantry/detect/detections.hpp>
#include <gantry/detect/draw.hpp>
#include <gantry/detect/draw_quads.hpp>
#include <gantry/detect/grid.hpp>
#include <gantry/detect/keypoints.hpp>
#include <gantry/detect/nms.hpp>
#include <gantry/detect/paste_masks.hpp>
#include <gantry/detect/quads.hpp>
#include <gantry/detect/soft_mask.hpp>
