// SPDX-License-Identifier: Apache-2.0
#include "cli/junit.hpp"

#include <algorithm>
#include <cstdio>

namespace gantry::cli {
namespace {

using Status = Finding::Status;

/// For text and attributes; control characters, which XML 1.0 cannot hold, become '?'.
std::string escaped(const std::string& text) {
  std::string result;
  for (const char c : text) {
    const auto code = static_cast<unsigned char>(c);
    if (c == '&')
      result += "&amp;";
    else if (c == '<')
      result += "&lt;";
    else if (c == '>')
      result += "&gt;";
    else if (c == '"')
      result += "&quot;";
    else if (code < 0x20 && c != '\n' && c != '\t')
      result += '?';
    else
      result += c;
  }
  return result;
}

std::string seconds_text(double seconds) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3f", seconds);
  return text;
}

std::string test_case(const std::string& suite, const Finding& finding) {
  std::string xml = "  <testcase classname=\"" + escaped(suite) + "\" name=\"" + escaped(finding.name) + "\" time=\"" +
                    seconds_text(finding.seconds) + "\">";
  const std::string detail = escaped(finding.detail);
  if (finding.status == Status::kFailed) xml += "<failure message=\"" + detail + "\"/>";
  if (finding.status == Status::kCouldNotRun) xml += "<error message=\"" + detail + "\"/>";
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

std::string to_junit(const std::string& suite, const std::vector<Finding>& findings) {
  const auto count = [&](Status status) {
    return std::to_string(std::count_if(findings.begin(), findings.end(),
                                        [&](const Finding& finding) { return finding.status == status; }));
  };
  double seconds = 0;
  for (const Finding& finding : findings) seconds += finding.seconds;
  std::string xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"" + escaped(suite) + "\" tests=\"" +
                    std::to_string(findings.size()) + "\" failures=\"" + count(Status::kFailed) + "\" errors=\"" +
                    count(Status::kCouldNotRun) + "\" skipped=\"" + count(Status::kSkipped) + "\" time=\"" +
                    seconds_text(seconds) + "\">\n";
  for (const Finding& finding : findings) xml += test_case(suite, finding);
  return xml + "</testsuite>\n";
}

}  // namespace gantry::cli
