// SPDX-License-Identifier: Apache-2.0
// The gantry tool: finds the command, parses its arguments, and returns its exit status.
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <gantry/version.hpp>
#include <string>
#include <vector>

#include "cli/commands.hpp"
#include "cli/engine_libraries.hpp"
#include "cli/printable.hpp"

namespace gantry::inline GANTRY_ABI::cli {
namespace {

struct Command {
  const char* name;
  const char* summary;
  CommandSpec (*spec)();
  int (*run)(const Arguments&);
};

constexpr Command kCommands[] = {
    {"run", "run inputs through a package's pipeline on all workers; one JSON line per input, in their order", run_spec,
     run_command},
    {"inspect", "show what a package holds and which of its engines are usable here; loads one, which runs code of it",
     inspect_spec, inspect_command},
    {"check", "check integrity, signature and golden answers, with every usable engine", check_spec, check_command},
    {"time", "measure the CPU time of each engine on one golden sample", time_spec, time_command},
    {"bench",
     "measure a package: latencies, throughput, CPU time and memory, with callers that wait for answers or requests\n"
     "      that come at a rate; budgets set the exit status, --vs compares with another package in turns",
     bench_spec, bench_command},
    {"ops", "list the ops that a config may name, or show one with its parameters, limits and an example", ops_spec,
     ops_command},
    {"doctor", "show what gantry finds on this machine, with advice", doctor_spec, doctor_command},
};

void print_help(std::FILE* out) {
  std::fputs("gantry: run and check packages of a model with its pre- and postprocessing\n\n", out);
  for (const Command& command : kCommands)
    std::fprintf(out, "  gantry %s\n      %s\n", command.spec().usage.c_str(), command.summary);
  std::fputs(
      "  gantry --version | --help\n\n"
      "PKG is a package's directory, the one with gantry.json. INPUT is a file: an image for pipelines that take "
      "bytes,\n"
      "a .npy or .json file for those that take a tensor, name=a.npy,name=b.npy for several tensors or inputs, or for\n"
      "inputs a .json file, an object with a value for each; a comma stays part of a file's name unless NAME= "
      "follows.\n"
      "run and bench take a directory, too: the files in it, by name, hidden ones left out.\n"
      "OUT is a .png or .jpg file: the picture with what was found drawn on it, or a sheet of several; a .html file is "
      "a\n"
      "page of any number.\n"
      "STAGE is a path such as pipeline[2] or the name of an op. A plugin is a library that brings ops and payload\n"
      "types; it is code.\n"
      "Exit status: 0 ok, 1 a check or a budget failed or an input was refused, 2 it could not run, 64 wrong usage.\n",
      out);
}

int usage_failure(const std::string& message, const std::string& usage) {
  std::fprintf(stderr, "gantry: %s\nusage: gantry %s\n", printable(message).c_str(), usage.c_str());
  return kExitUsage;
}

/// Fills closed standard streams with /dev/null, so that no file of a package gets their number and is printed into.
/// Writing to such a stream fails.
void open_standard_streams() {
  for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; ++stream)
    if (::fcntl(stream, F_GETFD) < 0) static_cast<void>(::open("/dev/null", O_RDONLY));
}

/// "gantry 0.1.0 (LibTorch 2.15.0)", or why an engine is missing.
void print_version() {
  const auto found = load_engine_libraries(std::vector<std::string>());
  std::string text = found ? "" : found.error().message();
  for (const EngineLibraryState& library : found ? found->libraries : std::vector<EngineLibraryState>())
    text += (text.empty() ? "" : "; ") +
            (library.problem.empty() ? library.description : "no engine '" + library.name + "': " + library.problem);
  std::printf("gantry %s (%s)\n", version(), printable(text).c_str());
}

int dispatch(const std::vector<std::string>& words) {
  if (words.empty()) {
    print_help(stderr);
    return kExitUsage;
  }
  if (words[0] == "--help" || words[0] == "-h" || words[0] == "help") {
    print_help(stdout);
    return kExitOk;
  }
  if (words[0] == "--version") {
    print_version();
    return kExitOk;
  }
  for (const Command& command : kCommands) {
    if (words[0] != command.name) continue;
    const CommandSpec spec = command.spec();
    const std::vector<std::string> rest(words.begin() + 1, words.end());
    if (rest.size() == 1 && (rest[0] == "--help" || rest[0] == "-h")) {
      std::printf("usage: gantry %s\n  %s\n", spec.usage.c_str(), command.summary);
      return kExitOk;
    }
    const auto arguments = Arguments::parse(rest, spec);
    return arguments ? command.run(*arguments) : usage_failure(arguments.error().message(), spec.usage);
  }
  return usage_failure("unknown command '" + words[0] + "'; `gantry --help` lists them", "COMMAND ...");
}

}  // namespace

int complain(const std::string& message, ExitCode code) {
  std::fprintf(stderr, "gantry: %s\n", printable(message).c_str());
  return code;
}

int complain_of_options(const Error& error) {
  return complain(error.to_string(), error.code() == ErrorCode::kInvalidArgument ? kExitUsage : kExitCouldNotRun);
}

}  // namespace gantry::inline GANTRY_ABI::cli

int main(int argc, char** argv) {
  using namespace gantry::cli;
  open_standard_streams();
  try {
    const int status = dispatch(std::vector<std::string>(argv + 1, argv + argc));
    if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return status;
    return complain("cannot write to standard output", kExitCouldNotRun);
  } catch (const std::exception& error) {
    return complain(error.what(), kExitCouldNotRun);
  } catch (...) {  // from an engine or a plugin
    return complain("something was thrown that is not a std::exception", kExitCouldNotRun);
  }
}
