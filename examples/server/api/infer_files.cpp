// SPDX-License-Identifier: Apache-2.0
#include "infer_files.hpp"

#include <gantry/json_writer.hpp>
#include <utility>
#include <vector>

#include "read_form.hpp"
#include "run_samples.hpp"

namespace gantry_server {
namespace {

using gantry::Error;
using gantry::ErrorCode;
using gantry::Payload;
using gantry::Result;

Result<std::string> list_of(const gantry::Codecs& codecs, const std::vector<Payload>& results) {
  gantry::JsonWriter json;
  json.begin_list();
  for (const Payload& result : results)
    if (auto ok = codecs.write_json(result, json); !ok) return ok.error();
  json.end_list();
  return json.finish();
}

}  // namespace

void infer_file(const std::shared_ptr<const ServedModel>& model, const gantry::Bytes& body, std::string_view media_type,
                const gantry::RunOptions& options, JsonDone done) {
  const gantry::AnyPipeline& pipeline = model->pipeline;
  if (pipeline.inputs().size() != 1)
    return done(Error(ErrorCode::kInvalidArgument, "this pipeline has " + std::to_string(pipeline.inputs().size()) +
                                                       " inputs; send them by name, as JSON or as a form"));
  auto input = pipeline.codecs().from_bytes(pipeline.inputs()[0].type, body, media_type);
  if (!input) return done(input.error());
  pipeline.submit(*std::move(input), options, [model, done = std::move(done)](Result<Payload> result) {
    done(result ? model->pipeline.codecs().to_json(*result) : Result<std::string>(result.error()));
  });
}

void infer_form(const std::shared_ptr<const ServedModel>& model, const gantry::Bytes& body,
                std::string_view content_type, const gantry::RunOptions& options, JsonDone done) {
  const auto parts = read_multipart(body, content_type, form_limits(*model));
  if (!parts) return done(parts.error().within("form"));
  auto samples = read_form(*model, *parts);
  if (!samples) return done(samples.error().within("form"));
  run_samples(*model, *std::move(samples), options,
              [model, done = std::move(done)](const Result<std::vector<Payload>>& results) {
                if (!results) return done(results.error());
                const gantry::Codecs& codecs = model->pipeline.codecs();
                done(results->size() == 1 ? codecs.to_json((*results)[0]) : list_of(codecs, *results));
              });
}

}  // namespace gantry_server
