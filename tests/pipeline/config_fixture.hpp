// SPDX-License-Identifier: Apache-2.0
// Small ops over plain numbers and text, with which the config front end is tested, and the same stages typed.
#pragma once

#include <cstdint>
#include <gantry/registry.hpp>
#include <string>
#include <tuple>
#include <vector>

namespace gantry::inline GANTRY_ABI::test {

using Int = std::int64_t;

/// A built-in kind of op with typed parameters: x + n.
inline Stage<Int, Int> add(Int n) {
  Result<void> check;
  if (n < -1000 || n > 1000) check = Error(ErrorCode::kInvalidArgument, "n must be -1000..1000");
  return detail::make_op<Int, Int>("test.add", n, "n=" + std::to_string(n), check,
                                   [](const Int& by, Int x) { return x + by; });
}
inline Stage<Int, Int> multiply(Int n) {
  return detail::make_op<Int, Int>("test.multiply", n, "n=" + std::to_string(n), Result<void>(),
                                   [](const Int& by, Int x) { return x * by; });
}
/// Fails for multiples of n.
inline Stage<Int, Int> refuse(Int n) {
  return detail::make_op<Int, Int>("test.refuse", n, "n=" + std::to_string(n), Result<void>(),
                                   [](const Int& by, Int x) -> Result<Int> {
                                     if (x % by == 0)
                                       return Error(ErrorCode::kInvalidArgument, std::to_string(x) + " is refused");
                                     return x;
                                   });
}
/// x, x + 1, ..., x + n - 1.
inline Stage<Int, std::vector<Int>> spread(Int n) {
  return detail::make_op<Int, std::vector<Int>>("test.spread", n, "n=" + std::to_string(n), Result<void>(),
                                                [](const Int& count, Int x) {
                                                  std::vector<Int> list;
                                                  for (Int i = 0; i < count; ++i) list.push_back(x + i);
                                                  return list;
                                                });
}
inline Stage<std::vector<Int>, Int> sum() {
  return detail::make_op<std::vector<Int>, Int>("test.sum", 0, "", Result<void>(),
                                                [](const int&, const std::vector<Int>& list) {
                                                  Int total = 0;
                                                  for (const Int x : list) total += x;
                                                  return total;
                                                });
}
inline Stage<std::tuple<Int, Int>, Int> subtract() {
  return detail::make_op<std::tuple<Int, Int>, Int>(
      "test.subtract", 0, "", Result<void>(),
      [](const int&, const std::tuple<Int, Int>& pair) { return std::get<0>(pair) - std::get<1>(pair); });
}
inline Stage<Int, std::string> text() {
  return detail::make_op<Int, std::string>("test.text", 0, "", Result<void>(),
                                           [](const int&, Int x) { return std::to_string(x); });
}
inline Predicate<Int> is_even() {
  return {"test.is_even", [](const Int& x) { return x % 2 == 0; }};
}

inline Registry make_registry() {
  Registry registry;
  registry.add<Int, Int>("test.add", [](ParamReader& p) { return add(p.integer("n", 1)); });
  registry.add<Int, Int>("test.multiply", [](ParamReader& p) { return multiply(p.integer("n")); });
  registry.add<Int, Int>("test.refuse", [](ParamReader& p) { return refuse(p.integer("n")); });
  registry.add<Int, std::vector<Int>>("test.spread", [](ParamReader& p) { return spread(p.integer("n")); });
  registry.add<std::vector<Int>, Int>("test.sum", [](ParamReader&) { return sum(); });
  registry.add<std::tuple<Int, Int>, Int>("test.subtract", [](ParamReader&) { return subtract(); });
  registry.add<Int, std::string>("test.text", [](ParamReader&) { return text(); });
  registry.add_predicate(is_even());
  return registry;
}

/// The error's text, or "" if the config is fine.
template <class In, class Out>
std::string parse_error(const std::string& json, const Registry& registry, const ConfigContext& context = {}) {
  const auto chain = parse_stages<In, Out>(json, registry, context);
  return chain ? "" : chain.error().to_string();
}

}  // namespace gantry::inline GANTRY_ABI::test
