// SPDX-License-Identifier: Apache-2.0
// gantry_op_table FILE: writes the table of ops as JSON, for share/gantry/ops.json. Run by the build; needs neither the
// tool nor LibTorch.
#include <cstdio>
#include <gantry/registry.hpp>
#include <string>

#include "pipeline/op_table.hpp"

int main(int argc, char** argv) {
  if (argc != 2) return std::fputs("usage: gantry_op_table FILE\n", stderr), 64;
  const std::string table = gantry::detail::op_table_json(gantry::Registry::builtin());
  std::FILE* file = std::fopen(argv[1], "wb");
  const bool is_written = file != nullptr && std::fwrite(table.data(), 1, table.size(), file) == table.size();
  if (file == nullptr || std::fclose(file) != 0 || !is_written)
    return std::fprintf(stderr, "gantry_op_table: cannot write %s\n", argv[1]), 2;
  return 0;
}
