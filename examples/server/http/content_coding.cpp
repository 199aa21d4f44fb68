// SPDX-License-Identifier: Apache-2.0
#include "content_coding.hpp"

#include <zlib.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <limits>
#include <new>
#include <string>
#include <utility>

#include "beast.hpp"

namespace gantry_server {
namespace {

using gantry::Bytes;
using gantry::Error;
using gantry::ErrorCode;
using gantry::ErrorReason;
using gantry::Result;

/// What zlib's window size stands for: its own format, or gzip's with 16 added.
int window_bits(ContentCoding coding) {
  return coding == ContentCoding::kGzip ? MAX_WBITS + 16 : MAX_WBITS;
}

/// zlib counts in 32 bits.
uInt at_once(std::size_t size) {
  return static_cast<uInt>(std::min<std::size_t>(size, std::size_t{1} << 20));
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool is_same(std::string_view a, const char* b) {
  return beast::iequals(beast::string_view(a.data(), a.size()), b);
}

/// The weight of "gzip;q=0.5", 1 without one, 0 for one that cannot be read.
double weight_of(std::string_view parameters) {
  parameters = trimmed(parameters);
  if (parameters.empty()) return 1;
  if (parameters.size() < 3 || (parameters[0] != 'q' && parameters[0] != 'Q') || parameters[1] != '=') return 0;
  double weight = 0;
  const auto [end, error] = std::from_chars(parameters.data() + 2, parameters.data() + parameters.size(), weight);
  return error == std::errc() && end == parameters.data() + parameters.size() ? weight : 0;
}

/// A buffer of the pool that grows by doubling, up to a limit.
class PlainBody {
 public:
  PlainBody(BodyPool& pool, std::size_t max_bytes) : pool_(pool), max_bytes_(max_bytes) {}

  /// Makes room. One byte more than the limit shows that a body is too large.
  Result<void> grow(std::size_t least) {
    const std::size_t capacity = std::min(std::max({least, capacity_ * 2, std::size_t{4096}}), max_bytes_ + 1);
    auto larger = pool_.take(capacity);
    if (!larger)
      return Error(ErrorCode::kResourceExhausted,
                   "the bodies of all requests exceed the memory that this server gives them")
          .with_reason(ErrorReason::kQueueFull, std::chrono::seconds(1));
    if (size_ > 0) std::memcpy(larger.get(), buffer_.get(), size_);
    buffer_ = std::move(larger);
    capacity_ = capacity;
    return {};
  }
  std::uint8_t* end() { return buffer_.get() + size_; }
  std::size_t room() const { return capacity_ - size_; }
  void add(std::size_t size) { size_ += size; }
  Result<void> check_size() const {
    if (size_ <= max_bytes_) return {};
    return Error(ErrorCode::kInvalidArgument, "the body is larger than " + std::to_string(max_bytes_) +
                                                  " bytes when it is decompressed, the limit of this server")
        .with_reason(ErrorReason::kInputTooLarge);
  }
  Bytes bytes() const { return Bytes::wrap(buffer_.get(), size_, buffer_); }

 private:
  BodyPool& pool_;
  const std::size_t max_bytes_;
  BodyPool::Buffer buffer_;
  std::size_t capacity_ = 0;
  std::size_t size_ = 0;
};

Error malformed(ContentCoding coding, const std::string& what) {
  return Error(ErrorCode::kInvalidArgument,
               std::string("the body is not what Content-Encoding says, ") + name_of(coding) + ": " + what);
}

class Inflater {
 public:
  explicit Inflater(ContentCoding coding) {
    if (::inflateInit2(&stream_, window_bits(coding)) != Z_OK) throw std::bad_alloc();
  }
  Inflater(const Inflater&) = delete;
  ~Inflater() { ::inflateEnd(&stream_); }
  z_stream* operator->() { return &stream_; }
  z_stream* get() { return &stream_; }

 private:
  z_stream stream_{};
};

class Deflater {
 public:
  Deflater(ContentCoding coding, int level) {
    constexpr int kMemory = 8;  // zlib's default
    if (::deflateInit2(&stream_, level, Z_DEFLATED, window_bits(coding), kMemory, Z_DEFAULT_STRATEGY) != Z_OK)
      throw std::bad_alloc();
  }
  Deflater(const Deflater&) = delete;
  ~Deflater() { ::deflateEnd(&stream_); }
  z_stream* operator->() { return &stream_; }
  z_stream* get() { return &stream_; }

 private:
  z_stream stream_{};
};

}  // namespace

const char* name_of(ContentCoding coding) noexcept {
  return coding == ContentCoding::kGzip ? "gzip" : "deflate";
}

std::optional<ContentCoding> parse_coding(std::string_view content_encoding) {
  const auto name = trimmed(content_encoding);
  if (is_same(name, "gzip") || is_same(name, "x-gzip")) return ContentCoding::kGzip;
  if (is_same(name, "deflate")) return ContentCoding::kDeflate;
  return std::nullopt;
}

std::optional<ContentCoding> accepted_coding(std::string_view accept_encoding) {
  std::optional<double> gzip, deflate, any;
  while (!accept_encoding.empty()) {
    const auto comma = std::min(accept_encoding.find(','), accept_encoding.size());
    const auto item = accept_encoding.substr(0, comma);
    accept_encoding.remove_prefix(std::min(comma + 1, accept_encoding.size()));
    const auto semicolon = std::min(item.find(';'), item.size());
    const auto name = trimmed(item.substr(0, semicolon));
    const double weight = weight_of(item.substr(std::min(semicolon + 1, item.size())));
    if (const auto coding = parse_coding(name))
      (*coding == ContentCoding::kGzip ? gzip : deflate) = weight;
    else if (name == "*")
      any = weight;
  }
  const double of_gzip = gzip.value_or(any.value_or(0)), of_deflate = deflate.value_or(any.value_or(0));
  if (of_gzip <= 0 && of_deflate <= 0) return std::nullopt;
  return of_gzip >= of_deflate ? ContentCoding::kGzip : ContentCoding::kDeflate;
}

Result<Bytes> decompress(ContentCoding coding, const Bytes& body, std::size_t max_bytes, BodyPool& pool,
                         const gantry::CancelToken& cancel) {
  Inflater inflater(coding);
  PlainBody plain(pool, max_bytes);
  if (auto ok = plain.grow(body.size() * 2); !ok) return ok.error();
  std::size_t read = 0;
  while (true) {
    if (cancel.is_cancelled()) return Error(ErrorCode::kCancelled, "the client has gone");
    if (plain.room() == 0)
      if (auto ok = plain.grow(0); !ok) return ok.error();
    const uInt given = at_once(body.size() - read), room = at_once(plain.room());
    inflater->next_in = const_cast<Bytef*>(body.data() + read);  // zlib does not write there
    inflater->avail_in = given;
    inflater->next_out = plain.end();
    inflater->avail_out = room;
    const int status = ::inflate(inflater.get(), Z_NO_FLUSH);
    read += given - inflater->avail_in;
    plain.add(room - inflater->avail_out);
    if (auto ok = plain.check_size(); !ok) return ok.error();
    if (status == Z_STREAM_END) {
      if (read == body.size()) return plain.bytes();
      if (coding == ContentCoding::kDeflate)
        return malformed(coding, std::to_string(body.size() - read) + " bytes follow its end");
      ::inflateReset(inflater.get());  // the next member
    } else if (status == Z_MEM_ERROR) {
      throw std::bad_alloc();
    } else if (status != Z_OK && status != Z_BUF_ERROR) {
      return malformed(coding, inflater->msg != nullptr ? inflater->msg : "it needs a dictionary");
    } else if (read == body.size() && inflater->avail_out > 0) {
      return malformed(coding, "it is cut off");
    }
  }
}

std::optional<Bytes> compress(ContentCoding coding, const std::vector<Bytes>& pieces, int level) {
  std::size_t plain = 0;
  for (const Bytes& piece : pieces) plain += piece.size();
  Deflater deflater(coding, level);
  std::string out;
  std::size_t size = 0;
  const auto run = [&](const Bytes* piece) {  // false: the stream is as long as the plain bytes
    std::size_t read = 0;
    const std::size_t length = piece ? piece->size() : 0;
    while (true) {
      if (size == out.size()) {
        if (size >= plain) return false;
        out.resize(std::min(plain, std::max<std::size_t>(size * 2, 4096)));
      }
      const uInt given = at_once(length - read), room = at_once(out.size() - size);
      deflater->next_in = const_cast<Bytef*>(piece ? piece->data() + read : nullptr);
      deflater->avail_in = given;
      deflater->next_out = reinterpret_cast<Bytef*>(out.data() + size);
      deflater->avail_out = room;
      const int status = ::deflate(deflater.get(), piece ? Z_NO_FLUSH : Z_FINISH);
      read += given - deflater->avail_in;
      size += room - deflater->avail_out;
      if (piece ? read == length : status == Z_STREAM_END) return true;
    }
  };
  for (const Bytes& piece : pieces)
    if (!run(&piece)) return std::nullopt;
  if (!run(nullptr) || size >= plain) return std::nullopt;
  out.resize(size);
  return Bytes(std::move(out));
}

}  // namespace gantry_server
