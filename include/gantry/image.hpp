// SPDX-License-Identifier: Apache-2.0
// The image stages, all of them; each header of this list can be included alone.
//
//   auto chain = image::decode() | image::resize_short(256, image::Filter::kBicubic) | image::center_crop(224)
//              | image::to_tensor(image::affine(127, 128));
//
// Each stage names the reference that it equals bit for bit (see lib/model/manifest.schema.md): here Pillow for
// geometry and filters, torchvision for rounding rules and normalisation.
#pragma once

#include <gantry/image/area.hpp>
#include <gantry/image/colour.hpp>
#include <gantry/image/decode.hpp>
#include <gantry/image/encode.hpp>
#include <gantry/image/geometry.hpp>
#include <gantry/image/header.hpp>
#include <gantry/image/image.hpp>
#include <gantry/image/raw.hpp>
#include <gantry/image/reference.hpp>
#include <gantry/image/resize.hpp>
#include <gantry/image/to_tensor.hpp>
#include <gantry/image/warp.hpp>
