// SPDX-License-Identifier: Apache-2.0
// Who signed a package: asked, not read out of an error's text.
#include "package/package_signature.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "package/package_builder.hpp"
#include "package/signer.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using detail::judge_signature;
using detail::read_trusted_manifest;
using test::FailsWith;
using test::HasCode;
using test::IsOk;
using test::PackageBuilder;
using test::Signer;

class PackageSignature : public testing::Test {
 protected:
  PackageBuilder package_;
  std::string directory_ = package_.write();
  std::string signature_file_ = directory_ + "/gantry.json.sig";
  Signer signer_;
  Signer stranger_;
  std::vector<PublicKey> keys_ = {signer_.public_key()};

  Result<detail::SignatureVerdict> judged() const {
    return judge_signature(directory_, read_file(directory_ + "/gantry.json").value(), keys_);
  }
  /// Both say no, for a reason with `text` in it.
  void expect_distrust(const std::string& text) {
    const auto verdict = judged();
    ASSERT_THAT(verdict, IsOk());
    EXPECT_FALSE(verdict->is_trusted);
    EXPECT_NE(verdict->why_not.find(text), std::string::npos) << verdict->why_not;
    EXPECT_THAT(read_trusted_manifest(directory_, keys_), FailsWith(ErrorCode::kFailedPrecondition, text));
  }
};

TEST_F(PackageSignature, IsTrustedByOneOfTheKeys) {
  signer_.sign(directory_);
  keys_ = {stranger_.public_key(), signer_.public_key()};
  ASSERT_THAT(judged(), IsOk());
  EXPECT_TRUE(judged()->is_trusted);
  EXPECT_THAT(read_trusted_manifest(directory_, keys_), IsOk());
}

TEST_F(PackageSignature, IsNotTrusted) {
  expect_distrust("the package is not signed");
  stranger_.sign(directory_);
  expect_distrust("signed by somebody else");
  test::write_text(signature_file_, "short");
  expect_distrust("has 5 bytes");
  signer_.sign(directory_);
  test::write_text(directory_ + "/gantry.json", "}{ not JSON");
  expect_distrust("the package was altered");
}

TEST_F(PackageSignature, IsUnknownWhereItCannotBeRead) {
  std::filesystem::create_directory(signature_file_);
  EXPECT_THAT(judged(), FailsWith(ErrorCode::kFailedPrecondition, "is not a regular file"));
  EXPECT_THAT(read_trusted_manifest(directory_, keys_), HasCode(ErrorCode::kFailedPrecondition));
  std::filesystem::remove(signature_file_);
  test::write_text(signature_file_, std::string(17 << 20, 'x'));
  EXPECT_THAT(judged(), FailsWith(ErrorCode::kResourceExhausted, "the limit is"));
}

TEST_F(PackageSignature, IsNotLookedAtWithoutKeys) {
  std::filesystem::create_directory(signature_file_);
  EXPECT_THAT(read_trusted_manifest(directory_, {}), IsOk());
}

TEST(OpenPackage, PublicKeysAreReadFromPem) {
  const test::TemporaryDirectory directory;
  const Signer signer;
  signer.write_pem(directory / "key.pem");
  const auto key = PublicKey::load(directory / "key.pem");
  ASSERT_THAT(key, IsOk());
  EXPECT_EQ(key->bytes, signer.public_key().bytes);
  const Bytes pem = read_file(directory / "key.pem").value();
  std::string lines(pem.begin(), pem.end());
  for (auto at = lines.find('\n'); at != std::string::npos; at = lines.find('\n', at + 2)) lines.insert(at, "\r");
  test::write_text(directory / "from_windows.pem", "The key of the team.\r\n" + lines);
  EXPECT_EQ(PublicKey::load(directory / "from_windows.pem").value().bytes, signer.public_key().bytes);
  EXPECT_THAT(PublicKey::load(directory / "absent.pem"), HasCode(ErrorCode::kNotFound));
}

TEST(OpenPackage, WhatIsNoEd25519KeyIsRefused) {
  const test::TemporaryDirectory directory;
  const auto expect_refusal = [&](const std::string& pem) {
    test::write_text(directory / "no.pem", pem);
    EXPECT_THAT(PublicKey::load(directory / "no.pem"),
                FailsWith(ErrorCode::kInvalidArgument, "is not an Ed25519 public key in PEM form"))
        << pem;
  };
  const auto in_pem = [](const std::string& content) {
    return "-----BEGIN PUBLIC KEY-----\n" + content + "\n-----END PUBLIC KEY-----\n";
  };
  const std::string key = "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=";  // RFC 8410, section 10.1
  test::write_text(directory / "key.pem", in_pem(key));
  ASSERT_THAT(PublicKey::load(directory / "key.pem"), IsOk());
  expect_refusal("");
  expect_refusal(key);
  expect_refusal("-----BEGIN PUBLIC KEY-----\n" + key);
  expect_refusal(in_pem("AAAA"));
  expect_refusal(in_pem(key.substr(0, 40)));
  expect_refusal(in_pem(key + key));
  expect_refusal(in_pem("*" + key));
  expect_refusal(in_pem("MCowBQYDK2VuAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE="));  // of X25519
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI
