// SPDX-License-Identifier: Apache-2.0
// Reading a model's file: within its bounds, without waiting, and of a package only what was hashed.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gantry/model_file.hpp>

#include "package/verified_content.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI::test {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

class ModelFileTest : public testing::Test {
 protected:
  ModelFileTest() { fs::remove_all(directory_), fs::create_directories(directory_); }
  ~ModelFileTest() override { fs::remove_all(directory_); }
  std::string path(const std::string& name) const { return directory_ + "/" + name; }
  std::string write(const std::string& name, const std::string& content) const {
    std::ofstream(path(name), std::ios::binary) << content;
    return path(name);
  }
  static std::string read(const ModelFile& file, std::uint64_t offset, std::size_t size) {
    std::string bytes(size, '\0');
    const auto done = file.read(offset, bytes.data(), size);
    return done ? bytes : done.error().to_string();
  }

 private:
  const std::string directory_ = testing::TempDir() + "gantry-model-file-test-" + std::to_string(::getpid());
};

/// What a package hands to an engine.
ModelFile verified(const std::string& path) {
  return ModelFile(detail::VerifiedContent::hash(*detail::OpenFile::open(path), "model.ts").value());
}

TEST_F(ModelFileTest, ReadsWithinItsBoundsAlone) {
  const auto file = ModelFile::open(write("a", "0123456789")).value();
  EXPECT_EQ(file.size(), 10u);
  EXPECT_EQ(read(file, 3, 4), "3456");
  EXPECT_EQ(read(file, 10, 0), "");
  for (const auto& [offset, size] : {std::pair<std::uint64_t, std::size_t>{7, 4}, {11, 0}, {~std::uint64_t{0}, 2}})
    EXPECT_THAT(read(file, offset, size), HasSubstr("invalid_argument"));
}

TEST_F(ModelFileTest, APathWithAZeroByteIsNoOther) {
  const std::string other = write("a", "0123456789") + std::string("\0x", 2);
  EXPECT_THAT(ModelFile::open(other), FailsWith(ErrorCode::kInvalidArgument, "zero byte"));
}

/// Bytes that begin with a page and may only be read.
bool are_read_only_pages(const Bytes& bytes) {
  if (reinterpret_cast<std::uintptr_t>(bytes.data()) % static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE)) != 0)
    return false;
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    char* end = nullptr;
    const auto begin = std::strtoull(line.c_str(), &end, 16);
    const auto stop = std::strtoull(end + 1, &end, 16);
    const auto at = reinterpret_cast<std::uintptr_t>(bytes.data());
    if (at >= begin && at + bytes.size() <= stop) return std::string(end + 1).rfind("r--p", 0) == 0;
  }
  return false;
}

std::string text_of(const Bytes& bytes) {
  return {bytes.begin(), bytes.end()};
}

TEST_F(ModelFileTest, IsInReadOnlyPages) {
  const std::string content(3'000'000, 'x');  // several blocks of a package's file
  const std::string at = write("a", content);
  for (const ModelFile& file : {ModelFile::open(at).value(), verified(at)})
    for (const FileMemory memory : {FileMemory::kCopied, FileMemory::kMapped}) {
      const auto pages = file.pages(memory);
      ASSERT_THAT(pages, IsOk());
      EXPECT_EQ(text_of(*pages), content);
      EXPECT_TRUE(are_read_only_pages(*pages));
    }
  const std::string empty = write("b", "");
  for (const FileMemory memory : {FileMemory::kCopied, FileMemory::kMapped})
    EXPECT_TRUE(verified(empty).pages(memory).value().empty());
}

TEST_F(ModelFileTest, ACopyStaysWhateverHappensToTheFile) {
  const std::string at = write("a", "0123456789");
  const Bytes copy = verified(at).pages(FileMemory::kCopied).value();
  std::fstream(at, std::ios::in | std::ios::out) << "X";
  fs::resize_file(at, 5);
  EXPECT_EQ(text_of(copy), "0123456789");
}

TEST_F(ModelFileTest, PagesAreNoneOfAFileThatWasAltered) {
  const std::string at = write("a", std::string(3'000'000, 'x'));
  const ModelFile file = verified(at);
  std::fstream(at, std::ios::in | std::ios::out).seekp(2'500'000) << "X";
  EXPECT_THAT(file.pages(FileMemory::kCopied),
              FailsWith(ErrorCode::kFailedPrecondition, "file 'model.ts': was written to since it was verified"));
  EXPECT_THAT(file.pages(FileMemory::kMapped),
              FailsWith(ErrorCode::kFailedPrecondition, "file 'model.ts': was written to since it was verified"));
  const ModelFile plain = ModelFile::open(at).value();
  fs::resize_file(at, 100);
  for (const FileMemory memory : {FileMemory::kCopied, FileMemory::kMapped}) {
    EXPECT_THAT(file.pages(memory), FailsWith(ErrorCode::kFailedPrecondition, "was cut short"));
    EXPECT_THAT(plain.pages(memory), FailsWith(ErrorCode::kFailedPrecondition, "was cut short"));
  }
}

TEST_F(ModelFileTest, NamesWhatIsNotAFile) {
  EXPECT_THAT(ModelFile::open(path("nothing")), FailsWith(ErrorCode::kNotFound, "cannot open"));
  EXPECT_THAT(ModelFile::open(path("")), FailsWith(ErrorCode::kInvalidArgument, "not a regular file"));
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  EXPECT_THAT(ModelFile::open(path("pipe")), FailsWith(ErrorCode::kInvalidArgument, "not a regular file"));
}

TEST_F(ModelFileTest, OutlivesItsPath) {
  const auto file = ModelFile::open(write("a", "first")).value();
  fs::remove(path("a"));
  write("a", "other");
  EXPECT_EQ(read(file, 0, 5), "first");
}

TEST_F(ModelFileTest, OfAPackageGivesOnlyTheHashedBytes) {
  std::string content(2'500'000, 'x');
  for (std::size_t i = 0; i < content.size(); i += 1000) content[i] = static_cast<char>(i / 1000);
  const auto file = verified(write("a", content));
  EXPECT_EQ(read(file, 0, content.size()), content);
  EXPECT_EQ(read(file, 1'048'570, 20), content.substr(1'048'570, 20));  // across two blocks
  EXPECT_EQ(read(file, 100, 20), content.substr(100, 20));
  // In place: the file keeps its size, its inode and its time.
  const auto time = fs::last_write_time(path("a"));
  std::fstream(path("a"), std::ios::in | std::ios::out | std::ios::binary).seekp(2'000'000).write("EVIL", 4);
  fs::last_write_time(path("a"), time);
  EXPECT_THAT(read(file, 2'000'000, 4), HasSubstr("file 'model.ts': was written to since it was verified"));
  EXPECT_THAT(read(file, 1'900'000, 4), HasSubstr("was written to"));  // of the same block
  EXPECT_EQ(read(file, 100, 20), content.substr(100, 20));
  fs::resize_file(path("a"), 1'500'000);
  EXPECT_THAT(read(file, 2'400'000, 4), HasSubstr("failed_precondition"));
}

TEST_F(ModelFileTest, HashesAsTheManifestDoes) {
  const auto content = detail::VerifiedContent::hash(*detail::OpenFile::open(write("a", "abc")), "a").value();
  EXPECT_EQ(content->sha256(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");  // FIPS 180-4
  const auto empty = detail::VerifiedContent::hash(*detail::OpenFile::open(write("b", "")), "b").value();
  EXPECT_EQ(empty->sha256(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::test
