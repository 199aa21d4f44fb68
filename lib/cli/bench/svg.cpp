// SPDX-License-Identifier: Apache-2.0
#include "cli/bench/charts.hpp"
#include "cli/markup.hpp"
#include "core/number_text.hpp"

namespace gantry::inline GANTRY_ABI::cli {

std::string svg_number(double number) {
  return detail::to_fixed_text(number, 1);
}

std::string svg_text(double x, double y, const std::string& classes, const std::string& text) {
  return "<text x=\"" + svg_number(x) + "\" y=\"" + svg_number(y) + "\" class=\"" + classes + "\">" +
         markup_text(text) + "</text>\n";
}

std::string svg_line(double x1, double y1, double x2, double y2, const std::string& classes) {
  return "<line x1=\"" + svg_number(x1) + "\" y1=\"" + svg_number(y1) + "\" x2=\"" + svg_number(x2) + "\" y2=\"" +
         svg_number(y2) + "\" class=\"" + classes + "\"/>\n";
}

}  // namespace gantry::inline GANTRY_ABI::cli
