// SPDX-License-Identifier: Apache-2.0
// Zip directories: good ones, zip64, unsafe names, damage of every byte.
#include "engine/torch/zip_directory.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI::test {
namespace {

using libtorch::extract_stored;
using libtorch::read_zip_directory;
using testing::HasSubstr;

std::string little_endian(std::uint64_t value, int size) {
  std::string bytes;
  for (int i = 0; i < size; ++i) bytes += static_cast<char>(value >> (8 * i) & 0xff);
  return bytes;
}

ModelFile file_of(const std::string& path) {
  return ModelFile::open(path).value();
}

struct Item {
  std::string name;
  std::string data;
};

/// A zip file of stored items; with `is_zip64`, every number that can be is in a zip64 field.
std::string zip_of(const std::vector<Item>& items, bool is_zip64 = false) {
  std::string file;
  std::string directory;
  for (const Item& item : items) {
    const std::uint64_t offset = file.size();
    const std::string sizes = little_endian(item.data.size(), 4) + little_endian(item.data.size(), 4);
    const std::string name_size = little_endian(item.name.size(), 2);
    file += "PK\3\4" + std::string(14, '\0') + sizes + name_size + little_endian(3, 2) + item.name + "ext" + item.data;
    const std::string extra = is_zip64 ? little_endian(9, 2) + little_endian(2, 2) + "??" + little_endian(1, 2) +
                                             little_endian(24, 2) + little_endian(item.data.size(), 8) +
                                             little_endian(item.data.size(), 8) + little_endian(offset, 8)
                                       : "";
    const std::string full(4, '\xff');
    directory += "PK\1\2" + std::string(16, '\0') + (is_zip64 ? full + full : sizes) + name_size +
                 little_endian(extra.size(), 2) + std::string(10, '\0') + (is_zip64 ? full : little_endian(offset, 4)) +
                 item.name + extra;
  }
  const std::uint64_t begin = file.size();
  file += directory;
  if (is_zip64) {
    const std::uint64_t end64 = file.size();
    file += "PK\6\6" + little_endian(44, 8) + std::string(20, '\0') + little_endian(items.size(), 8) +
            little_endian(directory.size(), 8) + little_endian(begin, 8);
    file += "PK\6\7" + std::string(4, '\0') + little_endian(end64, 8) + little_endian(1, 4);
  }
  file += "PK\5\6" + std::string(4, '\0') + little_endian(is_zip64 ? 0xffff : items.size(), 2) +
          little_endian(is_zip64 ? 0xffff : items.size(), 2) +
          little_endian(is_zip64 ? 0xffffffff : directory.size(), 4) + little_endian(is_zip64 ? 0xffffffff : begin, 4) +
          std::string(2, '\0');
  return file;
}

class ZipDirectory : public testing::Test {
 protected:
  ZipDirectory() { std::filesystem::remove_all(directory_), std::filesystem::create_directory(directory_); }
  ~ZipDirectory() override { std::filesystem::remove_all(directory_); }

  std::string write(const std::string& bytes) const {
    std::ofstream(path("a.zip"), std::ios::binary | std::ios::trunc) << bytes;
    return path("a.zip");
  }
  std::string path(const std::string& name) const { return directory_ + "/" + name; }
  static std::string contents(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

 private:
  const std::string directory_ = testing::TempDir() + "gantry-zip-test";
};

TEST_F(ZipDirectory, ListsAndExtractsWhatIsInTheFile) {
  for (const bool is_zip64 : {false, true}) {
    const std::string zip = write(zip_of({{"m/a", "alpha"}, {"m/b/c.so", std::string(3 << 20, 'x')}}, is_zip64));
    const auto entries = read_zip_directory(file_of(zip));
    ASSERT_THAT(entries, IsOk());
    ASSERT_EQ(entries->size(), 2u);
    EXPECT_EQ((*entries)[0].name, "m/a");
    EXPECT_EQ((*entries)[1].size, 3u << 20);
    for (const char* name : {"0", "1"}) std::filesystem::remove(path(name));
    ASSERT_THAT(extract_stored(file_of(zip), (*entries)[0], path("0")), IsOk());
    ASSERT_THAT(extract_stored(file_of(zip), (*entries)[1], path("1")), IsOk());
    EXPECT_EQ(contents(path("0")), "alpha");
    EXPECT_EQ(contents(path("1")), std::string(3 << 20, 'x'));
    EXPECT_EQ(std::filesystem::status(path("0")).permissions(),
              std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  }
}

TEST(AfterPrefix, AllowsOneRootOrNone) {
  EXPECT_EQ(libtorch::after_prefix("data/a/b", "data/a/"), "b");
  EXPECT_EQ(libtorch::after_prefix("top/data/a/b", "data/a/"), "b");
  EXPECT_EQ(libtorch::after_prefix("top/data/a/", "data/a/"), "");
  EXPECT_EQ(libtorch::after_prefix("x/top/data/a/b", "data/a/"), std::nullopt);
  EXPECT_EQ(libtorch::after_prefix("data", "data/a/"), std::nullopt);
}

TEST_F(ZipDirectory, AllowsACommentAtTheEnd) {
  std::string bytes = zip_of({{"m/a", "alpha"}});
  bytes[bytes.size() - 2] = 5;
  const auto entries = read_zip_directory(file_of(write(bytes + "hello")));
  ASSERT_THAT(entries, IsOk());
  EXPECT_EQ(entries->size(), 1u);
}

TEST_F(ZipDirectory, RefusesNamesThatLeadOut) {
  for (const char* name : {"../a", "/etc/a", "m/../../a", "m/..", "..", "a\\b", "a\nb", "", "m/./../a"})
    EXPECT_THAT(read_zip_directory(file_of(write(zip_of({{"m/good", "x"}, {name, "y"}})))),
                FailsWith(ErrorCode::kInvalidArgument, "unsafe name"))
        << name;
  EXPECT_THAT(read_zip_directory(file_of(write(zip_of({{"m/..a", "x"}, {"m/a..", "x"}, {"...", "y"}})))), IsOk());
}

TEST_F(ZipDirectory, DoesNotOverwriteOrFollowLinks) {
  const std::string zip = write(zip_of({{"m/a", "alpha"}}));
  const auto entry = read_zip_directory(file_of(zip)).value()[0];
  std::filesystem::create_symlink(path("target"), path("link"));
  EXPECT_THAT(extract_stored(file_of(zip), entry, path("link")), HasCode(ErrorCode::kFailedPrecondition));
  EXPECT_FALSE(std::filesystem::exists(path("target")));
  ASSERT_THAT(extract_stored(file_of(zip), entry, path("file")), IsOk());
  EXPECT_THAT(extract_stored(file_of(zip), entry, path("file")), HasCode(ErrorCode::kFailedPrecondition));
}

TEST_F(ZipDirectory, RefusesCompressedEntriesOnExtraction) {
  std::string bytes = zip_of({{"m/a", "alpha"}});
  bytes[bytes.find("PK\1\2") + 10] = 8;
  const std::string zip = write(bytes);
  EXPECT_THAT(extract_stored(file_of(zip), read_zip_directory(file_of(zip)).value()[0], path("0")),
              FailsWith(ErrorCode::kUnsupported, "compressed"));
}

TEST_F(ZipDirectory, RefusesEveryTruncation) {
  const std::string whole = zip_of({{"m/a", "alpha"}, {"m/b", "beta"}});
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_THAT(read_zip_directory(file_of(write(whole.substr(0, size)))), HasCode(ErrorCode::kInvalidArgument))
        << size;
}

/// Whatever is damaged: no crash, no entry beyond the file, no unsafe name.
TEST_F(ZipDirectory, SurvivesDamage) {
  std::mt19937 random(7);
  for (const bool is_zip64 : {false, true}) {
    const std::string whole = zip_of({{"m/a", "alpha"}, {"m/b", "beta"}}, is_zip64);
    for (int round = 0; round < 300; ++round) {
      std::string bytes = whole;
      for (int i = 0; i <= round % 3; ++i) bytes[random() % bytes.size()] = static_cast<char>(random());
      const std::string zip = write(bytes);
      const auto entries = read_zip_directory(file_of(zip));
      if (!entries) continue;
      for (const auto& entry : *entries) {
        EXPECT_LE(entry.size, bytes.size());
        EXPECT_THAT(entry.name, testing::Not(HasSubstr("..")));
        std::filesystem::remove(path("out"));
        if (!extract_stored(file_of(zip), entry, path("out")).ok()) continue;
        EXPECT_EQ(contents(path("out")).size(), entry.size);
      }
    }
  }
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::test
