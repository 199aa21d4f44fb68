// SPDX-License-Identifier: Apache-2.0
// The findings of a check, as text for people and as JUnit XML for build servers.
#pragma once

#include <cstdint>
#include <gantry/error.hpp>
#include <string>
#include <vector>

namespace gantry::inline GANTRY_ABI::cli {

/// The result of one check.
struct Finding {
  enum class Status : std::uint8_t { kOk, kFailed, kSkipped, kCouldNotRun };
  std::string name;  ///< "files", "golden with torchscript"
  Status status = Status::kOk;
  std::string detail;  ///< what was found, or why it failed
  double seconds = 0;
  std::string error_type;  ///< an error's code and reason, "resource_exhausted.out_of_memory"; otherwise empty
};

/// "ok", "FAILED", "skipped", "could not run".
const char* to_string(Finding::Status status);

/// error_type of an error: "unsupported", "resource_exhausted.input_too_large".
std::string error_type_of(const Error& error);

/// A <testsuite> with one <testcase> per finding; "could not run" is JUnit's error. The attribute `type` is the error's
/// type: it tells a program whether only this machine or every machine lacks something. Well-formed for any bytes in
/// names and details.
std::string to_junit(const std::string& suite, const std::vector<Finding>& findings);

}  // namespace gantry::inline GANTRY_ABI::cli
