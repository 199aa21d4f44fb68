// SPDX-License-Identifier: Apache-2.0
// The data of a Registry.
#pragma once

#include <functional>
#include <gantry/codec.hpp>
#include <gantry/node.hpp>
#include <gantry/op_description.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/mutex.hpp"

namespace gantry::inline GANTRY_ABI {
class ParamReader;

namespace detail {

/// A registered op. Its description is made on first use; of threads that make it at once, the first one's is kept.
///
/// Ownership: shared by copies of a Registry.
/// Threads:   thread-safe.
/// Errors:    description(): what `describe` throws; the next call tries again.
class RegisteredOp {
 public:
  using Factory = std::function<NodePtr(ParamReader&)>;
  RegisteredOp(std::string name, Factory factory, const TypeInfo& in, const TypeInfo& out,
               std::function<OpDescription()> describe)
      : name_(std::move(name)), factory_(std::move(factory)), in_(&in), out_(&out), describe_(std::move(describe)) {}

  const TypeInfo& in() const { return *in_; }
  NodePtr make(ParamReader& params) const { return factory_(params); }
  const OpDescription& description() const;

 private:
  const std::string name_;
  const Factory factory_;
  const TypeInfo* const in_;
  const TypeInfo* const out_;
  const std::function<OpDescription()> describe_;
  mutable Mutex mutex_;
  mutable std::unique_ptr<const OpDescription> description_ GANTRY_GUARDED_BY(mutex_);  // never changes once made
};

struct NamedPredicate {
  const TypeInfo* type = nullptr;
  ErasedPredicate test;
  std::string summary;
};

struct RegistryData {
  std::map<std::string, std::shared_ptr<const RegisteredOp>, std::less<>> ops;
  std::map<std::string, NamedPredicate, std::less<>> predicates;
  std::vector<std::shared_ptr<const ErasedCodec>> codecs;  // one per type
  std::optional<Error> mistake;                            // the first mistake in what was added
};

/// The ops that the config front end makes itself, by name. Their types follow from their contents.
using CompoundOps = std::map<std::string, OpDescription, std::less<>>;
const CompoundOps& compound_ops();

}  // namespace detail
}  // namespace gantry::inline GANTRY_ABI
