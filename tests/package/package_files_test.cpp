// SPDX-License-Identifier: Apache-2.0
// Integrity: a package directory holds exactly what gantry.json lists.
#include "package/package_files.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "package/package_builder.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI::detail {
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

TEST(PackageFiles, RefusesLinksThatLeadOutWhereverTheyAre) {
  for (const char* name : {"model.fake", "golden/0/0.npy", "golden", "golden/0"}) {
    PackageBuilder package;
    const std::string directory = package.write();
    const test::TemporaryDirectory outside;
    fs::rename(directory + "/" + name, outside / "moved");
    fs::create_symlink(outside / "moved", directory + "/" + name);
    EXPECT_THAT(verified(directory),
                FailsWith(ErrorCode::kFailedPrecondition, std::string("file '") + name + "': is a symbolic link to '" +
                                                              (outside / "moved") + "', which leads out of the"))
        << name;
  }
}

/// As Kubernetes shows a ConfigMap, a Secret or a projected volume: the files are in a directory of a name of its own,
/// `..data` leads there, and each name of the volume leads into `..data`.
std::string as_projected_volume(const std::string& directory, const std::string& state = "..2024_05_01_12_00_00.1") {
  fs::create_directory(directory + "/" + state);
  for (const char* name : {"gantry.json", "model.fake", "golden"}) {
    fs::rename(directory + "/" + name, directory + "/" + state + "/" + name);
    fs::create_symlink(std::string("..data/") + name, directory + "/" + name);
  }
  fs::create_directory_symlink(state, directory + "/..data");
  return directory;
}

TEST(PackageFiles, FollowsLinksThatStayWithin) {
  PackageBuilder package;
  const std::string directory = as_projected_volume(package.write());
  const auto files = verified(directory);
  ASSERT_THAT(files, IsOk());
  EXPECT_EQ(test::text_of(files->read("model.fake").value()), "weights");
  auto model = files->open("model.fake");
  ASSERT_THAT(model, IsOk());
  EXPECT_EQ(model->size(), 7u);

  PackageBuilder absolute;
  const std::string other = absolute.write();
  fs::create_directory(other + "/weights");
  fs::rename(other + "/model.fake", other + "/weights/1");
  fs::create_symlink(fs::canonical(other) / "weights/1", other + "/model.fake");
  fs::create_directory_symlink(".", other + "/self");
  const test::TemporaryDirectory elsewhere;
  fs::create_directory_symlink(other, elsewhere / "current");
  EXPECT_THAT(verified(elsewhere / "current"), IsOk()) << "the directory may be a link itself";
}

TEST(PackageFiles, RefusesUnlistedFilesBehindLinks) {
  PackageBuilder package;
  const std::string directory = as_projected_volume(package.write());
  write_text(directory + "/..data/golden/0/notes.txt", "hello");
  EXPECT_THAT(verified(directory),
              FailsWith(ErrorCode::kFailedPrecondition, "golden/0/notes.txt': is not listed in gantry.json"));
}

TEST(PackageFiles, LooksAtNoOtherStateOfAProjectedVolume) {
  PackageBuilder package;
  const std::string directory = as_projected_volume(package.write());
  write_text(directory + "/..2024_05_01_11_00_00.7/model.fake", "as it was an hour ago");
  EXPECT_THAT(verified(directory), IsOk());
  fs::create_directory(directory + "/..data/..hidden");
  write_text(directory + "/..data/..hidden/model.fake", "in the state that is shown");
  EXPECT_THAT(verified(directory), FailsWith(ErrorCode::kFailedPrecondition, "is not listed in gantry.json"));

  PackageBuilder plain;
  const std::string other = plain.write();
  write_text(other + "/..old/model.fake", "no volume");
  EXPECT_THAT(verified(other),
              FailsWith(ErrorCode::kFailedPrecondition, "'..old/model.fake': is not listed in gantry.json"));
}

TEST(PackageFiles, SaysWhereALinkLeads) {
  PackageBuilder package;
  const std::string directory = package.write();
  fs::create_symlink("nowhere", directory + "/spare");
  EXPECT_THAT(verified(directory), FailsWith(ErrorCode::kFailedPrecondition,
                                             "'spare': is a symbolic link to 'nowhere', which is not there"));
  fs::remove(directory + "/spare");
  fs::create_symlink("circle", directory + "/circle");
  EXPECT_THAT(verified(directory), FailsWith(ErrorCode::kFailedPrecondition, "which leads in a circle"));
  fs::remove(directory + "/circle");
  fs::rename(directory + "/gantry.json", directory + "-blob");
  fs::create_symlink(directory + "-blob", directory + "/gantry.json");  // as in a model cache
  EXPECT_THAT(
      read_package_file(directory, "gantry.json"),
      FailsWith(ErrorCode::kFailedPrecondition, "open a copy of the package in which they are resolved (cp -rL)"));
  fs::remove(directory + "-blob");
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
  EXPECT_THAT(files->read("model.fake"), FailsWith(ErrorCode::kFailedPrecondition, "was replaced by something else"));
  fs::rename(directory + "/golden/0", directory + "/golden/1");
  fs::create_directory_symlink("1", directory + "/golden/0");
  EXPECT_THAT(files->read("golden/0/0.npy"), FailsWith(ErrorCode::kFailedPrecondition, "was replaced by something"));
}

TEST(PackageFiles, SaysWhatIsNotThere) {
  const test::TemporaryDirectory empty;
  EXPECT_THAT(read_package_file(empty / "nothing", "gantry.json"),
              FailsWith(ErrorCode::kNotFound, "there is no package directory"));
  EXPECT_THAT(read_package_file(empty.path(), "gantry.json"),
              FailsWith(ErrorCode::kNotFound, "file 'gantry.json' is missing"));
  write_text(empty / "gantry.json", "{}");
  EXPECT_THAT(read_package_file(empty / "gantry.json", "gantry.json"),
              FailsWith(ErrorCode::kNotFound, "is a file; a package is the directory"));
  EXPECT_THAT(read_package_file(std::string("a\0b", 3), "gantry.json"),
              FailsWith(ErrorCode::kInvalidArgument, "zero byte"));
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::detail
