// SPDX-License-Identifier: Apache-2.0
// Shared by ops that draw on a picture: the stage, the direct call and the result's frame.
#pragma once

#include <cstddef>
#include <gantry/image/image.hpp>
#include <gantry/stage.hpp>
#include <gantry/translate_exception.hpp>
#include <string>
#include <tuple>
#include <utility>

#include "core/return_if_error.hpp"
#include "ops/picture_axes.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// A stage that calls draw_on(picture, found, options, call). The result has the picture's frame, whatever frame
/// `found` has.
template <class Found, class Options, class DrawOn>
Stage<std::tuple<Image, Found>, Image> draw_stage(const char* name, const Options& options, std::string text,
                                                  Result<void> checked, const DrawOn& draw_on) {
  using Input = std::tuple<Image, Found>;
  return make_op<Input, Image>(name, options, std::move(text), std::move(checked),
                               [draw_on](const Options& how, Input&& input, const CallContext& call) -> Result<Image> {
                                 const auto& [picture, found] = input;
                                 auto drawn = draw_on(picture, found, how, call);
                                 keep_frame_of(call, 0);
                                 return drawn;
                               });
}

/// The same as a direct call.
template <class Found, class Options, class DrawOn>
Result<Image> drawn_by_hand(const Image& picture, const Found& found, const Options& options,
                            const Result<void>& checked, const DrawOn& draw_on) {
  try {
    GANTRY_RETURN_IF_ERROR(checked);
    return draw_on(picture, found, options, CallContext::none());
  } catch (...) {
    return translate_exception();
  }
}

}  // namespace gantry::inline GANTRY_ABI::detail
