// SPDX-License-Identifier: Apache-2.0
// A remote model at a server that answers: what is sent, what comes back, and answers that lie.
#include <string>
#include <vector>

#include "remote/remote_fixture.hpp"

namespace gantry::inline GANTRY_ABI::test {
namespace {

using gantry_test::answer_of;
using gantry_test::infer_answer;
using gantry_test::metadata;
using gantry_test::right_answer;
using testing::HasSubstr;

using RemoteAnswers = RemoteTest;

TEST_F(RemoteAnswers, AreThoseOfTheServerOverOneConnection) {
  ScriptedServer server;
  const Model model = connect(server.address()).value();
  EXPECT_EQ(model.signature().to_string(), Signature::parse("x:f32[batch,4]", "y:f32[batch,4]").value().to_string());
  EXPECT_THAT(model.info().description, HasSubstr("model 'm' of " + server.address() + " (script)"));
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(is_right(model.run(row(static_cast<float>(i))), static_cast<float>(i)));
  EXPECT_EQ(server.connections(), 1);
  EXPECT_EQ(server.infers(), 20);
}

TEST_F(RemoteAnswers, ComeForEachOfManyCallers) {
  ScriptedServer server;
  const Model model = connect(server.address()).value();
  std::vector<std::future<bool>> callers;
  for (int caller = 0; caller < 8; ++caller)
    callers.push_back(std::async(std::launch::async, [&, caller] {
      bool all = true;
      for (int i = 0; i < 50; ++i) {
        const auto first = static_cast<float>(caller * 1000 + i);
        all = all && is_right(model.run(row(first)), first);
      }
      return all;
    }));
  for (auto& caller : callers) EXPECT_TRUE(caller.get());
  EXPECT_EQ(server.infers(), 400);
}

TEST_F(RemoteAnswers, HoldNoWorkerAndWaitForAFreeConnection) {
  std::atomic<bool> is_held{true};
  ScriptedServer server([&](const Request& request, Wire& wire, int) {
    while (is_held) std::this_thread::sleep_for(1ms);
    wire.send(right_answer(request));
    return true;
  });
  remote::Options options;
  options.max_connections = 3;
  const Model model = connect(server.address(), options).value();
  const auto pipeline = compile(model.stage(), CompileOptions{*runtime}).value();
  std::vector<std::future<Result<Tensor>>> answers;
  for (int i = 0; i < 10; ++i) answers.push_back(pipeline.submit(Tensor::zeros(DType::kF32, {4}).value()));
  EXPECT_TRUE(comes_true([&] { return stats().waiting == 7 && stats().running == 3; }));
  EXPECT_EQ(stats().instances, 3u);
  is_held = false;
  for (auto& answer : answers) EXPECT_THAT(answer.get(), IsOk());
  EXPECT_LE(server.connections(), 3);
}

TEST_F(RemoteAnswers, OfSamplesThatShareARequest) {
  ScriptedServer server;
  server.set_max_batch(3);
  const Model model = connect(server.address()).value();
  EXPECT_EQ(model.max_batch(), 3);
  const auto pipeline = compile(model.stage(), CompileOptions{*runtime}).value();
  std::vector<Tensor> samples;
  for (int i = 0; i < 6; ++i) samples.push_back(row(static_cast<float>(i))[0].tensor.select(0, 0).value());
  const auto answers = pipeline.run_batch(Span<const Tensor>(samples.data(), samples.size()));
  for (std::size_t i = 0; i < 6; ++i)
    EXPECT_EQ(answers[i].value().values<float>().value()[0], 2 * static_cast<float>(i) + 1);
  EXPECT_EQ(server.infers(), 2);
}

TEST_F(RemoteAnswers, AreNotOfSharedRequestsIfTheServerSaysNothingOfBatches) {
  ScriptedServer server;
  server.set_max_batch(0);
  const Model model = connect(server.address()).value();
  EXPECT_EQ(model.signature().to_string(), Signature::parse("x:f32[x_0,4]", "y:f32[y_0,4]").value().to_string());
  EXPECT_TRUE(is_right(model.run(row(1)), 1));
  remote::Options options;
  options.signature = Signature::parse("x:f32[batch,4]", "y:f32[batch,4]").value();
  EXPECT_THAT(connect(server.address(), options).value().merging(), HasSubstr("no samples"));
  options.signature = Signature::parse("x:f32[batch,5]", "y:f32[batch,4]").value();
  EXPECT_THAT(connect(server.address(), options), FailsWith(ErrorCode::kFailedPrecondition, "x: FP32[-1,4]"));
}

TEST_F(RemoteAnswers, ComeToRequestsThatSayWhatTheCallIsWorth) {
  ScriptedServer server;
  const Model model = connect(server.address()).value();
  RunOptions options(time->now() + 1500ms);
  options.priority = 5;
  options.tenant = "gold";
  options.trace_parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  ASSERT_TRUE(is_right(model.run(row(1), options), 1));
  const Request request = server.last_infer();
  EXPECT_THAT(request.head, HasSubstr("POST /v2/models/m/infer HTTP/1.1\r\n"));
  EXPECT_EQ(request.header("host"), "127.0.0.1:" + std::to_string(server.port()));
  EXPECT_EQ(request.header("x-request-timeout-ms"), "1500");
  EXPECT_EQ(request.header("x-priority"), "5");
  EXPECT_EQ(request.header("x-tenant"), "gold");
  EXPECT_EQ(request.header("traceparent"), options.trace_parent);
  ASSERT_TRUE(is_right(model.run(row(1)), 1));
  EXPECT_EQ(server.last_infer().header("x-request-timeout-ms"), "60000");  // Options::timeout
  EXPECT_EQ(server.last_infer().header("x-tenant") + server.last_infer().header("traceparent"), "");
}

TEST_F(RemoteAnswers, MayComeByteByByteAndInChunks) {
  ScriptedServer server([](const Request& request, Wire& wire, int number) {
    const std::string answer = right_answer(request);
    if (number == 0) {
      for (const char byte : answer) wire.send(std::string(1, byte));
      return true;
    }
    const auto end = answer.find("\r\n\r\n");
    std::string head = answer.substr(0, end), body = answer.substr(end + 4);
    const auto length = head.find("Content-Length");
    head.replace(length, head.find("\r\n", length) - length, "Transfer-Encoding: chunked");
    wire.send(head + "\r\n\r\n");
    for (const char byte : body) wire.send("1\r\n" + std::string(1, byte) + "\r\n");
    wire.send("0\r\n\r\n");
    return true;
  });
  const Model model = connect(server.address()).value();
  EXPECT_TRUE(is_right(model.run(row(1)), 1));
  EXPECT_TRUE(is_right(model.run(row(2)), 2));
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(RemoteAnswers, ThatLieAreRefused) {
  const std::string values(16, '\0');
  const struct {
    std::string answer;
    const char* text;
  } cases[] = {
      {infer_answer(values, "[1,4]", 32), "binary_data_size is 32, the body has 16 bytes left"},
      {infer_answer(values, "[1,4]", 8), "binary_data_size is 8"},
      {infer_answer(values, "[2,4]", 16), "has 8 values of 4 bytes"},
      {infer_answer(values + "more", "[1,4]", 16), "4 bytes are left over"},
      {infer_answer(values, "[4611686018427387904,4]", 16), "is no shape"},
      {infer_answer(values, "[-1,4]", 16), "is no shape"},
      {infer_answer(values, "[1,1,1,1,1,1,1,1,4]", 16), "more than 8 dimensions"},
      {infer_answer(values, "[4]", 16), "y"},
      {answer_of(values, "Inference-Header-Content-Length: 17\r\n"), "the body has 16 bytes"},
      {answer_of(values, "Inference-Header-Content-Length: -1\r\n"), "expected a size, got '-1'"},
      {answer_of("{"), "JSON"},
      {answer_of("{}"), "outputs"},
      {answer_of(R"({"outputs":[]})"), "expected the outputs of"},
      {answer_of(R"({"outputs":[{"name":"z","datatype":"FP32","shape":[0],"parameters":{"binary_data_size":0}}]})"),
       "'z'"},
      {answer_of("", "Content-Encoding: gzip\r\n"), "gzip"},
      {"garbage\r\n\r\n", "malformed HTTP"},
      {"HTTP/1.1 200 OK\r\n\r\n{}", "without Content-Length"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}", "malformed HTTP"},
      {"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n{}", "malformed HTTP"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n{}", "larger than 1000000 bytes"},
      {"HTTP/1.1 200 OK\r\nX: " + std::string(5000, 'x') + "\r\n\r\n", "malformed HTTP"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "malformed HTTP"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nf4250\r\n" + std::string(1000016, ' ') + "\r\n",
       "larger than"},
      {"HTTP/1.1 101 Switching\r\n\r\n", "status 101"},
      {"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n", "status 302"},
  };
  for (const auto& one : cases) {
    ScriptedServer server([&](const Request&, Wire& wire, int) {
      wire.send(one.answer);
      return true;
    });
    remote::Options options;
    options.max_answer_bytes = 1'000'000;
    options.max_header_bytes = 4096;
    const Model model = connect(server.address(), options).value();
    EXPECT_THAT(model.run(row(1)), FailsWith(ErrorCode::kModelError, one.text)) << one.answer.substr(0, 300);
    EXPECT_EQ(server.infers(), 1) << one.text;  // it was answered, and is not sent again
  }
}

TEST_F(RemoteAnswers, WithValuesInJsonAreNotSupported) {
  ScriptedServer server([](const Request&, Wire& wire, int) {
    wire.send(answer_of(R"({"outputs":[{"name":"y","datatype":"FP32","shape":[1,4],"data":[1,2,3,4]}]})"));
    return true;
  });
  EXPECT_THAT(connect(server.address()).value().run(row(1)), FailsWith(ErrorCode::kUnsupported, "binary_tensor_data"));
}

TEST_F(RemoteAnswers, ThatAreErrorsKeepCodeReasonAndPlace) {
  ScriptedServer server([](const Request&, Wire& wire, int) {
    wire.send(answer_of(R"({"error":"resource_exhausted: stage 'a': full","reason":"queue_full"})", "", 503));
    return true;
  });
  const auto answer = connect(server.address()).value().run(row(1));
  EXPECT_THAT(answer, FailsWith(ErrorCode::kResourceExhausted, "host '" + server.address() + "': stage 'a': full"));
  EXPECT_EQ(answer.error().reason(), ErrorReason::kQueueFull);
  EXPECT_EQ(server.infers(), 1);  // there is no other host, and it said nothing of later
}

TEST_F(RemoteAnswers, OfAnotherVersionAreComparedFirst) {
  std::atomic<int> version{1};
  ScriptedServer server([&](const Request& request, Wire& wire, int) {
    wire.send(right_answer(request, "X-Model-Version: " + std::to_string(version) + "\r\n"));
    return true;
  });
  server.set_metadata(metadata(gantry_test::kX, gantry_test::kY), "X-Model-Version: 1\r\n");
  const Model model = connect(server.address()).value();
  EXPECT_TRUE(is_right(model.run(row(1)), 1));
  version = 2;
  server.set_metadata(metadata(gantry_test::kX, gantry_test::kY), "X-Model-Version: 2\r\n");
  EXPECT_TRUE(is_right(model.run(row(2)), 2));
  version = 3;
  server.set_metadata(metadata(gantry_test::kX, R"({"name":"y","datatype":"FP32","shape":[-1,5]})"),
                      "X-Model-Version: 3\r\n");
  EXPECT_THAT(model.run(row(3)),
              FailsWith(ErrorCode::kFailedPrecondition, "signature is now x: FP32[-1,4] -> y: FP32[-1,5]"));
  EXPECT_THAT(model.run(row(3)), FailsWith(ErrorCode::kFailedPrecondition, "no host can be used now"));
  EXPECT_EQ(server.infers(), 3);
}

TEST_F(RemoteAnswers, NeedAModelThatIsOne) {
  ScriptedServer server;
  server.set_metadata(R"({"error":"not_found: no model 'm'","reason":"not_found"})");
  EXPECT_THAT(connect(server.address()),
              FailsWith(ErrorCode::kModelError, "remote model 'm' > host '" + server.address()));
  server.set_metadata(metadata(R"({"name":"input","datatype":"BYTES","shape":[-1]})", gantry_test::kY));
  EXPECT_THAT(connect(server.address()), FailsWith(ErrorCode::kUnsupported, "BYTES"));
  EXPECT_THAT(connect("ftp://x"), FailsWith(ErrorCode::kInvalidArgument, "expected http"));
  EXPECT_THAT(connect("unix:/nonexistent/a.sock"), FailsWith(ErrorCode::kUnavailable, "No such file"));
  remote::Options options;
  options.retry_ratio = 2;
  EXPECT_THAT(connect(server.address(), options), FailsWith(ErrorCode::kInvalidArgument, "retry_ratio must be 0..1"));
  options = {};
  options.timeout = 0ms;
  EXPECT_THAT(connect(server.address(), options), FailsWith(ErrorCode::kInvalidArgument, "timeout"));
  ScriptedServer other;
  EXPECT_THAT(connect(server.address() + "," + other.address()),
              FailsWith(ErrorCode::kFailedPrecondition, "different models"));
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::test
