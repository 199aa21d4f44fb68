// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <gantry/bytes.hpp>

#include <unistd.h>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using test::FailsWith;
using test::HasCode;

std::string text_of(const Bytes& bytes) {
  return std::string(bytes.begin(), bytes.end());
}

class ReadFile : public ::testing::Test {
 protected:
  ReadFile()
      : directory_(std::filesystem::path(::testing::TempDir()) / ("gantry_bytes_" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(directory_);
  }
  ~ReadFile() override { std::filesystem::remove_all(directory_); }
  std::string write(const std::string& name, const std::string& content) {
    const auto path = directory_ / name;
    std::ofstream(path, std::ios::binary) << content;
    return path.string();
  }
  std::filesystem::path directory_;
};

TEST(Bytes, CopiesAreViewsOfOneBlock) {
  const Bytes bytes(std::string("hello, this is longer than a small string"));
  const Bytes copy = bytes;
  EXPECT_EQ(copy.data(), bytes.data());
  EXPECT_EQ(text_of(copy), "hello, this is longer than a small string");
}

TEST(Bytes, TakesAVectorWithoutCopying) {
  std::vector<std::uint8_t> content(1000, 7);
  const auto* where = content.data();
  const Bytes bytes(std::move(content));
  EXPECT_EQ(bytes.data(), where);
  EXPECT_EQ(bytes.size(), 1000u);
}

TEST(Bytes, WrapKeepsTheOwnerAlive) {
  auto owner = std::make_shared<std::string>("abc");
  const std::weak_ptr<std::string> watch = owner;
  {
    const Bytes bytes = Bytes::wrap(owner->data(), 3, owner);
    owner.reset();
    EXPECT_FALSE(watch.expired());
    EXPECT_EQ(text_of(bytes), "abc");
  }
  EXPECT_TRUE(watch.expired());
}

TEST(Bytes, CopyAndDefault) {
  const char text[] = "xyz";
  const Bytes copy = Bytes::copy(text, 3);
  EXPECT_NE(static_cast<const void*>(copy.data()), static_cast<const void*>(text));
  EXPECT_EQ(text_of(copy), "xyz");
  EXPECT_TRUE(Bytes().empty());
  EXPECT_TRUE(Bytes::copy(nullptr, 0).empty());
}

TEST_F(ReadFile, GivesTheWholeContent) {
  std::string content(100000, '\0');
  for (std::size_t i = 0; i < content.size(); ++i) content[i] = static_cast<char>(i * 31);
  EXPECT_EQ(text_of(read_file(write("a", content)).value()), content);
  EXPECT_TRUE(read_file(write("empty", "")).value().empty());
}

TEST_F(ReadFile, NamesWhatIsMissing) {
  const std::string path = (directory_ / "missing").string();
  EXPECT_THAT(read_file(path), FailsWith(ErrorCode::kNotFound, path));
  EXPECT_THAT(read_file(write("plain", "x") + "/below"), HasCode(ErrorCode::kNotFound));
}

TEST_F(ReadFile, RefusesWhatIsNoRegularFile) {
  EXPECT_THAT(read_file(directory_.string()), FailsWith(ErrorCode::kFailedPrecondition, "not a regular file"));
  const std::string pipe = (directory_ / "pipe").string();
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_THAT(read_file(pipe), FailsWith(ErrorCode::kFailedPrecondition, "not a regular file")) << "must not hang";
}

TEST_F(ReadFile, KeepsTheLimit) {
  const std::string path = write("ten", "0123456789");
  EXPECT_EQ(read_file(path, 10).value().size(), 10u);
  EXPECT_THAT(read_file(path, 9), FailsWith(ErrorCode::kResourceExhausted, "has 10 bytes, the limit is 9"));
}

TEST_F(ReadFile, RefusesAPathWithAZeroByte) {
  std::string path = write("a", "x");
  path += std::string("\0.txt", 5);
  EXPECT_THAT(read_file(path), HasCode(ErrorCode::kInvalidArgument));
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI
