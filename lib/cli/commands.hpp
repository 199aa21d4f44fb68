// SPDX-License-Identifier: Apache-2.0
// The commands of the gantry tool: the arguments that each accepts, and the function that runs it. Results go to
// stdout, everything else to stderr.
#pragma once

#include "cli/arguments.hpp"

namespace gantry::inline GANTRY_ABI::cli {

/// The tool's exit statuses.
enum ExitCode : int {
  kExitOk = 0,
  kExitFailed = 1,       ///< the check failed, or an input was refused
  kExitCouldNotRun = 2,  ///< the package could not be opened, a file could not be written
  kExitUsage = 64,       ///< the command line is wrong (EX_USAGE of sysexits.h)
};

CommandSpec run_spec();
CommandSpec inspect_spec();
CommandSpec check_spec();
CommandSpec time_spec();
CommandSpec bench_spec();
CommandSpec ops_spec();
CommandSpec doctor_spec();

int run_command(const Arguments& arguments);
int inspect_command(const Arguments& arguments);
int check_command(const Arguments& arguments);
int time_command(const Arguments& arguments);
int bench_command(const Arguments& arguments);
int ops_command(const Arguments& arguments);
int doctor_command(const Arguments& arguments);

/// "gantry: message" on stderr; returns `code`.
int complain(const std::string& message, ExitCode code);
/// The same for an option's value: usage if it is meaningless, could-not-run if it names a missing file.
int complain_of_options(const Error& error);

}  // namespace gantry::inline GANTRY_ABI::cli
