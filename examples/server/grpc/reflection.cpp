// SPDX-License-Identifier: Apache-2.0
#include "reflection.hpp"

#ifdef GANTRY_SERVER_TLS

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/impl/server_builder_option.h>

#include <memory>
#include <utility>
#include <vector>

namespace gantry_server {
namespace {

/// gRPC's library gives reflection to every server of a program that is linked with it: here it is as the server says.
class Reflection final : public grpc::ServerBuilderOption {
 public:
  explicit Reflection(bool is_wanted) : is_wanted_(is_wanted) {}

  void UpdateArguments(grpc::ChannelArguments*) override {}
  void UpdatePlugins(std::vector<std::unique_ptr<grpc::ServerBuilderPlugin>>* plugins) override {
    auto reflection = std::make_unique<grpc::reflection::ProtoServerReflectionPlugin>();
    std::erase_if(*plugins, [name = reflection->name()](const auto& plugin) { return plugin->name() == name; });
    if (is_wanted_) plugins->push_back(std::move(reflection));
  }

 private:
  const bool is_wanted_;
};

}  // namespace

gantry::Result<void> set_reflection(grpc::ServerBuilder& builder, bool is_wanted) {
  builder.SetOption(std::make_unique<Reflection>(is_wanted));
  return {};
}

}  // namespace gantry_server

#else

namespace gantry_server {

// The library of reflection is linked with the gRPC that has TLS.
gantry::Result<void> set_reflection(grpc::ServerBuilder&, bool is_wanted) {
  if (!is_wanted) return {};
  return gantry::Error(gantry::ErrorCode::kUnsupported,
                       "grpc.reflection: this gantry-server was built without TLS, and has no reflection either");
}

}  // namespace gantry_server

#endif
