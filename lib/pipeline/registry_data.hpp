// SPDX-License-Identifier: Apache-2.0
// What a Registry holds.
#pragma once

#include <functional>
#include <gantry/codec.hpp>
#include <gantry/node.hpp>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace gantry {
class ParamReader;

namespace detail {

struct NamedPredicate {
  const TypeInfo* type = nullptr;
  ErasedPredicate test;
};

struct RegistryData {
  std::map<std::string, std::function<NodePtr(ParamReader&)>, std::less<>> ops;
  std::map<std::string, NamedPredicate, std::less<>> predicates;
  std::vector<std::shared_ptr<const ErasedCodec>> codecs;  // one a type
};

}  // namespace detail
}  // namespace gantry
