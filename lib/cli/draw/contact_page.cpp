// SPDX-License-Identifier: Apache-2.0
#include "cli/draw/contact_page.hpp"

#include <gantry/image/encode.hpp>

#include "cli/base64.hpp"
#include "cli/markup.hpp"
#include "core/return_if_error.hpp"

namespace gantry::inline GANTRY_ABI::cli {
namespace {

constexpr std::int64_t kTileQuality = 85;
constexpr std::size_t kMostLinks = 50;

// A picture is the label of a hidden checkbox, so a click enlarges it without a script.
constexpr const char* kContactStyle = R"(
:root { color-scheme: light dark; --paper: #fbfbfa; --ink: #1d2327; --soft: #5d676f; --line: #d8dcdf; --panel: #eef0f1;
  --bad: #c62828; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #14181b; --ink: #e4e8ea; --soft: #9aa5ac; --line: #333b41; --panel: #20262a; --bad: #ff7b72; } }
* { box-sizing: border-box; }
body { margin: 0; padding: 28px 28px 64px; background: var(--paper); color: var(--ink);
  font: 15px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
h1 { font-size: 22px; margin: 0 0 4px; } p { margin: 4px 0; } .soft { color: var(--soft); }
.bad, .bad a { color: var(--bad); }
main { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(320px, 100%), 1fr)); gap: 22px;
  margin-top: 20px; }
figure { margin: 0; min-width: 0; content-visibility: auto; contain-intrinsic-size: auto 320px; }
figure label, figure .error { display: flex; aspect-ratio: 4 / 3; align-items: center; justify-content: center;
  background: var(--panel); border-radius: 6px; overflow: hidden; }
figure label { cursor: zoom-in; } figure input { position: absolute; opacity: 0; pointer-events: none; }
figure img { width: 100%; height: 100%; object-fit: contain; display: block; }
figure:has(:checked) { content-visibility: visible; }
figure :checked + label { position: fixed; inset: 0; z-index: 1; aspect-ratio: auto; border-radius: 0; cursor: zoom-out;
  background: rgba(10, 12, 14, 0.94); }
figure :focus-visible + label { outline: 2px solid var(--ink); }
figure .error { flex-direction: column; align-items: flex-start; justify-content: flex-start; padding: 14px;
  border-left: 4px solid var(--bad); overflow: auto; overflow-wrap: anywhere; font-size: 13.5px; }
figcaption { margin-top: 6px; overflow-wrap: anywhere; } figcaption b { display: block; font-weight: 600; }
figcaption span { color: var(--soft); font-size: 13.5px; font-variant-numeric: tabular-nums; }
)";

std::string caption(const Tile& tile, const std::string& words) {
  return "<figcaption title=\"" + markup_text(tile.argument) + "\"><b>" + markup_text(tile.name()) + "</b>" +
         (words.empty() ? "" : "<span>" + markup_text(words) + "</span>") + "</figcaption></figure>\n";
}

std::string pictures(std::size_t count) {
  return std::to_string(count) + (count == 1 ? " picture" : " pictures");
}

}  // namespace

Result<void> ContactPage::add(const Tile& tile) {
  const std::string number = std::to_string(count_ + 1);
  if (!tile.picture) {
    figures_ += "<figure id=\"p" + number + "\"><div class=\"error\"><b class=\"bad\">failed</b>" +
                markup_text(tile.words) + "</div>" + caption(tile, "");
    if (failed_count_ < kMostLinks)
      failed_ += (failed_.empty() ? "" : ", ") + ("<a href=\"#p" + number + "\">") + markup_text(tile.name()) + "</a>";
    ++failed_count_;
    ++count_;
    return {};
  }
  GANTRY_ASSIGN_OR_RETURN(const auto jpeg, image::encode(*tile.picture, {image::FileFormat::kJpeg, kTileQuality}));
  figures_ += "<figure id=\"p" + number + "\"><input type=\"checkbox\" id=\"c" + number + "\"/><label for=\"c" +
              number + "\"><img alt=\"" + markup_text(tile.words) + "\" width=\"" +
              std::to_string(tile.picture->width()) + "\" height=\"" + std::to_string(tile.picture->height()) +
              "\" src=\"data:image/jpeg;base64," + to_base64(jpeg) + "\"/></label>" + caption(tile, tile.words);
  ++count_;
  return {};
}

std::string ContactPage::html() const {
  std::string html =
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/>"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n<title>" +
      markup_text(title_) + "</title>\n<style>" + kContactStyle + "</style></head>\n<body>\n<h1>" +
      markup_text(title_) + "</h1>\n<p class=\"soft\">" + pictures(count_) + "</p>\n";
  if (failed_count_ > 0)
    html += "<p class=\"bad\">" + std::to_string(failed_count_) + " failed: " + failed_ +
            (failed_count_ > kMostLinks ? ", .." : "") + "</p>\n";
  return html + "<main>\n" + figures_ + "</main>\n</body></html>\n";
}

}  // namespace gantry::inline GANTRY_ABI::cli
