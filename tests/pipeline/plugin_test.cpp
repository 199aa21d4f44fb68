// SPDX-License-Identifier: Apache-2.0
// What is no plugin. examples/05_payload_type has one that is loaded by the gantry tool.
#include <dlfcn.h>
#include <gnu/libc-version.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <gantry/plugin.hpp>
#include <string>

#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using test::FailsWith;

TEST(Plugin, OneThatIsNotThereIsNotFound) {
  Registry registry;
  EXPECT_THAT(load_plugin("/absent/libacme.so", registry),
              FailsWith(ErrorCode::kNotFound, "there is no plugin '/absent/libacme.so'"));
  EXPECT_THAT(load_plugin("libc.so.6", registry), FailsWith(ErrorCode::kNotFound, "libc.so.6"))
      << "no library of the system's folders";
}

TEST(Plugin, AFileThatIsNoLibraryIsRefusedWithTheLoadersReason) {
  const auto path = std::filesystem::temp_directory_path() / ("gantry-no-plugin-" + std::to_string(::getpid()));
  std::ofstream(path) << "no library";
  Registry registry;
  EXPECT_THAT(load_plugin(path.string(), registry),
              FailsWith(ErrorCode::kFailedPrecondition, "' cannot be loaded: " + path.string()));
  std::filesystem::remove(path);
}

TEST(Plugin, APipeIsRefusedAndNotWaitedFor) {
  const auto path = std::filesystem::temp_directory_path() / ("gantry-pipe-" + std::to_string(::getpid()));
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  Registry registry;
  EXPECT_THAT(load_plugin(path.string(), registry),
              FailsWith(ErrorCode::kFailedPrecondition, path.string() + "' cannot be loaded: it is no regular file"));
  std::filesystem::remove(path);
}

TEST(Plugin, ALibraryWithoutTheSymbolIsNone) {
  Dl_info info;
  // the C library, by a function that no sanitizer puts its own before
  ASSERT_NE(::dladdr(reinterpret_cast<void*>(&::gnu_get_libc_version), &info), 0);
  Registry registry;
  EXPECT_THAT(
      load_plugin(info.dli_fname, registry),
      FailsWith(ErrorCode::kFailedPrecondition, "is no plugin for this gantry: it has no function gantry_plugin_"));
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI
