// SPDX-License-Identifier: Apache-2.0
#include "cli/draw/drawn_results.hpp"

#include <algorithm>
#include <filesystem>
#include <gantry/image/encode.hpp>
#include <system_error>
#include <utility>

#include "cli/draw/drawn_answer.hpp"
#include "cli/write_file.hpp"
#include "core/return_if_error.hpp"

namespace gantry::inline GANTRY_ABI::cli {
namespace {

using Form = DrawTarget::Form;

constexpr std::int64_t kQuality = 90;  // JPEG quality that keeps letters clean

/// invalid_argument if OUT would overwrite an input.
Result<void> check_is_no_input(const std::string& path, const std::vector<ExpandedInput>& inputs) {
  const auto is_same = [&](const ExpandedInput& input) {
    std::error_code ignored;
    return std::filesystem::equivalent(input.argument, path, ignored);
  };
  if (std::none_of(inputs.begin(), inputs.end(), is_same)) return {};
  return Error(ErrorCode::kInvalidArgument,
               "--draw OUT: '" + path + "' is one of the inputs, and would be written over; give another name");
}

}  // namespace

Result<DrawnResults> DrawnResults::begin(DrawTarget target, const AnyPipeline& pipeline, const Runtime& runtime,
                                         const std::vector<ExpandedInput>& inputs, bool is_single) {
  GANTRY_RETURN_IF_ERROR(check_can_be_drawn(pipeline));
  GANTRY_ASSIGN_OR_RETURN(auto pictures, InputPictures::of(pipeline, runtime));
  GANTRY_RETURN_IF_ERROR(check_is_no_input(target.path, inputs));
  const bool is_page = target.form == Form::kPage;
  if (!is_page && inputs.size() > ContactSheet::kMostTiles)
    return Error(ErrorCode::kInvalidArgument, "--draw OUT: a sheet holds " + std::to_string(ContactSheet::kMostTiles) +
                                                  " pictures, and there are " + std::to_string(inputs.size()) +
                                                  "; a name that ends in .html makes a page of any number");
  const std::string title = pipeline.package().name + " " + pipeline.package().version;
  Sink sink = Single();
  if (is_page)
    sink = ContactPage(title);
  else if (!is_single)
    sink = ContactSheet(title);
  return DrawnResults(std::move(target), std::move(pictures), std::move(sink));
}

Result<PlacedPicture> DrawnResults::picture_of(const std::string& argument) const {
  if (std::holds_alternative<ContactSheet>(sink_))
    return pictures_.within(argument, ContactSheet::kWidth, ContactSheet::kHeight);
  if (std::holds_alternative<ContactPage>(sink_))
    return pictures_.within(argument, ContactPage::kWidth, ContactPage::kHeight);
  return pictures_.whole(argument);
}

Result<Image> DrawnResults::drawn(const std::string& argument, const Payload& answer) const {
  GANTRY_ASSIGN_OR_RETURN(const auto picture, picture_of(argument));
  // On a sheet or a page the words are below the picture.
  return draw_answer(picture, answer, std::holds_alternative<Single>(sink_));
}

void DrawnResults::add(const std::string& argument, const Result<Payload>& answer) {
  if (!answer) return add_tile({argument, answer.error().to_string(), std::nullopt});
  auto picture = drawn(argument, *answer);
  if (picture) return add_tile({argument, words_of(*answer), *std::move(picture)});
  const std::string problem = "it was answered, but cannot be drawn: " + picture.error().to_string();
  problems_.push_back("'" + argument + "': " + problem);
  add_tile({argument, problem, std::nullopt});
}

void DrawnResults::add_tile(Tile tile) {
  if (auto* single = std::get_if<Single>(&sink_)) {
    single->picture = std::move(tile.picture);
  } else if (auto* sheet = std::get_if<ContactSheet>(&sink_)) {
    sheet->add(std::move(tile));
  } else if (const auto added = std::get<ContactPage>(sink_).add(tile); !added) {
    problems_.push_back("'" + tile.argument + "': " + added.error().to_string());
  }
}

Result<Bytes> DrawnResults::file() const {
  if (const auto* page = std::get_if<ContactPage>(&sink_)) return Bytes(page->html());
  const auto encode = [&](const Image& picture) {
    return image::encode(picture,
                         {target_.form == Form::kPng ? image::FileFormat::kPng : image::FileFormat::kJpeg, kQuality});
  };
  if (const auto* sheet = std::get_if<ContactSheet>(&sink_)) {
    const auto picture = sheet->image();
    return picture ? encode(*picture) : picture.error();
  }
  return encode(*std::get<Single>(sink_).picture);
}

bool DrawnResults::is_empty() const {
  const auto* const single = std::get_if<Single>(&sink_);
  return single != nullptr && !single->picture;
}

Result<void> DrawnResults::write() const {
  if (is_empty()) return {};
  GANTRY_ASSIGN_OR_RETURN(const auto content, file());
  return write_file(target_.path, content);
}

}  // namespace gantry::inline GANTRY_ABI::cli
