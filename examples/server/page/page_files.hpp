// SPDX-License-Identifier: Apache-2.0
// The files of page/files/, which embed_files.cmake builds into the program.
#pragma once

#include <string_view>
#include <vector>

namespace gantry_server {

struct PageFile {
  std::string_view name;  ///< "page.js"
  std::string_view content;
};

/// All of them; they live as long as the program.
const std::vector<PageFile>& page_files();

}  // namespace gantry_server
