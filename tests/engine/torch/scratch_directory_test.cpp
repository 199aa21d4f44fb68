// SPDX-License-Identifier: Apache-2.0
// Where code is unpacked: who chooses the directory, and what is refused.
#include "engine/torch/scratch_directory.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>

#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI::test {
namespace {

namespace fs = std::filesystem;
using libtorch::ScratchDirectory;
using testing::HasSubstr;
using testing::StartsWith;

/// An empty directory for one test.
class Parent {
 public:
  Parent() : path_(testing::TempDir() + "gantry-scratch-test") {
    fs::remove_all(path_);
    fs::create_directory(path_);
  }
  ~Parent() { fs::remove_all(path_); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// TMPDIR, set for one test.
class TmpDir {
 public:
  explicit TmpDir(const std::string& value) {
    if (const char* before = std::getenv("TMPDIR")) before_ = before;
    ::setenv("TMPDIR", value.c_str(), 1);
  }
  ~TmpDir() {
    if (before_)
      ::setenv("TMPDIR", before_->c_str(), 1);
    else
      ::unsetenv("TMPDIR");
  }

 private:
  std::optional<std::string> before_;
};

TEST(ScratchDirectory, IsForItsUserAloneAndGoesWithTheObject) {
  const Parent parent;
  {
    const auto directory = ScratchDirectory::make(parent.path()).value();
    struct stat status {};
    ASSERT_EQ(::stat(directory.path().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0700u);
    std::ofstream(directory.path() + "/file") << "x";
  }
  EXPECT_TRUE(fs::is_empty(parent.path()));
}

TEST(ScratchDirectory, IsInTmpdirUnlessTheOptionSaysOtherwise) {
  const Parent parent;
  const TmpDir set(parent.path());
  EXPECT_THAT(ScratchDirectory::make("").value().path(), StartsWith(parent.path() + "/gantry-"));
  EXPECT_THAT(ScratchDirectory::make("/tmp").value().path(), StartsWith("/tmp/gantry-"));
}

TEST(ScratchDirectory, IsInTmpWhereTmpdirIsEmpty) {
  const TmpDir set("");
  EXPECT_THAT(ScratchDirectory::make("").value().path(), StartsWith("/tmp/gantry-"));
}

TEST(ScratchDirectory, NamesWhoChoseADirectoryThatCannotBeUsed) {
  const TmpDir set("/nowhere/either");
  EXPECT_THAT(ScratchDirectory::make(""), FailsWith(ErrorCode::kFailedPrecondition, "TMPDIR '/nowhere/either'"));
  EXPECT_THAT(ScratchDirectory::make("/nowhere/at/all"),
              FailsWith(ErrorCode::kFailedPrecondition, "scratch_dir '/nowhere/at/all': No such file"));
  const std::string file = testing::TempDir() + "gantry-not-a-directory";
  std::ofstream(file) << "x";
  EXPECT_THAT(ScratchDirectory::make(file), FailsWith(ErrorCode::kFailedPrecondition, "scratch_dir"));
  fs::remove(file);
}

TEST(ScratchDirectory, IsRefusedWhereMountedNoexec) {
  struct statvfs mounted {};
  EXPECT_THAT(libtorch::check_scratch("scratch_dir '/scratch'", mounted), IsOk());
  mounted.f_flag = ST_NOEXEC | ST_NOSUID;
  EXPECT_THAT(libtorch::check_scratch("scratch_dir '/scratch'", mounted),
              FailsWith(ErrorCode::kFailedPrecondition, "scratch_dir '/scratch': it is mounted noexec"));
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::test
