// SPDX-License-Identifier: Apache-2.0
// A remote pipeline at a scripted server: types, what goes with a call, samples, hosts.
#include <gantry/classify.hpp>
#include <gantry/detect.hpp>

#include <string>
#include <vector>

#include "remote/pipeline_fixture.hpp"

namespace gantry::inline GANTRY_ABI::test {
namespace {

using testing::HasSubstr;

using RemotePipeline = RemotePipelineTest;

TEST_F(RemotePipeline, TakesAFileAndGivesThePayload) {
  ScriptedServer server(answers(file_answer(
      "classes",
      with_length(R"({"classes":[{"index":3,"label":"t\u00fcr","score":0.1},{"index":1,"label":"","score":0}]})"))));
  server.set_metadata(metadata(kPhoto, kClasses));
  const auto pipeline = connect_any(server.address()).value();
  EXPECT_EQ(pipeline.inputs()[0].type.name(), "Bytes");
  EXPECT_EQ(pipeline.outputs()[0].type.name(), "Classes");
  const auto classes = pipeline.run(Payload::from(Bytes("a photo"))).value().as<Classes>().value();
  ASSERT_EQ(classes.size(), 2u);
  EXPECT_EQ(classes[0].index, 3);
  EXPECT_EQ(classes[0].label, "t\u00fcr");
  EXPECT_EQ(classes[0].score, 0.1F);
  const auto [text, data] = parts_of(server.last_infer());
  EXPECT_EQ(text,
            R"({"parameters":{"binary_data_output":true},"inputs":[{"name":"input","datatype":"BYTES","shape":[1],)"
            R"("parameters":{"binary_data_size":11}}]})");
  EXPECT_EQ(data, with_length("a photo"));
  EXPECT_THAT(pipeline.explain(), HasSubstr("'input' as it is"));
}

TEST_F(RemotePipeline, IsTheSameWithTypes) {
  ScriptedServer server(answers(file_answer("classes", with_length(R"({"classes":[]})"))));
  server.set_metadata(metadata(kPhoto, kClasses));
  const auto pipeline = connect_to<Bytes, Classes>(server.address()).value();
  EXPECT_THAT(pipeline.run(Bytes("x")), IsOk());
  EXPECT_EQ(parts_of(server.last_infer()).second, with_length("x"));
  EXPECT_THAT(pipeline.run(Bytes("")), FailsWith(ErrorCode::kInvalidArgument, "input 'input': is empty"));
  const auto found = connect_any(server.address()).value().as<Bytes, Classes>();
  EXPECT_THAT(found.value().run(Bytes("x")), IsOk());
  EXPECT_THAT((connect_to<Bytes, Detections>(server.address())),
              FailsWith(ErrorCode::kInvalidArgument,
                        "remote pipeline 'm' > output > 'classes': the pipeline has "
                        "'classes', not Detections"));
  EXPECT_THAT((connect_to<Tensor, Classes>(server.address())),
              FailsWith(ErrorCode::kInvalidArgument, "the pipeline has 'bytes', not Tensor"));
}

TEST_F(RemotePipeline, SendsAlongWhatTheCallIsWorth) {
  ScriptedServer server(answers(file_answer("classes", with_length(R"({"classes":[]})"))));
  server.set_metadata(metadata(kPhoto, kClasses));
  const auto pipeline = connect_to<Bytes, Classes>(server.address()).value();
  RunOptions options(time->now() + 1500ms);
  options.priority = 5;
  options.tenant = "gold";
  options.trace_parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  ASSERT_THAT(pipeline.run(Bytes("x"), options), IsOk());
  const Request request = server.last_infer();
  EXPECT_EQ(request.header("x-request-timeout-ms"), "1500");
  EXPECT_EQ(request.header("x-priority"), "5");
  EXPECT_EQ(request.header("x-tenant"), "gold");
  EXPECT_EQ(request.header("traceparent"), options.trace_parent);
}

TEST_F(RemotePipeline, WhoseErrorIsOneSamplesFailsThatOneAlone) {
  ScriptedServer server([](const Request& request, Wire& wire, int) {
    const bool is_bad = parts_of(request).second.find("bad") != std::string::npos;
    wire.send(is_bad ? answer_of(R"({"error":"invalid_argument: no picture"})", "", 400)
                     : file_answer("classes", with_length(R"({"classes":[]})")));
    return true;
  });
  server.set_metadata(metadata(kPhoto, kClasses));
  const auto pipeline = connect_to<Bytes, Classes>(server.address()).value();
  const std::vector<Bytes> photos{Bytes("good"), Bytes("badd"), Bytes("good")};
  const auto answers = pipeline.run_batch(Span<const Bytes>(photos.data(), photos.size()));
  EXPECT_THAT(answers[0], IsOk());
  EXPECT_THAT(answers[1], FailsWith(ErrorCode::kInvalidArgument, "host '" + server.address() + "': no picture"));
  EXPECT_THAT(answers[2], IsOk());
}

TEST_F(RemotePipeline, OfAnotherPayloadIsAnotherPipeline) {
  ScriptedServer server(
      answers(file_answer("classes", with_length(R"({"classes":[]})"), "[1]", "X-Model-Version: 2\r\n")));
  server.set_metadata(metadata(kPhoto, kClasses), "X-Model-Version: 1\r\n");
  const auto pipeline = connect_to<Bytes, Classes>(server.address()).value();
  server.set_metadata(metadata(file("input", "image"), kClasses), "X-Model-Version: 2\r\n");
  EXPECT_THAT(pipeline.run(Bytes("x")), FailsWith(ErrorCode::kFailedPrecondition, "input: BYTES[-1] with image"));
}

TEST_F(RemotePipeline, GoesToAnotherHostWhenOneIsGone) {
  const auto answer = file_answer("classes", with_length(R"({"classes":[]})"));
  ScriptedServer bad([](const Request&, Wire&, int) { return false; }), good(answers(answer));
  for (ScriptedServer* server : {&bad, &good}) server->set_metadata(metadata(kPhoto, kClasses));
  const auto pipeline = connect_to<Bytes, Classes>(bad.address() + "," + good.address()).value();
  for (int i = 0; i < 10; ++i) EXPECT_THAT(pipeline.run(Bytes("x")), IsOk());
  EXPECT_GE(bad.infers(), 1);
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::test
