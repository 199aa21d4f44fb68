// SPDX-License-Identifier: Apache-2.0
// HostLocale: the process has the locale of a host that writes numbers in another way, in C (setlocale) and in C++
// (std::locale::global), while the object lives.
#pragma once

#include <unistd.h>

#include <clocale>
#include <cstdlib>
#include <filesystem>
#include <gantry/version.hpp>
#include <locale>
#include <string>

namespace gantry::inline GANTRY_ABI::test {

class HostLocale {
 public:
  /// Such as "de_DE", with decimal commas, or "ps_AF", whose decimal point has two bytes. Where the system lacks it,
  /// localedef makes it; where that is not there either, only the C++ locale is changed.
  explicit HostLocale(const std::string& name)
      : c_before_(std::setlocale(LC_ALL, nullptr)),
        cpp_before_(std::locale::global(std::locale(std::locale::classic(), new CommasAndGroups))) {
    has_c_locale_ = std::setlocale(LC_ALL, (name + ".UTF-8").c_str()) != nullptr || make(name);
  }
  HostLocale(const HostLocale&) = delete;
  HostLocale& operator=(const HostLocale&) = delete;
  ~HostLocale() {
    std::locale::global(cpp_before_);
    std::setlocale(LC_ALL, c_before_.c_str());
    ::unsetenv("LOCPATH");
    std::error_code ignored;
    if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
  }
  /// False: setlocale() could not be called with it.
  bool has_c_locale() const { return has_c_locale_; }

 private:
  struct CommasAndGroups final : std::numpunct<char> {
    char do_decimal_point() const override { return ','; }
    char do_thousands_sep() const override { return '.'; }
    std::string do_grouping() const override { return "\3"; }
  };

  bool make(const std::string& name) {
    folder_ = (std::filesystem::temp_directory_path() / ("gantry-locale-" + std::to_string(::getpid()))).string();
    std::filesystem::create_directories(folder_);
    const std::string full = name + ".UTF-8";
    const std::string command = "localedef -i " + name + " -f UTF-8 '" + folder_ + "/" + full + "' >/dev/null 2>&1";
    if (std::system(command.c_str()) != 0) return false;
    ::setenv("LOCPATH", folder_.c_str(), 1);
    return std::setlocale(LC_ALL, full.c_str()) != nullptr;
  }

  std::string c_before_;
  std::locale cpp_before_;
  std::string folder_;
  bool has_c_locale_ = false;
};

}  // namespace gantry::inline GANTRY_ABI::test
