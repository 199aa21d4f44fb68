// SPDX-License-Identifier: Apache-2.0
// What a check found, as text for people and as JUnit XML for build servers.
#pragma once

#include <cstdint>
#include <gantry/error.hpp>
#include <string>
#include <vector>

namespace gantry::inline GANTRY_ABI::cli {

/// One thing that was looked at.
struct Finding {
  enum class Status : std::uint8_t { kOk, kFailed, kSkipped, kCouldNotRun };
  std::string name;  ///< "files", "golden with torchscript"
  Status status = Status::kOk;
  std::string detail;  ///< what was found, or why it failed
  double seconds = 0;
  std::string error_type;  ///< of an error: its code and its reason, "resource_exhausted.out_of_memory"; else empty
};

/// "ok", "FAILED", "skipped", "could not run".
const char* to_string(Finding::Status status);

/// error_type of an error: "unsupported", "resource_exhausted.input_too_large".
std::string error_type_of(const Error& error);

/// A <testsuite> with one <testcase> per finding; "could not run" is JUnit's error. The error's type is the attribute
/// `type`, by which a program tells what this machine lacks from what no machine has. Well-formed whatever bytes the
/// names and details hold.
std::string to_junit(const std::string& suite, const std::vector<Finding>& findings);

}  // namespace gantry::inline GANTRY_ABI::cli
