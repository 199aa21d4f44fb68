# SPDX-License-Identifier: Apache-2.0
"""The layering check finds what it is for: each case is one file with one violation, or one that is allowed."""
import pathlib
import tempfile
import unittest

from check_layering import Check

FORBIDDEN = [
    ("lib/core/a.cpp", '#include "runtime/runtime_core.hpp"', "lib/core does not include lib/runtime"),
    ("lib/model/a.cpp", '#include "pipeline/plan.hpp"', "lib/model does not include lib/pipeline"),
    ("lib/package/a.cpp", '#include "engine/torch/aoti.hpp"', "lib/package does not include lib/engine"),
    ("lib/engine/a.cpp", '#include "package/manifest.hpp"', "lib/engine does not include lib/package"),
    ("lib/engine/other/a.cpp", '#include "engine/torch/load.hpp"', "an engine does not include another"),
    ("lib/engine/other/a.cpp", "#include <torch/script.h>", "only lib/engine/torch includes Torch"),
    ("lib/core/a.cpp", '#include "tensor.hpp"', "begin with the folder of lib/"),
    ("lib/core/a.cpp", "#include <gantry/pipeline.hpp>", "is above lib/core"),
    ("lib/runtime/a.cpp", "#include <gantry/model.hpp>", "is above lib/runtime"),
    ("lib/pipeline/a.cpp", "#include <torch/script.h>", "only lib/engine/torch includes Torch"),
    ("lib/engine/torch/a.cpp", "#include <executorch/runtime/executor/program.h>", "only lib/engine/executorch includes Exec"),
    ("lib/model/a.cpp", "#include <boost/asio.hpp>", "only lib/remote includes Boost"),
    ("lib/remote/a.cpp", '#include "model/batch.hpp"', "lib/remote does not include lib/model"),
    ("lib/remote/a.cpp", '#include "runtime/work_queue.hpp"', "uses ['runtime/runtime_core.hpp', "),
    ("lib/cli/a.cpp", "#  include <ATen/ATen.h>", "only lib/engine/torch includes Torch"),
    ("lib/ops/classify/a.cpp", "#include <jpeglib.h>", "only lib/ops/image includes codec"),
    ("lib/cli/a.cpp", "#include <webp/decode.h>", "only lib/ops/image includes codec"),
    ("lib/pipeline/a.cpp", "#include <gantry/interop/torch.hpp>", "only lib/engine/torch includes interop"),
    ("lib/pipeline/a.cpp", "void f() { omp_set_num_threads(1); }", "thread settings belong"),
    ("lib/cli/a.cpp", "int n = std::thread::hardware_concurrency();", "thread settings belong"),
    ("lib/runtime/a.cpp", "void f() { sched_getaffinity(0, 0, nullptr); }", "thread settings belong"),
    ("lib/core/a.cpp", 'void f() { std::printf("x"); }', "'printf'"),
    ("lib/core/a.cpp", "void f() { std::cerr << 1; }", "'cerr'"),
    ("lib/core/a.cpp", "void f() { abort(); }", "'abort'"),
    ("lib/core/a.cpp", "void f() { std::exit (1); }", "'exit'"),
    ("lib/core/a.cpp", 'auto x = std::getenv("X");', "'getenv'"),
    ("lib/core/a.cpp", "void f(int x) { assert(x); }", "'assert'"),
    ("lib/core/a.cpp", 'void f() { std::snprintf(b, 9, "%.12g", x); }', "'snprintf': numbers become text"),
    ("lib/model/a.cpp", "std::ostringstream text;", "'ostringstream': numbers become text"),
    ("lib/engine/torch/a.cpp", "double x = std::strtod(text, nullptr);", "'strtod': numbers become text"),
    ("lib/core/a.cpp", "auto x = f(); if (!x) return std::move(x).error();", "GANTRY_ASSIGN_OR_RETURN"),
    ("lib/core/a.hpp", "const auto x = f(); if (!x) { return x.error(); }", "GANTRY_ASSIGN_OR_RETURN"),
    ("lib/cli/a.cpp", "if (!answer.result)\n  return answer.result.error();", "GANTRY_RETURN_IF_ERROR"),
    ("lib/ops/a.cpp", "if (auto ok = f(g(1)); !ok)\n  return std::move(ok).error();", "GANTRY_RETURN_IF_ERROR"),
    ("lib/ops/a.cpp", "if (auto ended = call.interruption()) return *std::move(ended);", "GANTRY_RETURN_IF_ERROR"),
    ("lib/misc/a.cpp", "", "is in no layer"),
    ("lib/ops/a.cpp", '#include "runtime/runtime_core.hpp"', "uses ['runtime/context.hpp', "),
    ("lib/engine/torch/a.cpp", '#include "pipeline/plan.hpp"', "uses [] of lib/pipeline"),
    ("lib/engine/torch/a.cpp", '#include "model/batch.hpp"', "uses ['model/engine_library.hpp', "),
    ("include/gantry/tensor.hpp", "#include <gantry/stage.hpp>", "is above this header"),
    ("include/gantry/model.hpp", "#include <gantry/stage.hpp>", "is above this header"),
    ("include/gantry/registry.hpp", "#include <nlohmann/json.hpp>", "the standard library and gantry only"),
    ("include/gantry/tensor.hpp", '#include "core/tensor.hpp"', "the standard library and gantry only"),
    ("include/gantry/tensor.hpp", "inline void f() { std::abort(); }", "'abort"),
    ("include/gantry/unheard_of.hpp", "", "is on no level"),
    ("lib/core/a.cpp", "namespace gantry {\n}", "without the inline one: 'namespace gantry::inline GANTRY_ABI {'"),
    ("lib/core/a.cpp", "namespace gantry::detail {\n}", "without the inline one"),
    ("tests/core/a.cpp", "namespace gantry::test {\n}", "without the inline one"),
    ("include/gantry/span.hpp", "namespace gantry {\nclass Tensor;\n}", "without the inline one: 'namespace gantry {' and"),
    ("include/gantry/span.hpp", "namespace gantry::inline GANTRY_ABI {\n} // <gantry/version.hpp>\n#include <gantry/version.hpp>",
     "without the inline one"),   # C++20
    ("lib/core/a.cpp", "namespace gantry::inline GANTRY_ABI {\n}", "GANTRY_ABI is not defined"),
    ("include/gantry/interop/eigen.hpp", "#include <torch/torch.h>", "only interop/torch.hpp includes Torch"),
]

ALLOWED = [
    ("lib/engine/torch/a.cpp", '#include <torch/script.h>\n#include <gantry/interop/torch.hpp>\n#include "model/engine_library.hpp"'),
    ("lib/engine/torch/a.cpp", "void f() { at::init_num_threads(); }"),
    ("lib/engine/executorch/a.cpp", '#include <executorch/runtime/core/error.h>\n#include "model/engine_library.hpp"'),
    ("lib/remote/a.cpp", '#include <boost/asio.hpp>\n#include <gantry/backend.hpp>\n#include "runtime/runtime_core.hpp"'),
    ("lib/ops/image/a.cpp", '#include <jpeglib.h>\n#include "core/strided_copy.hpp"'),
    ("lib/runtime/cpu_budget.cpp", 'void f() { std::getenv("GANTRY_CPUS"); sched_getaffinity(0, 0, nullptr); }'),
    ("lib/runtime/rounding_scope.hpp", "#pragma once\nvoid f() { std::fesetround(0); }"),
    ("lib/cli/main.cpp", 'void f() { std::printf("x"); std::exit(1); }'),
    ("lib/core/a.cpp", '// printf("in a comment")\n/* abort() */\nconst char* x = "exit(1)";\nstatic_assert(true);'),
    ("lib/core/a.cpp", "void f() { std::snprintf(b, 1, c); std::atexit(g); d.exit_code(); }"),
    ("lib/core/a.cpp", 'void f() { std::snprintf(b, 9, "%d", x); } // strtod'),
    ("lib/cli/a.cpp", 'void f() { std::printf("%g", x); }'),
    ("lib/core/a.cpp", "GANTRY_RETURN_IF_ERROR(f());\nGANTRY_ASSIGN_OR_RETURN(auto x, g());"),
    ("lib/core/a.cpp", 'if (!x) return x.error().within("y");\nif (!x) return y.error();\nreturn x.error();'),
    ("lib/core/a.cpp", "if (!x) return complain(x.error());\n// if (!x) return x.error();"),
    ("include/gantry/model.hpp", "if (!x) return x.error();"),
    ("include/gantry/interop/torch.hpp", "#include <torch/torch.h>"),
    ("lib/core/a.cpp", "#include <gantry/version.hpp>\nnamespace gantry::inline GANTRY_ABI::detail {\n}"),
    ("lib/core/a.cpp", "using namespace gantry;\nnamespace acme {\n}\nnamespace g = gantry;"),
    ("include/gantry/span.hpp", "#include <gantry/version.hpp>\nnamespace gantry {\ninline namespace GANTRY_ABI {\n}\n}"),
    ("include/gantry/model_stage.hpp", "#include <gantry/stage.hpp>\n#include <gantry/model.hpp>\n#include <vector>"),
    ("lib/ops/a.cpp", '#include "runtime/parts.hpp"\n#include "model/npy.hpp"'),
]

# A declaration, a definition, and what is said of the two.
DEFINITIONS = [
    ("lib/model/made.hpp", "class Made {\n  void f();\n};", "lib/pipeline/made.cpp", "void Made::f() {}",
     "'Made' is declared for lib/model, and defined in lib/pipeline"),
    ("include/gantry/model.hpp", "class GANTRY_API Model {\n  Node node() const;\n};", "lib/pipeline/a.cpp",
     "Node Model::node() const {\n}", "'Model' is declared for lib/model, and defined in lib/pipeline"),
    ("include/gantry/error.hpp", "GANTRY_API Error translate() noexcept;", "lib/pipeline/a.cpp",
     "#include <gantry/error.hpp>\nError translate() noexcept {\n}", "'translate' is declared for lib/core, and defined in lib/pipeline"),
    ("include/gantry/error.hpp", "GANTRY_API Error translate() noexcept;", "lib/pipeline/a.cpp",
     "#include <gantry/error.hpp>\nnamespace {\nError translate() {\n}\n}  // namespace", None),
    ("include/gantry/error.hpp", "GANTRY_API Error translate() noexcept;", "lib/core/a.cpp",
     "#include <gantry/error.hpp>\nError translate() noexcept {\n}", None),
    ("include/gantry/model.hpp", "class GANTRY_API Model {\n};", "lib/model/a.cpp", "Model::Model() {}", None),
    ("lib/pipeline/plan.hpp", "struct Plan {\n};", "lib/pipeline/a.cpp", "void Plan::run() {\n}", None),
]


def violations_of(*files):
    with tempfile.TemporaryDirectory() as root:
        for name, text in files:
            path = pathlib.Path(root, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text + "\n")
        return Check(root).run()


class CheckLayering(unittest.TestCase):
    def test_reports_what_is_forbidden(self):
        for name, text, expected in FORBIDDEN:
            with self.subTest(name=name, text=text):
                violations = violations_of((name, text))
                self.assertEqual(len(violations), 1, violations)
                self.assertIn(expected, violations[0])
                self.assertTrue(violations[0].startswith(name + ":1: "), violations[0])

    def test_accepts_what_is_allowed(self):
        for name, text in ALLOWED:
            with self.subTest(name=name, text=text):
                self.assertEqual(violations_of((name, text)), [])

    def test_a_class_or_function_is_defined_on_the_level_of_its_header(self):
        for header, declaration, source, definition, expected in DEFINITIONS:
            with self.subTest(source=source, definition=definition):
                violations = violations_of((header, declaration), (source, definition))
                self.assertEqual(len(violations), 1 if expected else 0, violations)
                if expected:
                    self.assertIn(expected, violations[0])


if __name__ == "__main__":
    unittest.main()
