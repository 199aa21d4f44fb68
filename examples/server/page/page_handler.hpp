// SPDX-License-Identifier: Apache-2.0
// PageHandler: the page for people at /, before the handler of everything else.
#pragma once

#include <chrono>
#include <gantry/runtime.hpp>
#include <memory>

#include "api/service.hpp"
#include "http/handler.hpp"
#include "models/model_store.hpp"

namespace gantry_server {

/// Answers GET of /, of /page/<file>, which are the files that the page consists of, and of /v2/status, which the page
/// reads; `service` answers the rest.
///
/// The files come with a Content-Security-Policy by which a browser runs and loads nothing but them, and takes no text
/// as HTML or as a script: what a model's name or label says cannot act.
///
/// Threads: thread-safe.
class PageHandler final : public Handler {
 public:
  PageHandler(std::shared_ptr<const Service> service, std::shared_ptr<const ModelStore> models, gantry::Runtime runtime)
      : service_(std::move(service)), models_(std::move(models)), runtime_(std::move(runtime)) {}

  std::optional<Response> refuse(Request& head) const override;
  void handle(const std::shared_ptr<const Request>& request, Respond respond) const override;

 private:
  std::shared_ptr<const Service> service_;
  std::shared_ptr<const ModelStore> models_;
  gantry::Runtime runtime_;
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

}  // namespace gantry_server
