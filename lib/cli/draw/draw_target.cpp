// SPDX-License-Identifier: Apache-2.0
#include "cli/draw/draw_target.hpp"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <system_error>

namespace gantry::inline GANTRY_ABI::cli {
namespace {

namespace fs = std::filesystem;
using Form = DrawTarget::Form;

std::optional<Form> form_of(const fs::path& path) {
  std::string ending = path.extension().string();
  std::transform(ending.begin(), ending.end(), ending.begin(),
                 [](char letter) { return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + 32) : letter; });
  if (ending == ".png") return Form::kPng;
  if (ending == ".jpg" || ending == ".jpeg") return Form::kJpeg;
  if (ending == ".html" || ending == ".htm") return Form::kPage;
  return std::nullopt;
}

}  // namespace

Result<DrawTarget> read_draw_target(const std::string& path) {
  const auto form = form_of(path);
  if (!form)
    return Error(ErrorCode::kInvalidArgument,
                 "--draw OUT: expected a name that ends in .png, .jpg or .html, got '" + path + "'");
  const fs::path directory = fs::path(path).parent_path();
  std::error_code ignored;
  if (!directory.empty() && !fs::is_directory(directory, ignored))
    return Error(ErrorCode::kFailedPrecondition, "--draw OUT: there is no directory '" + directory.string() + "'");
  return DrawTarget{path, *form};
}

}  // namespace gantry::inline GANTRY_ABI::cli
