// SPDX-License-Identifier: Apache-2.0
// A remote model whose servers fail: retries, deadlines, cancellation, hosts that go and come back.
#include <string>
#include <vector>

#include "remote/remote_fixture.hpp"

namespace gantry::inline GANTRY_ABI::test {
namespace {

using gantry_test::answer_of;
using gantry_test::metadata;
using gantry_test::right_answer;
using testing::HasSubstr;

using RemoteFailures = RemoteTest;

/// Answers but for the first `count` requests, whose connections end.
ScriptedServer::Infer hangs_up_on_first(int count) {
  return [count](const Request& request, Wire& wire, int number) {
    if (number < count) return false;
    wire.send(right_answer(request));
    return true;
  };
}

/// Moves the clock until `answer` is there.
template <class T>
T with_time(ManualTime& time, std::future<T> answer) {
  while (answer.wait_for(1ms) != std::future_status::ready) time.advance(5ms);
  return answer.get();
}

TEST_F(RemoteFailures, AConnectionThatEndsBeforeTheAnswerIsTriedAgain) {
  ScriptedServer server(hangs_up_on_first(2));
  const Model model = connect(server.address()).value();
  EXPECT_TRUE(is_right(with_time(*time, run(model, 1)), 1));
  EXPECT_EQ(server.infers(), 3);
  EXPECT_EQ(stats().retries, 2u);
}

TEST_F(RemoteFailures, NotMoreOftenThanTheOptionsSay) {
  ScriptedServer server(hangs_up_on_first(100));
  remote::Options options;
  options.max_retries = 3;
  options.breaker_failures = 100;
  const Model model = connect(server.address(), options).value();
  EXPECT_THAT(with_time(*time, run(model, 1)), FailsWith(ErrorCode::kUnavailable, "before an answer came"));
  EXPECT_EQ(server.infers(), 4);
  options.retry_ratio = 0.5;
  options.retry_burst = 1;
  const Model frugal = connect(server.address(), options).value();
  for (int i = 0; i < 4; ++i) EXPECT_FALSE(with_time(*time, run(frugal, 1)).ok());
  EXPECT_EQ(server.infers(), 4 + 4 + 2);  // one of the burst, one of the calls after it
}

TEST_F(RemoteFailures, NotIfTheModelKeepsState) {
  ScriptedServer server(hangs_up_on_first(1));
  remote::Options options;
  options.is_idempotent = false;
  const Model model = connect(server.address(), options).value();
  EXPECT_THAT(model.run(row(1)), FailsWith(ErrorCode::kUnavailable, "before an answer came"));
  EXPECT_EQ(server.infers(), 1);
  EXPECT_TRUE(is_right(model.run(row(2)), 2));
}

TEST_F(RemoteFailures, NotWithinAnAnswer) {
  ScriptedServer server([](const Request& request, Wire& wire, int number) {
    const std::string answer = right_answer(request);
    wire.send(answer.substr(0, number == 0 ? 10 : answer.size() - 1));
    return false;
  });
  const Model model = connect(server.address()).value();
  EXPECT_THAT(model.run(row(1)), FailsWith(ErrorCode::kUnavailable, "within the answer's headers"));
  EXPECT_THAT(model.run(row(1)), FailsWith(ErrorCode::kUnavailable, "bytes of the answer's body"));
  EXPECT_EQ(server.infers(), 2);
}

TEST_F(RemoteFailures, AFullServerIsAskedAgainWhenItSaid) {
  ScriptedServer server([](const Request& request, Wire& wire, int number) {
    if (number == 0)
      wire.send(answer_of(R"({"error":"resource_exhausted: full","reason":"queue_full"})", "Retry-After: 7\r\n", 503));
    else
      wire.send(right_answer(request));
    return true;
  });
  const Model model = connect(server.address()).value();
  // Not if the deadline comes before.
  const auto refused = model.run(row(1), RunOptions(time->now() + 5s));
  EXPECT_THAT(refused, FailsWith(ErrorCode::kResourceExhausted, "full"));
  EXPECT_EQ(refused.error().retry_after(), 7s);
  ScriptedServer other([](const Request& request, Wire& wire, int number) {
    if (number == 0)
      wire.send(answer_of("", "Retry-After: 7\r\n", 503));
    else
      wire.send(right_answer(request));
    return true;
  });
  const Model patient = connect(other.address()).value();
  auto answer = run(patient, 1);
  ASSERT_TRUE(comes_true([&] { return other.infers() == 1; }));
  const auto began = time->now();
  EXPECT_TRUE(is_right(with_time(*time, std::move(answer)), 1));
  EXPECT_GE(time->now() - began, 7s - 5ms);
}

TEST_F(RemoteFailures, ADeadlineClosesTheConnection) {
  std::atomic<int> closed{0};
  ScriptedServer server([&](const Request&, Wire& wire, int) {
    closed += wire.wait_for_close() ? 1 : 0;
    return false;
  });
  const Model model = connect(server.address()).value();
  auto answer = run(model, 1, RunOptions(time->now() + 100ms));
  ASSERT_TRUE(comes_true([&] { return server.infers() == 1; }));
  EXPECT_EQ(closed, 0);
  time->advance(100ms);
  EXPECT_THAT(answer.get(), HasCode(ErrorCode::kDeadlineExceeded));
  EXPECT_TRUE(comes_true([&] { return closed == 1; }));
  EXPECT_EQ(server.infers(), 1);
}

TEST_F(RemoteFailures, ACallWithoutADeadlineEndsToo) {
  ScriptedServer server([](const Request&, Wire& wire, int) {
    wire.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n");
    return !wire.wait_for_close();
  });
  remote::Options options;
  options.timeout = 1s;
  const Model model = connect(server.address(), options).value();
  EXPECT_THAT(with_time(*time, run(model, 1)), HasCode(ErrorCode::kDeadlineExceeded));
}

TEST_F(RemoteFailures, ACancelledCallClosesTheConnection) {
  std::atomic<int> closed{0};
  ScriptedServer server([&](const Request&, Wire& wire, int) {
    closed += wire.wait_for_close() ? 1 : 0;
    return false;
  });
  const Model model = connect(server.address()).value();
  RunOptions options;
  options.cancel = CancelToken::create();
  auto answer = run(model, 1, options);
  ASSERT_TRUE(comes_true([&] { return server.infers() == 1; }));
  options.cancel.cancel();
  EXPECT_THAT(answer.get(), HasCode(ErrorCode::kCancelled));
  EXPECT_TRUE(comes_true([&] { return closed == 1; }));
  EXPECT_TRUE(stats().health.is_ready);
}

TEST_F(RemoteFailures, AServerThatIsRestartedAsAnotherModelIsRefused) {
  auto server = std::make_unique<ScriptedServer>();
  const int port = server->port();
  const Model model = connect(server->address()).value();
  EXPECT_TRUE(is_right(model.run(row(1)), 1));
  server.reset();
  server = std::make_unique<ScriptedServer>(nullptr, port);
  server->set_metadata(metadata(gantry_test::kX, R"({"name":"y","datatype":"FP64","shape":[-1,4]})"));
  EXPECT_THAT(model.run(row(1)), FailsWith(ErrorCode::kFailedPrecondition, "y: FP64[-1,4]; it was"));
  EXPECT_EQ(server->infers(), 0);
  EXPECT_FALSE(stats().health.is_ready);
  EXPECT_THAT(stats().health.reasons.at(0), HasSubstr("FP64"));
  server->set_metadata(metadata(gantry_test::kX, gantry_test::kY));
  time->advance(1s);  // Options::open_time
  EXPECT_TRUE(is_right(model.run(row(2)), 2));
  EXPECT_TRUE(stats().health.is_ready);
}

TEST_F(RemoteFailures, AServerThatIsAwayGetsNoCallsUntilItsTimeHasCome) {
  auto server = std::make_unique<ScriptedServer>();
  const int port = server->port();
  remote::Options options;
  options.breaker_failures = 3;
  options.max_retries = 0;
  const Model model = connect(server->address(), options).value();
  server->refuse(true);  // and the connection that is there ends with the server
  server.reset();
  server = std::make_unique<ScriptedServer>(nullptr, port);
  server->refuse(true);
  for (int i = 0; i < 3; ++i) EXPECT_THAT(model.run(row(1)), FailsWith(ErrorCode::kUnavailable, "127.0.0.1"));
  const int tried = server->connections();
  for (int i = 0; i < 5; ++i) {
    const auto refused = model.run(row(1));
    EXPECT_THAT(refused, FailsWith(ErrorCode::kUnavailable, "no host can be used now"));
    EXPECT_EQ(refused.error().reason(), ErrorReason::kUnhealthy);
    EXPECT_EQ(refused.error().retry_after(), 1s);
  }
  EXPECT_EQ(server->connections(), tried);
  EXPECT_FALSE(stats().health.is_ready);
  time->advance(1s);
  EXPECT_FALSE(model.run(row(1)).ok());
  EXPECT_EQ(server->connections(), tried + 1);  // one trial
  server->refuse(false);
  time->advance(1999ms);
  EXPECT_THAT(model.run(row(1)), FailsWith(ErrorCode::kUnavailable, "no host can be used now"));
  time->advance(1ms);
  EXPECT_TRUE(is_right(model.run(row(3)), 3));
  EXPECT_TRUE(stats().health.is_ready);
}

TEST_F(RemoteFailures, AServerThatNeverSaysWhatItsModelIsIsGivenUp) {
  ScriptedServer silent([](const Request&, Wire&, int) { return true; });
  silent.set_metadata("");
  EXPECT_THAT(connect(silent.address()), FailsWith(ErrorCode::kModelError, "metadata"));
}

TEST_F(RemoteFailures, CallsGoToTheHostWithTheFewest) {
  std::atomic<bool> is_held{true};
  const auto held = [&](const Request& request, Wire& wire, int) {
    while (is_held) std::this_thread::sleep_for(1ms);
    wire.send(right_answer(request));
    return true;
  };
  ScriptedServer first(held), second(held);
  const Model model = connect(first.address() + "," + second.address()).value();
  std::vector<std::future<Result<Tensors>>> answers;
  for (int i = 0; i < 8; ++i) answers.push_back(run(model, static_cast<float>(i)));
  EXPECT_TRUE(comes_true([&] { return first.infers() == 4 && second.infers() == 4; }));
  is_held = false;
  for (int i = 0; i < 8; ++i) EXPECT_TRUE(is_right(answers[static_cast<std::size_t>(i)].get(), static_cast<float>(i)));
}

TEST_F(RemoteFailures, AnotherHostTakesOver) {
  ScriptedServer good;
  ScriptedServer full([](const Request&, Wire& wire, int) {
    wire.send(answer_of(R"({"error":"unavailable: ending","reason":"shutdown"})", "", 503));
    return true;
  });
  auto gone = std::make_unique<ScriptedServer>();
  const Model model = connect(good.address() + "," + full.address() + "," + gone->address()).value();
  gone.reset();
  for (int i = 0; i < 50; ++i) {
    const auto first = static_cast<float>(i);
    EXPECT_TRUE(is_right(model.run(row(first)), first)) << i;  // the clock stands still: nothing pauses
  }
  EXPECT_EQ(good.infers(), 50);
  EXPECT_EQ(full.infers(), 5);  // Options::breaker_failures
  EXPECT_TRUE(stats().health.is_ready);
}

TEST_F(RemoteFailures, AHostThatWasAwayAtFirstJoinsLater) {
  auto late = std::make_unique<ScriptedServer>();
  const int port = late->port();
  const std::string address = late->address();
  late.reset();
  ScriptedServer good;
  const Model model = connect(good.address() + "," + address).value();
  EXPECT_TRUE(is_right(model.run(row(1)), 1));
  late = std::make_unique<ScriptedServer>(nullptr, port);
  time->advance(1s);
  EXPECT_TRUE(comes_true([&] { return is_right(model.run(row(2)), 2) && late->infers() > 0; }));
}

TEST_F(RemoteFailures, AShutdownAnswersTheCallsInProgress) {
  ScriptedServer server([](const Request&, Wire& wire, int) { return !wire.wait_for_close(); });
  remote::Options options;
  options.max_connections = 1;
  const Model model = connect(server.address(), options).value();
  auto running = run(model, 1), waiting = run(model, 2);
  ASSERT_TRUE(comes_true([&] { return stats().running == 1 && stats().waiting == 1; }));
  EXPECT_THAT(runtime->shutdown(), IsOk());
  EXPECT_THAT(running.get(), HasCode(ErrorCode::kUnavailable));
  EXPECT_THAT(waiting.get(), HasCode(ErrorCode::kUnavailable));
  EXPECT_FALSE(model.run(row(3)).ok());
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::test
