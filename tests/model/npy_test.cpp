// SPDX-License-Identifier: Apache-2.0
// .npy files: what NumPy writes is read, what is written NumPy reads, and everything else is refused with a reason.
#include "model/npy.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

using test::FailsWith;
using test::HasCode;
using test::IsOk;

/// A file with this header text, padded as NumPy does, and `payload`.
Bytes npy(std::string header, const std::string& payload, int version = 1) {
  const std::size_t preamble = version == 1 ? 10 : 12;
  while ((preamble + header.size() + 1) % 64 != 0) header += ' ';
  header += '\n';
  std::string file = "\x93NUMPY";
  file += static_cast<char>(version);
  file += '\0';
  file += static_cast<char>(header.size() & 0xff);
  file += static_cast<char>(header.size() >> 8);
  if (version != 1) file.append(2, '\0');
  return Bytes(file + header + payload);
}

std::string header(const std::string& descr, const std::string& shape, const char* fortran = "False") {
  return "{'descr': '" + descr + "', 'fortran_order': " + fortran + ", 'shape': " + shape + ", }";
}

std::string text_of(const Bytes& bytes) {
  return std::string(bytes.begin(), bytes.end());
}

TEST(Npy, ReadsWhatNumpyWrites) {
  const float values[] = {1.5f, -2.0f, 0.25f, 8.0f, 5.0f, 6.0f};
  const std::string payload(reinterpret_cast<const char*>(values), sizeof values);
  for (const int version : {1, 2}) {
    const Tensor tensor = parse_npy(npy(header("<f4", "(2, 3)"), payload, version)).value();
    EXPECT_EQ(tensor.to_string(), "f32[2, 3]");
    EXPECT_EQ(std::memcmp(tensor.data(), values, sizeof values), 0);
  }
}

TEST(Npy, ReadsVectorsScalarsAndEmptyArrays) {
  EXPECT_EQ(parse_npy(npy(header("|u1", "(3,)"), "abc")).value().to_string(), "u8[3]");
  EXPECT_EQ(parse_npy(npy(header("|u1", "()"), "a")).value().to_string(), "u8[]");
  EXPECT_EQ(parse_npy(npy(header("<i8", "(0, 4)"), "")).value().to_string(), "i64[0, 4]");
}

TEST(Npy, ABoolIsZeroOrOne) {
  EXPECT_THAT(parse_npy(npy(header("|b1", "(3,)"), std::string("\0\1\0", 3))), IsOk());
  for (const char byte : {'\2', '\x80', '\xff'})
    EXPECT_THAT(parse_npy(npy(header("|b1", "(3,)"), std::string("\0\1", 2) + byte)),
                FailsWith(ErrorCode::kInvalidArgument,
                          "element 2 of its bools is " + std::to_string(static_cast<unsigned char>(byte))));
}

TEST(Npy, RoundTripsEveryTypeItKnows) {
  std::mt19937 random(7);
  for (const DType dtype : {DType::kF32, DType::kF16, DType::kF64, DType::kU8, DType::kI8, DType::kI16, DType::kI32,
                            DType::kI64, DType::kBool}) {
    for (const Shape& shape :
         {Shape{}, Shape{1}, Shape{5}, Shape{2, 3, 4}, Shape{3, 0}, Shape{1, 1, 1, 1, 1, 1, 1, 2}}) {
      Tensor tensor = Tensor::zeros(dtype, shape).value();
      auto* bytes = static_cast<unsigned char*>(tensor.mutable_data());
      for (std::size_t i = 0; i < tensor.size_bytes(); ++i)
        bytes[i] = static_cast<unsigned char>(dtype == DType::kBool ? random() % 2 : random());
      const Bytes file = to_npy(tensor).value();
      EXPECT_EQ((file.size() - tensor.size_bytes()) % 64, 0u);
      const Tensor again = parse_npy(file).value();
      EXPECT_EQ(again.to_string(), tensor.to_string());
      EXPECT_EQ(std::memcmp(again.data(), tensor.data(), tensor.size_bytes()), 0);
    }
  }
}

TEST(Npy, WritesTheExactBytesThatNumpyWould) {
  const std::uint8_t values[] = {1, 2};
  const Tensor tensor = Tensor::from<std::uint8_t>(values, {2}).value();
  const std::string expected_header = "{'descr': '|u1', 'fortran_order': False, 'shape': (2,), }";
  EXPECT_EQ(text_of(to_npy(tensor).value()), text_of(npy(expected_header, "\x01\x02")));
}

TEST(Npy, WritesBfloat16AsItsBits) {
  const Tensor tensor = Tensor::zeros(DType::kBF16, {2}).value();
  EXPECT_NE(text_of(to_npy(tensor).value()).find("'<u2'"), std::string::npos);
}

TEST(Npy, WritesViewsInRowMajorOrder) {
  const std::uint8_t values[] = {1, 2, 3, 4, 5, 6};
  const std::size_t axes[] = {1, 0};
  const Tensor transposed = Tensor::from<std::uint8_t>(values, {2, 3}).value().permute(axes).value();
  const Tensor again = parse_npy(to_npy(transposed).value()).value();
  const std::uint8_t expected[] = {1, 4, 2, 5, 3, 6};
  EXPECT_EQ(again.to_string(), "u8[3, 2]");
  EXPECT_EQ(std::memcmp(again.data(), expected, sizeof expected), 0);
}

TEST(Npy, DoesNotTouchTheMemoryOfAnotherDevice) {
  std::uint8_t byte = 0;  // stands for an address that the CPU must not read
  const Tensor tensor = Tensor::wrap(&byte, DType::kU8, {1}, nullptr, {}, Device::cuda()).value();
  EXPECT_THAT(to_npy(tensor), FailsWith(ErrorCode::kInvalidArgument, "cuda:0"));
}

TEST(Npy, RefusesMalformedFiles) {
  const auto rejects = [](const Bytes& file, const char* why) {
    EXPECT_THAT(parse_npy(file), FailsWith(ErrorCode::kInvalidArgument, why));
  };
  rejects(Bytes(), "does not begin with NumPy's mark");
  rejects(Bytes(std::string("\x93NUMPY\x01")), "does not begin with NumPy's mark");
  rejects(Bytes(std::string("PK\x03\x04 this is an .npz")), "does not begin with NumPy's mark");
  rejects(npy(header("|u1", "(1,)"), "a", 3), "it has version 3, expected 1 or 2");
  rejects(npy(header(">f4", "(1,)"), "abcd"), "its dtype is '>f4'");
  rejects(npy(header("<c8", "(1,)"), "abcdefgh"), "its dtype is '<c8'");
  rejects(npy(header("<f4", "(1,)", "True"), "abcd"), "it is in Fortran order");
  rejects(npy("{'descr': '<f4', 'fortran_order': False}", "abcd"), "its header has no shape");
  rejects(npy("{'descr': '<f4', 'shape': (1,)}", "abcd"), "Fortran order");
  rejects(npy(header("<f4", "(2, -3)"), ""), "its shape is not a tuple of numbers");
  rejects(npy(header("<f4", "(x,)"), ""), "its shape is not a tuple of numbers");
  rejects(npy(header("<f4", "(99999999999999999999,)"), ""), "its shape is not a tuple of numbers");
  rejects(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1, ", ""), "its shape is not a tuple of numbers");
  rejects(npy(header("|u1", "(1,1,1,1,1,1,1,1,1)"), "a"), "its shape is too large");
  rejects(npy(header("|u1", "(4611686018427387904, 4611686018427387904)"), "a"), "its shape is too large");
  rejects(npy(header("<f8", "(4611686018427387904,)"), "abc"), "holds 3 bytes");
  rejects(npy(header("<f4", "(2,)"), "abcdefg"), "needs 2 elements of 4 bytes, it holds 7 bytes");
  rejects(npy(header("<f4", "(2,)"), "abcdefghi"), "needs 2 elements of 4 bytes, it holds 9 bytes");
}

TEST(Npy, RefusesEveryTruncation) {
  const std::string whole = text_of(npy(header("<f4", "(2, 2)"), std::string(16, 'x')));
  ASSERT_THAT(parse_npy(Bytes(whole)), IsOk());
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_THAT(parse_npy(Bytes(whole.substr(0, size))), HasCode(ErrorCode::kInvalidArgument)) << size;
  const std::string second = text_of(npy(header("<f4", "(2, 2)"), std::string(16, 'x'), 2));
  for (std::size_t size = 0; size < second.size(); ++size)
    EXPECT_THAT(parse_npy(Bytes(second.substr(0, size))), HasCode(ErrorCode::kInvalidArgument)) << size;
}

// Whatever bytes come, the answer is a tensor or invalid_argument; the sanitizers watch.
TEST(Npy, SurvivesRandomDamage) {
  std::mt19937 random(11);
  const std::string whole = text_of(npy(header("<i2", "(3, 2)"), std::string(12, 'x')));
  for (int round = 0; round < 20000; ++round) {
    std::string damaged = whole;
    for (int hit = 0; hit < 3; ++hit) damaged[random() % damaged.size()] = static_cast<char>(random());
    const auto tensor = parse_npy(Bytes(damaged));
    EXPECT_TRUE(tensor.ok() || tensor.error().code() == ErrorCode::kInvalidArgument);
  }
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::detail
