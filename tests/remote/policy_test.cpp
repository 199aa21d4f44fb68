// SPDX-License-Identifier: Apache-2.0
// What decides without a socket: addresses, breakers, the budget of retries, the choice of a host, errors, messages.
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "remote/address.hpp"
#include "remote/circuit_breaker.hpp"
#include "remote/host.hpp"
#include "remote/http_answer.hpp"
#include "remote/infer_message.hpp"
#include "remote/model_description.hpp"
#include "remote/retry_budget.hpp"
#include "support/manual_time.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI::remote {
namespace {

using namespace std::chrono_literals;
using test::FailsWith;
using test::IsOk;

TEST(Address, ReadsHostsPortsAndSockets) {
  const auto plain = parse_address("http://models:8080").value();
  EXPECT_EQ(plain.host + " " + plain.port + " " + plain.host_header, "models 8080 models:8080");
  const auto bare = parse_address("http://models/").value();
  EXPECT_EQ(bare.host + " " + bare.port + " " + bare.host_header, "models 80 models");
  const auto six = parse_address("http://[::1]:81").value();
  EXPECT_EQ(six.host + " " + six.port + " " + six.host_header, "::1 81 [::1]:81");
  EXPECT_EQ(parse_address("unix:/run/a.sock").value().path, "/run/a.sock");
  EXPECT_EQ(parse_addresses("http://a:1, http://b:2").value().size(), 2u);
}

TEST(Address, RefusesWhatItCannotUse) {
  for (const char* text : {"", "models:8080", "http://", "http://:80", "http://a:0", "http://a:65536", "http://a:x",
                           "http://a:", "http://a/path", "http://a?b", "http://a b", "http://[::1", "http://[::1]x",
                           "http://a\r\nX: y", "unix:"})
    EXPECT_THAT(parse_address(text), FailsWith(ErrorCode::kInvalidArgument, "address")) << text;
  EXPECT_THAT(parse_address("unix:" + std::string(200, 'a')), FailsWith(ErrorCode::kInvalidArgument, "107 bytes"));
  EXPECT_THAT(parse_address("https://a"), FailsWith(ErrorCode::kUnsupported, "TLS"));
  EXPECT_THAT(parse_addresses("http://a,http://a"), FailsWith(ErrorCode::kInvalidArgument, "twice"));
  EXPECT_THAT(parse_addresses("http://a,"), FailsWith(ErrorCode::kInvalidArgument, "expected http"));
}

TEST(CircuitBreaker, OpensAfterFailuresInARowAndTriesOnceWhenItsTimeHasPassed) {
  const test::ManualTime time;
  const auto now = time.now();
  CircuitBreaker breaker(3, 100ms);
  breaker.fail(now);
  breaker.fail(now);
  breaker.succeed();
  breaker.fail(now);
  breaker.fail(now);
  EXPECT_TRUE(breaker.is_closed());
  EXPECT_TRUE(breaker.fail(now));
  EXPECT_FALSE(breaker.is_closed() || breaker.may_probe(now + 99ms));
  breaker.succeed();  // of a call from before
  EXPECT_FALSE(breaker.is_closed());
  ASSERT_TRUE(breaker.may_probe(now + 100ms));
  breaker.begin_probe();
  EXPECT_FALSE(breaker.may_probe(now + 100ms));
  breaker.succeed();
  EXPECT_TRUE(breaker.is_closed());
}

TEST(CircuitBreaker, DoublesItsTimeWithEachFailedTrialUpToABound) {
  const test::ManualTime time;
  auto now = time.now();
  CircuitBreaker breaker(1, 1s);
  breaker.fail(now);
  for (const auto expected : {2s, 4s, 8s, 16s, 30s, 30s}) {
    now = breaker.retry_at();
    breaker.begin_probe();
    breaker.fail(now);
    EXPECT_EQ(breaker.retry_at() - now, expected);
  }
  now = breaker.retry_at();
  breaker.begin_probe();
  breaker.abandon_probe();
  EXPECT_TRUE(breaker.may_probe(now));
  breaker.begin_probe();
  breaker.succeed();
  breaker.fail(now);
  EXPECT_EQ(breaker.retry_at() - now, 1s);
}

TEST(RetryBudget, GivesATenthOfTheCallsAndABurst) {
  RetryBudget budget(0.1, 2);
  EXPECT_TRUE(budget.try_take() && budget.try_take());
  EXPECT_FALSE(budget.try_take());
  for (int i = 0; i < 9; ++i) budget.count_call();
  EXPECT_FALSE(budget.try_take());
  budget.count_call();
  EXPECT_TRUE(budget.try_take());
  for (int i = 0; i < 1000; ++i) budget.count_call();
  EXPECT_TRUE(budget.try_take() && budget.try_take());
  EXPECT_FALSE(budget.try_take());
}

TEST(LeastBusy, TakesTheClosedHostWithTheFewestCallsAndNotTheOneThatFailed) {
  std::vector<std::unique_ptr<Host>> hosts;
  for (const char* text : {"http://a", "http://b", "http://c"})
    hosts.push_back(std::make_unique<Host>(parse_address(text).value(), CircuitBreaker(1, 1s)));
  EXPECT_EQ(least_busy(hosts, 4, nullptr, 0), hosts[0].get());
  EXPECT_EQ(least_busy(hosts, 4, nullptr, 1), hosts[1].get());  // of equal ones each in turn
  hosts[0]->in_progress = 2;
  hosts[1]->in_progress = 1;
  hosts[2]->in_progress = 3;
  EXPECT_EQ(least_busy(hosts, 4, nullptr, 0), hosts[1].get());
  EXPECT_EQ(least_busy(hosts, 4, hosts[1].get(), 0), hosts[0].get());
  EXPECT_EQ(least_busy(hosts, 1, nullptr, 0), nullptr);
  hosts[1]->breaker.open({});
  EXPECT_EQ(least_busy(hosts, 4, nullptr, 0), hosts[0].get());
  hosts[2]->breaker.open({});
  EXPECT_EQ(least_busy(hosts, 4, hosts[0].get(), 0), hosts[0].get());  // the only one
}

HttpAnswer answer(unsigned status, const std::string& body) {
  HttpAnswer made;
  made.status = status;
  made.body.assign(body.begin(), body.end());
  return made;
}

TEST(ErrorOfAnswer, HasTheCodeAndTheReasonOfTheServer) {
  const struct {
    unsigned status;
    const char* body;
    ErrorCode code;
    ErrorReason reason;
  } cases[] = {
      {400, R"({"error":"invalid_argument: x: wrong","reason":"invalid_argument"})", ErrorCode::kInvalidArgument, {}},
      {404, R"({"error":"not_found: gone","reason":"not_found"})", ErrorCode::kNotFound, {}},
      {500, R"({"error":"model_error: threw","reason":"model_error"})", ErrorCode::kModelError, {}},
      {500, R"({"error":"internal: bug","reason":"internal"})", ErrorCode::kInternal, {}},
      {501, R"({"error":"unsupported: UINT64","reason":"unsupported"})", ErrorCode::kUnsupported, {}},
      {503, R"({"error":"resource_exhausted: full","reason":"queue_full"})", ErrorCode::kResourceExhausted,
       ErrorReason::kQueueFull},
      {503, R"({"error":"unavailable: ending","reason":"shutdown"})", ErrorCode::kUnavailable, ErrorReason::kShutdown},
      {504, R"({"error":"deadline_exceeded: late","reason":"deadline_passed"})", ErrorCode::kDeadlineExceeded,
       ErrorReason::kDeadlinePassed},
      {503, R"({"error":"later","reason":"deadline_unreachable"})", ErrorCode::kResourceExhausted,
       ErrorReason::kDeadlineUnreachable},
      // One reason, two codes: the text says which.
      {413, R"({"error":"invalid_argument: large","reason":"input_too_large"})", ErrorCode::kInvalidArgument,
       ErrorReason::kInputTooLarge},
      {413, R"({"error":"resource_exhausted: large","reason":"input_too_large"})", ErrorCode::kResourceExhausted,
       ErrorReason::kInputTooLarge},
      // A text that contradicts the status does not count.
      {404, R"({"error":"internal: bug","reason":"not_found"})", ErrorCode::kNotFound, {}},
      // Other servers.
      {400, R"({"error":"bad input"})", ErrorCode::kInvalidArgument, {}},
      {429, "", ErrorCode::kResourceExhausted, {}},
      {500, "<html>", ErrorCode::kModelError, {}},
      {502, "", ErrorCode::kUnavailable, {}},
      {503, R"({"error":7,"reason":[]})", ErrorCode::kUnavailable, {}},
      {504, "", ErrorCode::kDeadlineExceeded, {}},
      {413, "", ErrorCode::kInvalidArgument, ErrorReason::kInputTooLarge},
      {415, "", ErrorCode::kUnsupported, {}},
  };
  for (const auto& one : cases) {
    const Error error = error_of(answer(one.status, one.body));
    EXPECT_EQ(error.code(), one.code) << one.status << one.body << ": " << error.to_string();
    EXPECT_EQ(error.reason(), one.reason) << one.status << one.body;
  }
  EXPECT_EQ(error_of(answer(400, R"({"error":"invalid_argument: x: wrong","reason":"invalid_argument"})")).message(),
            "x: wrong");
  EXPECT_EQ(error_of(answer(502, "")).message(), "the server answered with status 502");
}

TEST(RetryAfter, IsSecondsAndADayAtMost) {
  EXPECT_EQ(parse_retry_after("7"), 7s);
  EXPECT_EQ(parse_retry_after("99999999"), 24h);
  for (const char* text : {"", "-1", "1.5", "soon", "Fri, 31 Dec 1999 23:59:59 GMT", "99999999999999999999"})
    EXPECT_EQ(parse_retry_after(text), std::nullopt) << text;
}

TEST(CallHeaders, TellsWhatTheCallIsWorth) {
  test::ManualTime time;
  EngineCall call;
  call.time_source = &time;
  EXPECT_EQ(call_headers(call).value(), "");
  call.deadline = time.now() + 1500us;
  call.priority = 7;
  call.tenant = "gold";
  call.trace_parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  EXPECT_EQ(call_headers(call).value(),
            "X-Request-Timeout-Ms: 2\r\nX-Priority: 7\r\nX-Tenant: gold\r\n"
            "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n");
  time.advance(1s);
  call.priority = 1000;
  call.trace_parent += "-\r\nX-Evil: 1";
  EXPECT_EQ(call_headers(call).value(), "X-Request-Timeout-Ms: 1\r\nX-Priority: 100\r\nX-Tenant: gold\r\n");
  for (const std::string& tenant : {std::string("a\r\nX-Evil: 1"), std::string(129, 'a'), std::string(" a")}) {
    call.tenant = tenant;
    EXPECT_THAT(call_headers(call), FailsWith(ErrorCode::kInvalidArgument, "tenant"));
  }
}

TEST(InferAnswer, MayHoldABoolThatIsNone) {
  const auto signature = Signature::parse("x:bool[2]", "y:bool[2]").value();
  const std::string json =
      R"({"outputs":[{"name":"y","datatype":"BOOL","shape":[2],"parameters":{"binary_data_size":2}}]})";
  HttpAnswer came = answer(200, json + std::string("\1\0", 2));
  came.json_size = std::to_string(json.size());
  EXPECT_THAT(read_infer_answer(came, signature, {}), IsOk());
  came.body.back() = 2;
  EXPECT_THAT(read_infer_answer(came, signature, {}), FailsWith(ErrorCode::kModelError, "neither 0 nor 1"));
}

TEST(ModelPath, HoldsNoCharacterThatMeansSomething) {
  EXPECT_EQ(model_path("m", ""), "/v2/models/m");
  EXPECT_EQ(model_path("a/b c\r\n", "1?"), "/v2/models/a%2Fb%20c%0D%0A/versions/1%3F");
}

TEST(ModelDescription, BecomesASignature) {
  const auto described = parse_description(
      R"({"name":"m","inputs":[{"name":"x","datatype":"FP32","shape":[-1,3,-1]}],
          "outputs":[{"name":"y","datatype":"INT64","shape":[-1,2]}],"more":1})");
  ASSERT_THAT(described, IsOk());
  EXPECT_EQ(to_signature(*described, true).value().to_string(),
            Signature::parse("x:f32[batch,3,x_2]", "y:i64[batch,2]").value().to_string());
  EXPECT_EQ(to_signature(*described, false).value().to_string(),
            Signature::parse("x:f32[x_0,3,x_2]", "y:i64[y_0,2]").value().to_string());
  EXPECT_THAT(check_description(*described, Signature::parse("x:f32[batch,3,W]", "y:i64[batch,2]").value()), IsOk());
  for (const char* wrong : {"x:f32[batch,4,W]", "x:f32[batch,3]", "x:f64[batch,3,W]", "z:f32[batch,3,W]"})
    EXPECT_THAT(check_description(*described, Signature::parse(wrong, "y:i64[n,2]").value()),
                FailsWith(ErrorCode::kFailedPrecondition, "Options::signature says"))
        << wrong;
}

TEST(ModelDescription, RefusesWhatIsNone) {
  for (const char* text : {"", "[]", "{}", R"({"name":"m","inputs":7})", R"({"name":"m","inputs":[{"name":"x"}]})",
                           R"({"name":"m","inputs":[{"name":"x","datatype":"FP32","shape":[-2]}]})",
                           R"({"name":"m","inputs":[{"name":"x","datatype":"FP32","shape":[1,1,1,1,1,1,1,1,1]}]})"})
    EXPECT_THAT(parse_description(text), FailsWith(ErrorCode::kModelError, "metadata")) << text;
  const auto strings = parse_description(R"({"name":"m","inputs":[{"name":"x","datatype":"BYTES","shape":[-1]}],
                                             "outputs":[{"name":"y","datatype":"FP32","shape":[1]}]})");
  EXPECT_THAT(to_signature(*strings, false), FailsWith(ErrorCode::kUnsupported, "BYTES"));
  EXPECT_THAT(to_signature(*parse_description(R"({"name":"m"})"), false),
              FailsWith(ErrorCode::kFailedPrecondition, "Options::signature"));
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::remote
