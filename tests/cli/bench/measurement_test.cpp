// SPDX-License-Identifier: Apache-2.0
// Two sides in turns, on a clock of the test's own.
#include "cli/bench/measurement.hpp"

#include <gtest/gtest.h>

#include "fake_service.hpp"

namespace gantry::inline GANTRY_ABI::cli {
namespace {

/// Notes whose turn it is.
class NotingService final : public Service {
 public:
  NotingService(FakeClock& clock, LoadClock::Time::duration takes, char name, std::string& turns)
      : inner_(clock), name_(name), turns_(turns) {
    inner_.service_time = [takes](std::size_t) { return takes; };
  }
  Result<Payload> make_input(std::size_t index) override {
    if (index == 0) turns_ += name_;
    return Payload();
  }
  Result<Payload> run(Payload input) override { return inner_.run(std::move(input)); }
  void submit(Payload input, const CancelToken& cancel, Function<void(Result<Payload>)> done) override {
    inner_.submit(std::move(input), cancel, std::move(done));
  }

 private:
  FakeService inner_;
  char name_;
  std::string& turns_;
};

TEST(Compare, SidesTakeTurnsAndTheSecondIsAMultipleOfTheFirst) {
  FakeClock clock;
  std::string turns;
  NotingService a(clock, milliseconds(2), 'A', turns), b(clock, milliseconds(3), 'B', turns);
  Load load;
  load.rate = 100;
  load.arrival = Arrival::kConstant;
  LoadTimes times;
  times.length = seconds(20);
  times.warm_up = seconds(1);
  std::vector<int> seen;
  const auto both = compare(a, b, load, times, clock, [&](int turn) { seen.push_back(turn); });

  EXPECT_EQ(turns, "ABBAABBAABBAABBAABBA");
  EXPECT_EQ(seen.size(), 20U);
  EXPECT_EQ(seen.back(), 19);
  EXPECT_EQ(both.a.load.latencies.count(), 2000U);  // each side its 20 s
  EXPECT_EQ(both.b.load.latencies.count(), 2000U);
  EXPECT_EQ(both.a.load.length, seconds(20));
  ASSERT_GE(both.figures.size(), 3U);
  EXPECT_STREQ(both.figures[0].name, "p50");
  EXPECT_NEAR(both.figures[0].ratio.ratio, 1.5, 0.02);
  EXPECT_TRUE(both.figures[0].ratio.is_significant());
  EXPECT_STREQ(both.figures[1].name, "p99");
  EXPECT_STREQ(both.figures[2].name, "rate");
  EXPECT_NEAR(both.figures[2].ratio.ratio, 1, 0.01);
}

TEST(Compare, AFigureThatATurnDoesNotGiveIsLeftOut) {
  FakeClock clock;
  std::string turns;
  NotingService a(clock, milliseconds(2), 'A', turns), b(clock, milliseconds(3), 'B', turns);
  Load load;
  load.rate = 50;
  load.arrival = Arrival::kConstant;
  LoadTimes times;
  times.length = seconds(10);  // 50 a turn: no p99
  const auto both = compare(a, b, load, times, clock, [](int) {});
  for (const ComparedFigure& figure : both.figures) EXPECT_STRNE(figure.name, "p99");
  EXPECT_TRUE(both.a.load.latencies.quantile(0.99));
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::cli
