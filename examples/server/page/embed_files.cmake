# SPDX-License-Identifier: Apache-2.0
# Writes a source with the content of files: cmake -DOUTPUT=page_files.cpp "-DFILES=a.html;b.js" -P embed_files.cmake
set(arrays "")
set(rows "")
set(index 0)
foreach(file IN LISTS FILES)
  file(READ "${file}" hex HEX)
  cmake_path(GET file FILENAME name)
  string(REPEAT "[0-9a-f]" 32 line)
  string(REGEX REPLACE "(${line})" "\\1\n" hex "${hex}")   # 16 bytes a line
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${hex}")
  string(APPEND arrays "constexpr char kFile${index}[] = {\n${bytes}'\\0'};\n")
  string(APPEND rows "      {\"${name}\", {kFile${index}, sizeof(kFile${index}) - 1}},\n")
  math(EXPR index "${index} + 1")
endforeach()
file(WRITE "${OUTPUT}" "// Made by embed_files.cmake.
#include \"page/page_files.hpp\"

namespace gantry_server {
namespace {

${arrays}
}  // namespace

const std::vector<PageFile>& page_files() {
  static const std::vector<PageFile> files{
${rows}  };
  return files;
}

}  // namespace gantry_server
")
