// SPDX-License-Identifier: Apache-2.0
// RunningServer: a gantry-server of its own for a test, on a TCP port and a Unix socket.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

extern char** environ;  // NOLINT: POSIX declares it nowhere

namespace gantry_test {

class RunningServer {
 public:
  /// `port` 0: any free one.
  RunningServer(const std::string& program, const std::string& models, int port = 0) {
    std::string pattern = (std::filesystem::temp_directory_path() / "gantry-remote-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    const std::string listen = "127.0.0.1:" + std::to_string(port) + ",unix:" + socket_path();
    std::vector<std::string> words{program,    "--models.directory", models, "--http.listen",  listen, "--log.access",
                                   log_path(), "--drain.delay_ms",   "0",    "--admin.listen", ""};
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, ends[1], 2);
    const int failed = ::posix_spawn(&process_, program.c_str(), &actions, nullptr, arguments.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    if (failed != 0) throw std::runtime_error("cannot start " + program);
    messages_ = ends[0];
    wait_until_it_listens();
  }
  RunningServer(const RunningServer&) = delete;
  ~RunningServer() {
    if (process_ > 0) kill(SIGKILL);
    ::close(messages_);
    std::filesystem::remove_all(folder_);
  }

  int port() const { return port_; }
  std::string address() const { return "http://127.0.0.1:" + std::to_string(port_); }
  std::string unix_address() const { return "unix:" + socket_path(); }
  void send(int signal) const { ::kill(process_, signal); }
  /// Ends it, and waits for its end.
  void kill(int signal) {
    send(signal);
    ::waitpid(std::exchange(process_, -1), nullptr, 0);
  }
  std::string log() const {
    std::ostringstream text;
    text << std::ifstream(log_path()).rdbuf();
    return text.str();
  }

 private:
  std::string socket_path() const { return folder_ + "/server.sock"; }
  std::string log_path() const { return folder_ + "/access.log"; }
  /// It says so on stderr, the socket last; later it writes little, which the pipe holds.
  void wait_until_it_listens() {
    std::string text;
    char byte = 0;
    while (text.find("listening on unix:") == std::string::npos || text.back() != '\n') {
      if (::read(messages_, &byte, 1) != 1) throw std::runtime_error("the server did not start: " + text);
      text += byte;
    }
    const std::string before = "listening on 127.0.0.1:";
    port_ = std::stoi(text.substr(text.find(before) + before.size()));
  }

  std::string folder_;
  pid_t process_ = -1;
  int messages_ = -1;
  int port_ = 0;
};

}  // namespace gantry_test
