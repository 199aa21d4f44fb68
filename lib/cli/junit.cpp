// SPDX-License-Identifier: Apache-2.0
#include "cli/junit.hpp"

#include <algorithm>

#include "cli/markup.hpp"
#include "core/number_text.hpp"

namespace gantry::inline GANTRY_ABI::cli {
namespace {

using Status = Finding::Status;

std::string seconds_text(double seconds) {
  return detail::to_fixed_text(seconds, 3);
}

std::string test_case(const std::string& suite, const Finding& finding) {
  std::string xml = "  <testcase classname=\"" + markup_text(suite) + "\" name=\"" + markup_text(finding.name) +
                    "\" time=\"" + seconds_text(finding.seconds) + "\">";
  const std::string detail = markup_text(finding.detail);
  const std::string type = finding.error_type.empty() ? "" : " type=\"" + markup_text(finding.error_type) + "\"";
  if (finding.status == Status::kFailed) xml += "<failure" + type + " message=\"" + detail + "\"/>";
  if (finding.status == Status::kCouldNotRun) xml += "<error" + type + " message=\"" + detail + "\"/>";
  if (finding.status == Status::kSkipped) xml += "<skipped message=\"" + detail + "\"/>";
  if (finding.status == Status::kOk) xml += "<system-out>" + detail + "</system-out>";
  return xml + "</testcase>\n";
}

}  // namespace

const char* to_string(Status status) {
  switch (status) {
    case Status::kOk:
      return "ok";
    case Status::kFailed:
      return "FAILED";
    case Status::kSkipped:
      return "skipped";
    case Status::kCouldNotRun:
      return "could not run";
  }
  return "";
}

std::string error_type_of(const Error& error) {
  std::string type = to_string(error.code());
  if (error.reason() != ErrorReason::kNone) type += std::string(".") + to_string(error.reason());
  return type;
}

std::string to_junit(const std::string& suite, const std::vector<Finding>& findings) {
  const auto count = [&](Status status) {
    return std::to_string(std::count_if(findings.begin(), findings.end(),
                                        [&](const Finding& finding) { return finding.status == status; }));
  };
  double seconds = 0;
  for (const Finding& finding : findings) seconds += finding.seconds;
  std::string xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"" + markup_text(suite) +
                    "\" tests=\"" + std::to_string(findings.size()) + "\" failures=\"" + count(Status::kFailed) +
                    "\" errors=\"" + count(Status::kCouldNotRun) + "\" skipped=\"" + count(Status::kSkipped) +
                    "\" time=\"" + seconds_text(seconds) + "\">\n";
  for (const Finding& finding : findings) xml += test_case(suite, finding);
  return xml + "</testsuite>\n";
}

}  // namespace gantry::inline GANTRY_ABI::cli
