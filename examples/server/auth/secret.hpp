// SPDX-License-Identifier: Apache-2.0
// are_equal_secrets(): compares without telling by its time how much of a guess is right.
#pragma once

#include <cstddef>
#include <string_view>

namespace gantry_server {

/// Cost: linear in `guess`, whatever the texts have in common.
inline bool are_equal_secrets(std::string_view guess, std::string_view secret) {
  unsigned difference = guess.size() == secret.size() ? 0 : 1;
  for (std::size_t i = 0; i < guess.size(); ++i)
    difference |= static_cast<unsigned>(guess[i] ^ (secret.empty() ? 0 : secret[i % secret.size()]));
  return difference == 0;
}

}  // namespace gantry_server
