// SPDX-License-Identifier: Apache-2.0
#include "cli/expand_inputs.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>

namespace gantry::inline GANTRY_ABI::cli {
namespace {

namespace fs = std::filesystem;

class Expansion {
 public:
  Expansion(bool recursive, ExpandedInputs& result) : recursive_(recursive), result_(result) {}

  void add_directory(const fs::path& directory) {
    const std::size_t before = result_.inputs.size();
    std::vector<fs::path> names;
    std::error_code failure;
    for (fs::directory_iterator entry(directory, failure), end; !failure && entry != end; entry.increment(failure))
      names.push_back(entry->path().filename());
    if (failure)
      return fail(directory, Error(ErrorCode::kNotFound, "the directory cannot be read: " + failure.message()));
    std::sort(names.begin(), names.end());
    bool has_skipped = false;
    for (const fs::path& name : names)
      if (name.native().front() != '.') has_skipped = !add_entry(directory / name) || has_skipped;
    if (has_skipped) result_.not_entered.push_back(directory.string());
    if (result_.inputs.size() == before)
      fail(directory,
           Error(ErrorCode::kNotFound, "the directory holds no file" +
                                           std::string(has_skipped ? ", but directories; give --recursive" : "")));
  }

 private:
  /// False for a directory that is skipped.
  bool add_entry(const fs::path& path) {
    std::error_code failure;
    const fs::file_status status = fs::status(path, failure);
    if (fs::is_directory(status)) {
      const bool is_link = fs::is_symlink(fs::symlink_status(path, failure));
      if (recursive_ && !is_link) add_directory(path);
      return recursive_ && !is_link;
    }
    // load_input() reports a broken link. It would block on a pipe.
    if (fs::is_regular_file(status) || !fs::exists(status))
      result_.inputs.push_back({path.string(), std::nullopt});
    else
      fail(path, Error(ErrorCode::kUnsupported, "is neither a file nor a directory"));
    return true;
  }

  void fail(const fs::path& path, const Error& error) {
    result_.inputs.push_back({path.string(), error.within("'" + path.string() + "'")});
  }

  const bool recursive_;
  ExpandedInputs& result_;
};

}  // namespace

ExpandedInputs expand_inputs(const std::vector<std::string>& arguments, bool recursive) {
  ExpandedInputs result;
  Expansion expansion(recursive, result);
  for (const std::string& argument : arguments) {
    std::error_code ignored;
    if (fs::is_directory(argument, ignored))
      expansion.add_directory(argument);
    else
      result.inputs.push_back({argument, std::nullopt});
  }
  return result;
}

}  // namespace gantry::inline GANTRY_ABI::cli
