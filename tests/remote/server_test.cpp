// SPDX-License-Identifier: Apache-2.0
// Remote models at gantry-server: server_test SERVER MODELS PACKAGE; see server_arguments.hpp.
#include <gantry/gantry.hpp>
#include <gantry/remote.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <future>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "remote/running_server.hpp"
#include "remote/server_arguments.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI::test {
namespace {

using namespace std::chrono_literals;
using gantry_test::RunningServer;
using testing::HasSubstr;

bool is_same(const Tensor& a, const Tensor& b) {
  return a.dtype() == b.dtype() && a.shape() == b.shape() && std::memcmp(a.data(), b.data(), a.size_bytes()) == 0;
}

/// Any bits, but for bool.
Tensor random_tensor(const TensorSpec& spec, std::mt19937& random) {
  Shape shape;
  std::vector<std::int64_t> extents;
  for (std::size_t i = 1; i < spec.dims.size(); ++i)
    extents.push_back(spec.dims[i].is_symbolic() ? 3 : spec.dims[i].extent);
  Tensor tensor = Tensor::make(spec.dtype, Shape(Span<const std::int64_t>(extents.data(), extents.size()))).value();
  auto* bytes = static_cast<std::uint8_t*>(tensor.mutable_data());
  for (std::size_t i = 0; i < tensor.size_bytes(); ++i)
    bytes[i] = static_cast<std::uint8_t>(spec.dtype == DType::kBool ? random() % 2 : random());
  return tensor;
}

Pipeline<Tensor, Tensor> pipeline_of(const std::string& addresses, const std::string& model,
                                     const remote::Options& options = {}) {
  return compile(remote::connect_model(addresses, model, options).value().stage()).value();
}

TEST(RemoteServer, AnswersAreThoseOfTheModelHereBitForBit) {
  RunningServer server(server_program, server_models);
  std::mt19937 random(7);
  const auto echo = remote::connect_model(server.address(), "echo").value();
  ASSERT_TRUE(echo.signature().has_batch_axis()) << echo.signature().to_string();
  const auto there = compile(echo.stage<Tensors, Tensors>()).value();
  const auto here = open_any(server_models + "/echo/1").value().as<Tensors, Tensors>().value();
  for (int i = 0; i < 20; ++i) {
    Tensors sample;
    for (const TensorSpec& spec : echo.signature().inputs()) sample.add(spec.name, random_tensor(spec, random));
    const auto expected = here.run(sample).value();
    const auto answer = there.run(sample);
    ASSERT_THAT(answer, IsOk());
    ASSERT_EQ(answer->size(), 10u);
    for (const auto& output : *answer) EXPECT_TRUE(is_same(output.tensor, *expected.find(output.name))) << output.name;
  }
  const auto affine_there = pipeline_of(server.unix_address(), "affine");
  const auto affine_here = open_any(server_models + "/affine/10").value().as<Tensor, Tensor>().value();
  std::vector<Tensor> samples;
  for (int i = 0; i < 100; ++i) samples.push_back(row(static_cast<float>(random()) / 3e4F));
  const auto answers = affine_there.run_batch(Span<const Tensor>(samples.data(), samples.size()));
  for (std::size_t i = 0; i < samples.size(); ++i)
    EXPECT_TRUE(is_same(answers[i].value(), affine_here.run(samples[i]).value()));
  EXPECT_THAT(there.explain(), HasSubstr("merges up to 16 samples"));
}

TEST(RemoteServer, ErrorsAreThoseOfTheServer) {
  RunningServer server(server_program, server_models);
  EXPECT_THAT(remote::connect_model(server.address(), "absent"), FailsWith(ErrorCode::kNotFound, "no model 'absent'"));
  remote::Options options;
  options.version = "2";
  EXPECT_THAT(remote::connect_model(server.address(), "affine", options),
              FailsWith(ErrorCode::kNotFound, "there are: 1, 9, 10"));
  options.version = "9";
  EXPECT_TRUE(is_right(pipeline_of(server.address(), "affine", options).run(row(1)), 1));
  options = {};
  options.signature = Signature::parse("x:f32[batch,N]", "y:f32[batch,N]").value();
  EXPECT_THAT(remote::connect_model(server.address(), "affine", options),
              FailsWith(ErrorCode::kFailedPrecondition, "x: FP32[-1,4]"));
}

TEST(RemoteServer, ACancelledCallIsCancelledThere) {
  RunningServer server(server_program, server_models);
  const auto slow = pipeline_of(server.address(), "slow");
  RunOptions options;
  options.cancel = CancelToken::create();
  auto answer = slow.submit(row(1), options);
  ASSERT_TRUE(comes_true([&] { return Runtime::shared()->stats().models.at(0).running == 1; }));
  options.cancel.cancel();
  EXPECT_THAT(answer.get(), HasCode(ErrorCode::kCancelled));
  EXPECT_TRUE(comes_true([&] { return server.log().find("\"status\":499") != std::string::npos; })) << server.log();
}

TEST(RemoteServer, AServerThatStandsStillIsKnownByDeadlinesAndComesBack) {
  RunningServer server(server_program, server_models);
  const auto affine = pipeline_of(server.address(), "affine");
  EXPECT_TRUE(is_right(affine.run(row(1)), 1));
  server.send(SIGSTOP);
  for (int i = 0; i < 5; ++i) EXPECT_THAT(affine.run(row(2), within(50ms)), HasCode(ErrorCode::kDeadlineExceeded));
  EXPECT_THAT(affine.run(row(2), within(30s)), FailsWith(ErrorCode::kUnavailable, "no host can be used now"));
  server.send(SIGCONT);
  EXPECT_TRUE(comes_true([&] { return is_right(affine.run(row(3)), 3); }));
}

TEST(RemoteServer, AServerThatIsRestartedServesAgain) {
  auto server = std::make_unique<RunningServer>(server_program, server_models);
  const int port = server->port();
  const auto affine = pipeline_of(server->address(), "affine");
  EXPECT_TRUE(is_right(affine.run(row(1)), 1));
  server->kill(SIGKILL);
  EXPECT_THAT(affine.run(row(2)), HasCode(ErrorCode::kUnavailable));
  server.reset();
  server = std::make_unique<RunningServer>(server_program, server_models, port);
  EXPECT_TRUE(comes_true([&] { return is_right(affine.run(row(3)), 3); }));
}

TEST(RemoteServer, AServerThatIsRestartedAsAnotherModelGetsNoCalls) {
  auto server = std::make_unique<RunningServer>(server_program, server_models);
  const int port = server->port();
  const auto affine = pipeline_of(server->address(), "affine");
  EXPECT_TRUE(is_right(affine.run(row(1)), 1));
  const auto restart = [&](const std::string& models) {
    server.reset();
    server = std::make_unique<RunningServer>(server_program, models, port);
  };
  restart(server_models + "/.other");  // rows of five
  const auto answer = affine.run(row(2));
  EXPECT_THAT(answer, FailsWith(ErrorCode::kFailedPrecondition, "signature is now x: FP32[-1,5]"));
  EXPECT_THAT(server->log(), testing::Not(HasSubstr("/infer"))) << "it got a call of another model";
  restart(server_models);
  EXPECT_TRUE(comes_true([&] { return is_right(affine.run(row(3)), 3); }));
}

TEST(RemoteServer, OfTwoHostsOneMayStandStill) {
  RunningServer first(server_program, server_models), second(server_program, server_models);
  const auto affine = pipeline_of(first.address() + "," + second.address(), "affine");
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(is_right(affine.run(row(1)), 1));
  second.send(SIGSTOP);
  int late = 0;
  // A call that has begun there ends at its deadline; after five the host gets none.
  for (float i = 0; i < 30; ++i) {
    const auto answer = affine.run(row(i), within(500ms));
    if (!answer && answer.error().code() == ErrorCode::kDeadlineExceeded)
      ++late;
    else
      EXPECT_TRUE(is_right(answer, i)) << (answer ? "wrong" : answer.error().to_string());
  }
  EXPECT_GE(late, 1);
  const auto here = first.log().size();
  for (float i = 0; i < 30; ++i) EXPECT_TRUE(is_right(affine.run(row(i), within(30s)), i));
  EXPECT_TRUE(comes_true([&] { return first.log().size() > here; }));
  second.send(SIGCONT);
  const auto there = second.log().size();
  EXPECT_TRUE(comes_true([&] { return is_right(affine.run(row(1)), 1) && second.log().size() > there + 2000; }))
      << "it did not come back";
}

/// Four callers, while `harm` is done to one of two hosts. The number of calls that had another answer than the right
/// one; each caller makes calls until it made `least` after the harm.
int failed_calls(const std::string& addresses, const std::function<void()>& harm) {
  constexpr int kLeast = 200;
  const auto affine = pipeline_of(addresses, "affine");
  std::atomic<int> failed{0}, calls{0};
  std::atomic<bool> is_done{false};
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 4; ++caller)
    callers.emplace_back([&, caller] {
      for (int after = 0, i = 0; after < kLeast; ++i, after += is_done ? 1 : 0) {
        const auto first = static_cast<float>(caller * 10000 + i % 1000);
        const auto answer = affine.run(row(first));
        if (!is_right(answer, first) && ++failed < 5) ADD_FAILURE() << (answer ? "wrong" : answer.error().to_string());
        ++calls;
      }
    });
  EXPECT_TRUE(comes_true([&] { return calls > 200; }));
  harm();
  is_done = true;
  for (auto& caller : callers) caller.join();
  return failed;
}

TEST(RemoteServer, OfTwoHostsOneMayBeKilled) {
  RunningServer first(server_program, server_models), second(server_program, server_models);
  EXPECT_EQ(failed_calls(first.address() + "," + second.unix_address(), [&] { second.kill(SIGKILL); }), 0);
}

TEST(RemoteServer, OfTwoHostsOneMayBeShutDown) {
  RunningServer first(server_program, server_models), second(server_program, server_models);
  EXPECT_EQ(failed_calls(first.address() + "," + second.address(), [&] { second.kill(SIGTERM); }), 0);
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::test

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (argc != 4) return 2;
  gantry::test::server_program = argv[1];
  gantry::test::server_models = argv[2];
  gantry::test::photo_package = argv[3];
  return RUN_ALL_TESTS();
}
