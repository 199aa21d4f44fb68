// SPDX-License-Identifier: Apache-2.0
#include "cli/junit.hpp"

#include <algorithm>
#include <string_view>

#include "cli/printable.hpp"
#include "core/number_text.hpp"
#include "core/utf8.hpp"

namespace gantry::cli {
namespace {

using Status = Finding::Status;

/// U+FFFE and U+FFFF, which XML 1.0 cannot hold though UTF-8 can.
bool is_noncharacter(std::string_view sequence) {
  return sequence == "\xEF\xBF\xBE" || sequence == "\xEF\xBF\xBF";
}

/// For text and attributes: what would be markup is escaped; control characters and bytes that are not UTF-8 are
/// written as printable() does, U+FFFE and U+FFFF become U+FFFD.
std::string escaped(const std::string& text) {
  std::string result;
  const std::string clean = printable(text);
  for (std::string_view rest = clean; !rest.empty();) {
    const std::string_view sequence = rest.substr(0, detail::utf8_length(rest));
    if (sequence == "&")
      result += "&amp;";
    else if (sequence == "<")
      result += "&lt;";
    else if (sequence == ">")
      result += "&gt;";
    else if (sequence == "\"")
      result += "&quot;";
    else
      result += is_noncharacter(sequence) ? "\xEF\xBF\xBD" : sequence;
    rest.remove_prefix(sequence.size());
  }
  return result;
}

std::string seconds_text(double seconds) {
  return detail::to_fixed_text(seconds, 3);
}

std::string test_case(const std::string& suite, const Finding& finding) {
  std::string xml = "  <testcase classname=\"" + escaped(suite) + "\" name=\"" + escaped(finding.name) + "\" time=\"" +
                    seconds_text(finding.seconds) + "\">";
  const std::string detail = escaped(finding.detail);
  const std::string type = finding.error_type.empty() ? "" : " type=\"" + escaped(finding.error_type) + "\"";
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
  std::string xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"" + escaped(suite) + "\" tests=\"" +
                    std::to_string(findings.size()) + "\" failures=\"" + count(Status::kFailed) + "\" errors=\"" +
                    count(Status::kCouldNotRun) + "\" skipped=\"" + count(Status::kSkipped) + "\" time=\"" +
                    seconds_text(seconds) + "\">\n";
  for (const Finding& finding : findings) xml += test_case(suite, finding);
  return xml + "</testsuite>\n";
}

}  // namespace gantry::cli
