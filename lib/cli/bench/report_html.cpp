// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <gantry/version.hpp>

#include "cli/bench/charts.hpp"
#include "cli/bench/report.hpp"
#include "cli/markup.hpp"
#include "cli/quantity_text.hpp"

namespace gantry::inline GANTRY_ABI::cli {
namespace {

using Status = Finding::Status;

constexpr const char* kReportStyle = R"(
:root { color-scheme: light dark; --paper: #fbfbfa; --ink: #1d2327; --soft: #5d676f; --line: #d8dcdf; --panel: #ffffff;
  --a: #2166c2; --b: #c7611a; --good: #1a7f37; --bad: #c62828; --warn: #9a6700; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #14181b; --ink: #e4e8ea; --soft: #9aa5ac; --line: #333b41; --panel: #1b2024; --a: #6aa9ff;
    --b: #f0965a; --good: #57c46f; --bad: #ff7b72; --warn: #d9a733; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 32px 20px 64px; max-width: 860px; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
h1 { font-size: 24px; margin: 0 0 4px; } h2 { font-size: 17px; margin: 36px 0 8px; }
p { margin: 4px 0; } .soft { color: var(--soft); } code { font-size: 13px; overflow-wrap: anywhere; }
.key { display: inline-block; width: 12px; height: 12px; border-radius: 3px; margin-right: 6px; }
.key.a { background: var(--a); } .key.b { background: var(--b); }
.banner { border: 1px solid; border-left-width: 6px; border-radius: 6px; padding: 10px 14px; margin: 16px 0; }
.banner.bad { border-color: var(--bad); } .banner.warn { border-color: var(--warn); } .banner b { margin-right: 6px; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: 14px; }
th, td { padding: 6px 8px; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; }
th { color: var(--soft); font-weight: 500; } th:first-child, td:first-child { text-align: left; }
td.text { text-align: left; white-space: normal; }
.ok { color: var(--good); font-weight: 600; } .bad { color: var(--bad); font-weight: 600; }
.warn { color: var(--warn); font-weight: 600; } .banner.bad, .banner.warn { color: var(--ink); font-weight: 400; }
figure { margin: 8px 0 0; padding: 12px; background: var(--panel); border: 1px solid var(--line); border-radius: 8px; }
svg { display: block; width: 100%; height: auto; font: 11px system-ui, sans-serif; fill: var(--ink); }
.grid { stroke: var(--line); } .axis { stroke: var(--soft); } .mark { stroke: var(--soft); stroke-dasharray: 2 3; }
.tick, .small, .label { fill: var(--soft); } .row-title { font-weight: 600; font-size: 12px; }
.middle { text-anchor: middle; } .end { text-anchor: end; }
.curve { fill: none; stroke-width: 2; } .curve.tail { stroke-dasharray: 6 4; }
.curve.a, .point.a { stroke: var(--a); } .curve.b, .point.b { stroke: var(--b); }
.point { stroke-width: 2; fill: var(--panel); } .bar.a { fill: var(--a); } .bar.b { fill: var(--b); }
details { margin-top: 8px; } summary { cursor: pointer; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font-size: 12.5px; background: var(--panel);
  border: 1px solid var(--line); border-radius: 8px; padding: 12px; }
)";

std::string cell(const std::string& text) {
  return "<td>" + markup_text(text) + "</td>";
}

std::string duration_cell(const std::optional<std::chrono::nanoseconds>& value) {
  return cell(value ? duration_text(*value) : "\xE2\x80\x93");
}

std::string key_of(const BenchReport& report, std::size_t side) {
  if (report.sides.size() < 2) return "";
  return std::string("<span class=\"key ") + (side == 0 ? "a" : "b") + "\"></span>" + report.label(side) + " ";
}

std::string head(const BenchReport& report) {
  std::string title = "gantry bench: " + report.sides[0].title;
  if (report.sides.size() > 1) title += " and " + report.sides[1].title;
  std::string html =
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/>"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n<title>" +
      markup_text(title) + "</title>\n<style>" + kReportStyle + "</style></head>\n<body>\n<h1>" + markup_text(title) +
      "</h1>\n";
  for (std::size_t i = 0; i < report.sides.size(); ++i) {
    const SideInfo& side = report.sides[i];
    html += "<p>" + key_of(report, i) + markup_text(side.title + ", " + side.engines) + ", opened in " +
            duration_text(side.open_time) + " <code class=\"soft\">" + markup_text(side.directory) + "</code></p>\n";
  }
  const std::string inputs = report.inputs.size() == 1 ? "1 input" : std::to_string(report.inputs.size()) + " inputs";
  html +=
      "<p class=\"soft\">" + markup_text(report.machine.text()) + "</p>\n<p class=\"soft\">" +
      markup_text(report.began + "; gantry " + version() + "; " + inputs + "; " + duration_text(report.times.length) +
                  " each after " + duration_text(report.times.warm_up) + " of warm-up") +
      (report.sides.size() > 1 ? "; in turns, in one process" : "") + "</p>\n";
  return html;
}

std::string banner(const std::string& classes, const std::string& title, const std::string& text) {
  return "<div class=\"banner " + classes + "\"><b class=\"" + classes + "\">" + title + "</b>" + markup_text(text) +
         "</div>\n";
}

/// Warnings that come before the figures.
std::string banners(const BenchReport& report) {
  std::string html;
  for (const Judgement& judgement : report.judgements) {
    const Status status = judgement.finding.status;
    const std::string text = "at " + judgement.at + ": " + judgement.finding.detail;
    if (judgement.of == Judgement::Of::kMachine && status == Status::kCouldNotRun) html += banner("bad", "VOID", text);
    if (judgement.of == Judgement::Of::kMachine && status == Status::kSkipped) html += banner("warn", "Noise", text);
    if (judgement.of == Judgement::Of::kAnswers && status == Status::kFailed) html += banner("bad", "Failed", text);
  }
  if (report.difference) html += banner("warn", "The answers differ", *report.difference);
  return html;
}

std::string budgets(const BenchReport& report) {
  if (!report.has_budgets) return "";
  std::string html = "<h2>Budgets</h2>\n<table>\n";
  for (const Judgement& judgement : report.judgements) {
    if (judgement.of != Judgement::Of::kBudget) continue;
    const Finding& finding = judgement.finding;
    const bool is_kept = finding.status == Status::kOk, is_void = finding.status == Status::kCouldNotRun;
    html += "<tr><td>" + markup_text(finding.name) + "</td><td class=\"text\">" + markup_text(finding.detail) +
            "</td><td class=\"" +
            (is_kept   ? "ok\">kept"
             : is_void ? "warn\">void"
                       : "bad\">not kept") +
            "</td></tr>\n";
  }
  return html + "</table>\n";
}

std::string result_row(const BenchReport& report, const MeasuredLoad& load, std::size_t side) {
  const Measurement& measured = load.sides[side];
  const LoadResult& result = measured.load;
  std::string html = "<tr><td>" + key_of(report, side) + markup_text(load.load.title()) + "</td>" +
                     cell(std::to_string(result.latencies.count())) + cell(number_text(result.answers_per_second));
  for (const ReportedQuantile& quantile : kQuantiles) html += duration_cell(result.latencies.quantile(quantile.q));
  const bool any = result.latencies.count() > 0;
  html += duration_cell(any ? std::optional(result.latencies.max()) : std::nullopt);
  html += duration_cell(measured.cpu_per_request());
  html +=
      result.failures.count == 0 ? cell("0") : "<td class=\"bad\">" + std::to_string(result.failures.count) + "</td>";
  return html + "</tr>\n";
}

std::string results(const BenchReport& report) {
  std::string html =
      "<h2>Results</h2>\n<div class=\"scroll\"><table>\n<tr><th>load</th><th>answers</th><th>per second</th>";
  for (const ReportedQuantile& quantile : kQuantiles) html += std::string("<th>") + quantile.name + "</th>";
  html += "<th>max</th><th>CPU per request</th><th>failed</th></tr>\n";
  for (const MeasuredLoad& load : report.loads)
    for (std::size_t side = 0; side < load.sides.size(); ++side) html += result_row(report, load, side);
  html += "</table></div>\n";
  if (report.loads.empty()) return html;
  const detail::ProcessMemory& memory = report.loads.back().sides.back().use.memory;
  html += "<p class=\"soft\">Memory of the process: " + bytes_text(memory.resident_bytes) + " resident";
  if (memory.proportional_bytes) html += " (" + bytes_text(*memory.proportional_bytes) + " by share of pages)";
  return html + ", at most " + bytes_text(memory.peak_resident_bytes) + " since it started.</p>\n";
}

std::string ratio_cell(const MeasuredLoad& load, const char* key) {
  const auto figure = std::find_if(load.figures.begin(), load.figures.end(),
                                   [&](const ComparedFigure& one) { return std::string(one.key) == key; });
  if (figure == load.figures.end()) return cell("\xE2\x80\x93");
  const RatioInterval& ratio = figure->ratio;
  const std::string numbers =
      number_text(ratio.ratio) + " (" + number_text(ratio.low) + " to " + number_text(ratio.high) + ")";
  return ratio.is_significant() ? "<td><b>" + numbers + "</b></td>" : cell(numbers);
}

std::string comparison(const BenchReport& report) {
  if (report.sides.size() < 2) return "";
  std::string html =
      "<h2>B as a multiple of A</h2>\n<div class=\"scroll\"><table>\n<tr><th>load</th><th>p50</th><th>p99</th>"
      "<th>answers per second</th><th>CPU per request</th></tr>\n";
  for (const MeasuredLoad& load : report.loads) {
    html += "<tr><td>" + markup_text(load.load.title()) + "</td>";
    for (const char* key : {"p50", "p99", "rate", "cpu_per_request"}) html += ratio_cell(load, key);
    html += "</tr>\n";
  }
  return html + "</table></div>\n<p class=\"soft\">Of " + std::to_string(kPairsOfTurns) +
         " pairs of turns. The interval holds the true ratio in 95 of 100 runs; where it leaves out 1, the ratio is "
         "bold.</p>\n";
}

std::string figure(const std::string& title, const std::string& chart) {
  return chart.empty() ? "" : "<h2>" + title + "</h2>\n<figure>\n" + chart + "</figure>\n";
}

std::string details(const BenchReport& report) {
  const bool is_open = !report.loads.empty() && report.loads.front().load.is_open();
  std::string html = "<h2>How it was measured</h2>\n<p>";
  html += is_open
              ? "Open loop: requests are sent when they are due, whether others have been answered or not, and each "
                "latency counts from the moment at which its request was due."
              : "Closed loop: each caller asks again as soon as it is answered. Users do not wait for each other; "
                "what they would see during a stall shows in an open loop (<code>--rate</code>).";
  html +=
      " A quantile is at most 0.8 % above the truth; one of too few answers is not given. CPU time is that of the "
      "whole process, what puts the load included.</p>\n";
  for (std::size_t i = 0; i < report.sides.size(); ++i)
    html += "<details><summary>" + key_of(report, i) + "The plan of " + markup_text(report.sides[i].title) +
            "</summary><pre>" + markup_lines(report.sides[i].plan) + "</pre></details>\n";
  return html;
}

}  // namespace

std::string to_html(const BenchReport& report) {
  return head(report) + banners(report) + budgets(report) + results(report) + comparison(report) +
         figure("Latency at each throughput", throughput_latency_chart(report)) +
         figure("How latencies are distributed", latency_histograms(report)) + details(report) + "</body></html>\n";
}

}  // namespace gantry::inline GANTRY_ABI::cli
