// SPDX-License-Identifier: Apache-2.0
// What a Registry holds.
#pragma once

#include <functional>
#include <gantry/codec.hpp>
#include <gantry/node.hpp>
#include <gantry/op_description.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace gantry {
class ParamReader;

namespace detail {

struct RegisteredOp {
  std::function<NodePtr(ParamReader&)> factory;
  const TypeInfo* in;
  std::shared_ptr<const OpDescription> description;
};

struct NamedPredicate {
  const TypeInfo* type = nullptr;
  ErasedPredicate test;
  std::string summary;
};

struct RegistryData {
  std::map<std::string, RegisteredOp, std::less<>> ops;
  std::map<std::string, NamedPredicate, std::less<>> predicates;
  std::vector<std::shared_ptr<const ErasedCodec>> codecs;  // one a type
  std::optional<Error> mistake;                            // the first in what was added
};

/// The ops that the config front end makes itself, whose types follow from what is in them: by name.
using CompoundOps = std::map<std::string, OpDescription, std::less<>>;
const CompoundOps& compound_ops();

}  // namespace detail
}  // namespace gantry
