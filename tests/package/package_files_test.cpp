// SPDX-License-Identifier: Apache-2.0
// Integrity: a package directory holds exactly what gantry.json lists.
#include "package/package_files.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "package/package_builder.hpp"
#include "support/matchers.hpp"

namespace gantry::detail {
namespace {

namespace fs = std::filesystem;
using test::FailsWith;
using test::IsOk;
using test::PackageBuilder;
using test::write_text;

Result<PackageFiles> verified(const std::string& directory) {
  const auto manifest = parse_manifest(read_package_file(directory, "gantry.json").value());
  return PackageFiles::verify(directory, manifest.value());
}

TEST(PackageFiles, HashesAsTheStandardSays) {  // FIPS 180-4, "abc"
  EXPECT_EQ(sha256_hex(Bytes(std::string("abc"))), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(PackageFiles, AcceptsWhatIsListedAndReadsIt) {
  PackageBuilder package;
  const auto files = verified(package.write());
  ASSERT_THAT(files, IsOk());
  EXPECT_EQ(test::text_of(files->read("model.fake").value()), "weights");
  EXPECT_THAT(files->read("gantry.json"), FailsWith(ErrorCode::kInvalidArgument, "'gantry.json' is not listed"));
}

TEST(PackageFiles, RefusesAChangedByte) {
  PackageBuilder package;
  const std::string directory = package.write();
  write_text(directory + "/model.fake", "weighty");
  EXPECT_THAT(verified(directory), FailsWith(ErrorCode::kFailedPrecondition, "file 'model.fake': has SHA-256 "));
}

TEST(PackageFiles, ComparesSizesBeforeItReads) {
  PackageBuilder package;
  const std::string directory = package.write();
  fs::resize_file(directory + "/model.fake", std::uintmax_t{1} << 40);  // sparse: reading it would take minutes
  EXPECT_THAT(verified(directory), FailsWith(ErrorCode::kFailedPrecondition,
                                             "file 'model.fake': has 1099511627776 bytes, gantry.json lists 7"));
}

TEST(PackageFiles, RefusesAMissingFile) {
  PackageBuilder package;
  const std::string directory = package.write();
  fs::remove(directory + "/golden/0/0.npy");
  EXPECT_THAT(verified(directory),
              FailsWith(ErrorCode::kFailedPrecondition, "'golden/0/0.npy': is listed in gantry.json, but missing"));
}

TEST(PackageFiles, RefusesAnUnlistedFile) {
  PackageBuilder package;
  const std::string directory = package.write();
  write_text(directory + "/golden/0/notes.txt", "hello");
  EXPECT_THAT(verified(directory),
              FailsWith(ErrorCode::kFailedPrecondition, "'golden/0/notes.txt': is not listed in gantry.json"));
}

TEST(PackageFiles, RefusesSymbolicLinksWhereverTheyAre) {
  for (const char* name : {"model.fake", "golden/0/0.npy", "golden", "golden/0"}) {
    PackageBuilder package;
    const std::string directory = package.write();
    const test::TemporaryDirectory outside;
    fs::rename(directory + "/" + name, outside / "moved");
    fs::create_symlink(outside / "moved", directory + "/" + name);
    EXPECT_THAT(verified(directory), FailsWith(ErrorCode::kFailedPrecondition, "is a symbolic link")) << name;
  }
}

TEST(PackageFiles, RefusesAPipeWithoutWaitingForIt) {
  PackageBuilder package;
  const std::string directory = package.write();
  fs::remove(directory + "/model.fake");
  ASSERT_EQ(::mkfifo((directory + "/model.fake").c_str(), 0600), 0);
  EXPECT_THAT(verified(directory), FailsWith(ErrorCode::kFailedPrecondition, "'model.fake': is not a regular file"));
}

TEST(PackageFiles, ReadsNothingThatChangedAfterTheCheck) {
  PackageBuilder package;
  const std::string directory = package.write();
  const auto files = verified(directory);
  ASSERT_THAT(files, IsOk());
  write_text(directory + "/model.fake", "wEights");
  EXPECT_THAT(files->read("model.fake"), FailsWith(ErrorCode::kFailedPrecondition, "has SHA-256"));
  fs::remove(directory + "/model.fake");
  fs::create_symlink(directory + "/golden/0/0.npy", directory + "/model.fake");
  EXPECT_THAT(files->read("model.fake"), FailsWith(ErrorCode::kFailedPrecondition, "is a symbolic link"));
}

TEST(PackageFiles, SaysWhatIsNotThere) {
  const test::TemporaryDirectory empty;
  EXPECT_THAT(read_package_file(empty / "nothing", "gantry.json"),
              FailsWith(ErrorCode::kNotFound, "there is no package directory"));
  EXPECT_THAT(read_package_file(empty.path(), "gantry.json"),
              FailsWith(ErrorCode::kNotFound, "file 'gantry.json' is missing"));
  EXPECT_THAT(read_package_file(std::string("a\0b", 3), "gantry.json"),
              FailsWith(ErrorCode::kInvalidArgument, "zero byte"));
}

}  // namespace
}  // namespace gantry::detail
