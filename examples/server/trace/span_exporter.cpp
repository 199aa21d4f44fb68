// SPDX-License-Identifier: Apache-2.0
#include "span_exporter.hpp"

#include <algorithm>
#include <iterator>
#include <random>
#include <utility>

#include "resource.hpp"
#include "write_otlp.hpp"

namespace gantry_server {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kBatch = 512;
constexpr std::chrono::milliseconds kPause{1000};
constexpr int kAttempts = 5;
constexpr std::chrono::milliseconds kFirstRetry{500};
constexpr std::chrono::seconds kLongestRetry{30};

/// Doubled with each attempt, and shortened by up to half at random, so that servers do not come back all at once.
Clock::duration retry_pause(int attempt, const ExportAnswer& answer, std::minstd_rand& random) {
  if (answer.retry_after) return std::min<Clock::duration>(*answer.retry_after, kLongestRetry);
  const std::chrono::milliseconds longest = kFirstRetry * (1 << attempt);
  return longest - std::chrono::milliseconds(std::uniform_int_distribution<long>(0, longest.count() / 2)(random));
}

}  // namespace

gantry::Result<std::unique_ptr<SpanExporter>> SpanExporter::open(const TraceOptions& options, Say say) {
  auto client = OtlpClient::open(options);
  if (!client) return client.error();
  auto resource = resource_of(options);
  if (!resource) return resource.error();
  return std::unique_ptr<SpanExporter>(
      new SpanExporter(*std::move(client), options, *std::move(resource), std::move(say)));
}

SpanExporter::SpanExporter(std::unique_ptr<OtlpClient> client, const TraceOptions& options,
                           std::vector<Attribute> resource, Say say)
    : client_(std::move(client)),
      resource_(std::move(resource)),
      max_spans_(options.max_spans),
      timeout_(options.timeout),
      say_(std::move(say)) {
  asio::co_spawn(io_, run(), asio::detached);
  thread_ = std::thread([this] { io_.run(); });
}

SpanExporter::~SpanExporter() {
  stop();
}

void SpanExporter::add(Span span) noexcept try {
  const std::lock_guard lock(mutex_);
  if (spans_.size() >= max_spans_) {
    ++counts_.dropped;
    return;
  }
  spans_.push_back(std::move(span));
  if (spans_.size() == kBatch) asio::post(io_, [this] { pause_.cancel(); });
} catch (...) {
  const std::lock_guard lock(mutex_);
  ++counts_.dropped;
}

SpanExporter::Counts SpanExporter::counts() const {
  const std::lock_guard lock(mutex_);
  Counts counts = counts_;
  counts.waiting = spans_.size();
  return counts;
}

void SpanExporter::stop() {
  if (!thread_.joinable()) return;
  asio::post(io_, [this] {
    is_stopping_ = true;
    pause_.cancel();
    retry_.cancel();
    end_.expires_after(timeout_);
    end_.async_wait([this](const boost::system::error_code& error) {
      if (!error) io_.stop();
    });
  });
  thread_.join();
  const std::lock_guard lock(mutex_);
  counts_.lost += in_flight_ + spans_.size();
  if (in_flight_ + spans_.size() > 0)
    say_("trace.endpoint: " + std::to_string(in_flight_ + spans_.size()) + " spans could not be exported in time");
  spans_.clear();
}

std::vector<Span> SpanExporter::take_batch() {
  const std::lock_guard lock(mutex_);
  const auto end = spans_.begin() + static_cast<std::ptrdiff_t>(std::min(spans_.size(), kBatch));
  std::vector<Span> batch(std::make_move_iterator(spans_.begin()), std::make_move_iterator(end));
  spans_.erase(spans_.begin(), end);
  return batch;
}

asio::awaitable<void> SpanExporter::run() {
  while (true) {
    if (!is_stopping_ && counts().waiting < kBatch) {
      boost::system::error_code ignored;
      pause_.expires_after(kPause);
      co_await pause_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    const std::vector<Span> batch = take_batch();
    if (!batch.empty()) co_await send(batch.size(), write_otlp(resource_, batch, epoch()));
    if (is_stopping_ && counts().waiting == 0) break;
  }
  end_.cancel();
}

asio::awaitable<void> SpanExporter::send(std::size_t count, std::string body) {
  thread_local std::minstd_rand random(std::random_device{}());
  in_flight_ = count;
  ExportAnswer answer;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    answer = co_await client_->post(body);
    tell(answer);
    if (answer.kind != ExportAnswer::Kind::kRetry || is_stopping_ || attempt + 1 == kAttempts) break;
    boost::system::error_code ignored;
    retry_.expires_after(retry_pause(attempt, answer, random));
    co_await retry_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  in_flight_ = 0;
  const std::lock_guard lock(mutex_);
  if (answer.kind == ExportAnswer::Kind::kTaken) {
    const std::size_t rejected = std::min(answer.rejected, count);
    counts_.rejected += rejected;
    counts_.exported += count - rejected;
  } else {
    counts_.lost += count;
  }
}

void SpanExporter::tell(const ExportAnswer& answer) {
  const bool is_taken = answer.kind == ExportAnswer::Kind::kTaken;
  if (!is_taken) {
    const std::lock_guard lock(mutex_);
    ++counts_.failed_exports;
  }
  if (is_taken == !has_failed_) return;
  has_failed_ = !is_taken;
  say_("trace.endpoint: " + client_->url() +
       (is_taken ? " takes spans again"
                 : " does not take spans: " + answer.text + "; they are counted on /metrics, and dropped after " +
                       std::to_string(kAttempts) + " attempts"));
}

/// The same for all spans while the system's clock is not set, so that they keep their order.
Clock::time_point SpanExporter::epoch() {
  const auto now =
      Clock::now() - std::chrono::duration_cast<Clock::duration>(std::chrono::system_clock::now().time_since_epoch());
  const auto difference = now - epoch_;
  if (difference > std::chrono::milliseconds(10) || difference < -std::chrono::milliseconds(10)) epoch_ = now;
  return epoch_;
}

}  // namespace gantry_server
