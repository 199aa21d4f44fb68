// SPDX-License-Identifier: Apache-2.0
// BenchReport: all results of a run of gantry bench. Written as text, JSON, JUnit XML and one HTML page.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/bench/budget.hpp"
#include "cli/bench/measurement.hpp"
#include "cli/bench/side_info.hpp"
#include "cli/junit.hpp"

namespace gantry::inline GANTRY_ABI::cli {

struct BenchMachine {
  std::string cpu;     ///< "AMD EPYC 9554 64-Core Processor"
  std::string isa;     ///< "x86-64-v4"
  std::string budget;  ///< "2 CPUs: affinity 2"
  int workers = 0;

  /// "AMD EPYC 9554, x86-64-v4; 2 CPUs: affinity 2; 2 workers".
  std::string text() const;
};

/// One load on the package, and on the package compared with it.
struct MeasuredLoad {
  Load load;
  std::vector<Measurement> sides;       ///< one, or two with --vs
  std::vector<ComparedFigure> figures;  ///< with --vs
};

/// One judgement about a load.
struct Judgement {
  enum class Of : std::uint8_t {
    kAnswers,  ///< whether all requests were answered
    kMachine,  ///< whether nothing disturbed it
    kBudget,
  };
  Of of = Of::kAnswers;
  std::string at;  ///< "2 callers"; with --vs also the side: "2 callers, B"
  Finding finding;
};

struct BenchReport {
  std::string began;  ///< "2026-01-31T12:00:00Z"
  std::vector<SideInfo> sides;
  BenchMachine machine;
  std::vector<std::string> inputs;
  LoadTimes times;
  std::vector<MeasuredLoad> loads;
  std::optional<std::string> difference;  ///< with --vs: how the answers differ
  bool has_budgets = false;
  std::vector<Judgement> judgements;  ///< in the order of the loads

  /// The name of a side if there are two: "A", "B"; otherwise empty.
  std::string label(std::size_t side) const;
  /// The findings of all judgements.
  std::vector<Finding> findings() const;
  bool is_void() const;
  /// True for a failed finding, and, with budgets, for a void one: a void run proves nothing.
  bool has_failed() const;
};

/// Appends the judgements of the newest load. Budgets apply to the first side.
void judge(BenchReport& report, const std::vector<Budget>& budgets);

/// What all loads have in common, before the rows.
std::string text_header(const BenchReport& report);
/// One line per side of a load, and their comparison.
std::string text_rows(const BenchReport& report, const MeasuredLoad& load);
/// Remarks on the whole run, after the rows.
std::string text_footer(const BenchReport& report);

/// One object; lib/cli/README.md lists its keys.
std::string to_json(const BenchReport& report);

/// One self-contained page.
std::string to_html(const BenchReport& report);

}  // namespace gantry::inline GANTRY_ABI::cli
