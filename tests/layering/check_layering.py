# SPDX-License-Identifier: Apache-2.0
"""Scans the sources for includes and calls that the architecture forbids; prints each and exits 1 if there are any.

    python check_layering.py [PROJECT_ROOT]

The rules are tables below: which folder may include which, where third-party headers may appear, and which calls a
library inside someone else's process must not make.
"""
import pathlib
import re
import sys

# What each folder of lib/ may include besides itself. Arrows point down only.
ALLOWED_FOLDERS = {
    "core": {"core"},
    "runtime": {"core", "runtime"},
    "model": {"core", "runtime", "model"},
    "pipeline": {"core", "runtime", "model", "pipeline"},
    "ops": {"core", "runtime", "model", "pipeline", "ops"},
    "engine": {"core", "runtime", "model", "pipeline", "engine"},
    "package": {"core", "runtime", "model", "pipeline", "ops", "package"},
    "remote": {"core", "runtime", "pipeline", "remote"},
    "cli": {"core", "runtime", "model", "pipeline", "ops", "engine", "package", "cli"},
}

# The public headers by level; a header includes its own level and those before.
HEADER_LEVELS = [
    {"export", "version", "span", "frame", "error", "grpc_status", "http_status", "result", "translate_exception", "demangled_name", "kept_promise", "json", "json_writer", "tolerance", "device", "dtype", "shape", "bytes", "function", "isa", "tensor",
     "time_source", "trace_parent"},
    {"executor", "stats", "observer", "run_options", "engine_call", "call_context", "runtime"},
    {"signature", "padding", "model_file", "engine_options", "model_options", "engine", "engine_loader", "backend", "model"},
    {"payload_memory", "type_info", "value", "payload", "codec", "codecs", "node", "callable", "stage", "model_stage",
     "named_tensors", "package_info", "op_description", "pipeline", "registry", "any_pipeline", "plugin"},
    {"image", "classify", "keypoints", "segment", "segmentation", "tensor_ops", "detect", "embeddings"},
    {"package", "libtorch", "executorch", "remote"},
    {"core", "gantry"},
]
# The highest level that the sources of a folder may include.
FOLDER_LEVELS = {"core": 0, "runtime": 1, "model": 2, "pipeline": 3, "ops": 4, "engine": 5, "package": 5, "remote": 5, "cli": 6}

# What the folders above may include of a folder below, where that is a few headers and not all of it.
USED_OF = {
    "ops": {"runtime": {"runtime/context.hpp", "runtime/parts.hpp", "runtime/rounding_scope.hpp"}, "model": {"model/npy.hpp"},
            "pipeline": set()},
    "engine": {"runtime": set(), "model": {"model/engine_library.hpp", "model/version_requirement.hpp"}, "pipeline": set()},
    "remote": {"runtime": {"runtime/runtime_core.hpp", "runtime/signals_blocked.hpp"},
               "pipeline": {"pipeline/convert_node.hpp", "pipeline/pipeline_origin.hpp", "pipeline/registry_data.hpp"}},
}

# A class or function is defined on the level where it is declared: its members in the folder of its header in lib/, or
# in the folder on the level of its public header. The exceptions, with the reason.
DEFINED_ELSEWHERE = {("Registry", "ops/builtin.cpp")}   # Registry::builtin() holds all ops, which the pipeline does not know

CLASS = re.compile(r"^[ \t]*(?:template\s*<[^;{]*>\s*)?(?:class|struct)\s+(?:GANTRY_\w+\s+)?(\w+)(?:\s+final)?\s*(?::[^;{]*)?\{",
                   re.MULTILINE)
API_FUNCTION = re.compile(r"^GANTRY_API\s+[\w:<>,&* ]*?[ &*>](\w+)\(", re.MULTILINE)
MEMBER_DEFINITION = re.compile(r"^(?!\s)(?:[\w:<>,&*\[\] ]*?[ &*>])?((?:\w+::)+)(?:~?\w+|operator[^\s(]+)\(", re.MULTILINE)
FUNCTION_DEFINITION = re.compile(r"^(?!\s|using|return|static|namespace|struct|class|template|#)[\w:<>,&*\[\] ]*?[ &*>]"
                                 r"((?:\w+::)*)(\w+)\([^;{}]*\)\s*(?:const\s*)?(?:noexcept\s*)?(?:try\s*)?\{", re.MULTILINE)
UNNAMED_NAMESPACE = re.compile(r"^namespace \{\n.*?^\}  // namespace$", re.MULTILINE | re.DOTALL)
NAMESPACES = {"gantry", "detail", "cli", "image", "detect", "libtorch", "executorch", "remote", "std"}

TORCH = re.compile(r"^(torch|ATen|c10|caffe2|c10d)/")
EXECUTORCH = re.compile(r"^executorch/")
BOOST = re.compile(r"^boost/")
CODEC = re.compile(r"^(jpeglib|jerror|turbojpeg|spng|png|zlib|isa-l/\w+|webp/\w+)\.h$")
THIRD_PARTY = re.compile(r"^(torch|ATen|c10|caffe2|executorch|nlohmann|openssl|nettle|sodium|webp|Eigen|hwy|boost|opencv2|gtest|gmock|jpeglib|"
                         r"jerror|turbojpeg|spng|png|zlib|isa-l|omp|sched|pthread|unistd|sys)(/|\.h)")
THREAD_SETTINGS = re.compile(r"\b(omp_(set|get)_\w+|(at::)?set_num_(interop_)?threads|init_num_threads|"
                             r"(pthread|sched)_(get|set)affinity\w*|mkl_set_\w+|(openblas|goto)_set_\w+|"
                             r"hardware_concurrency|_SC_NPROCESSORS_\w+|kmp_set_\w+)\b")
FORBIDDEN_CALLS = re.compile(r"\b(printf|fprintf|vprintf|puts|fputs|putchar|perror|cout|cerr|clog|stdout|stderr|"
                             r"exit|_exit|_Exit|quick_exit|abort|terminate|getenv|secure_getenv|setenv|putenv|unsetenv|"
                             r"signal|sigaction|setlocale|fesetround|assert)\s*(?=[(<;,)])")
# What writes or reads numbers as the host's locale does; of the printf family, with a format of floating point.
LOCALE_TEXT = re.compile(r"\b([io]?stringstream|strto(?:d|f|ld)|sto(?:d|f|ld)|atof|v?sn?scanf|localeconv|imbue)\b|"
                         r"\bv?sn?printf\s*\([^;]*%[-+ #0-9.*]*[aefgAEFG]")
# The variables that may be set (GANTRY_CPUS, TMPDIR), and the one place that sets a thread's rounding and puts it back.
MAY_CALL = {("getenv", "runtime/cpu_budget.cpp"), ("getenv", "engine/torch/scratch_directory.cpp"),
            ("fesetround", "runtime/rounding_scope.hpp")}

# An error handed on by hand: `if (!x) return x.error();` or `if (auto ok = f(); !ok) return std::move(ok).error();`, also
# of a member or an element. With something added to the error (`.error().within(...)`) it is allowed.
ERROR_BY_HAND = re.compile(r"!\s*([\w.\[\]]+)\)\s*\{?\s*return\s+(?:std::move\(\1\)|\1)\.error\(\)\s*;|"
                           r"\bif \((?:const )?auto&? (\w+) = [^;{}]*\binterruption\(\)\)\s*\{?\s*"
                           r"return \*(?:std::move\(\2\)|\2);")

# How a file opens namespace gantry: with the inline namespace of its version. A name that is defined outside of it is
# another one, which the linker misses, or which makes calls ambiguous.
OPENS_GANTRY = re.compile(r"^[ \t]*(?:inline\s+)?namespace\s+gantry\b[^;={]*\{", re.MULTILINE)
WITH_ABI = {"include": re.compile(r"namespace gantry \{\ninline namespace GANTRY_ABI \{\n"),   # C++17
            "others": re.compile(r"namespace gantry::inline GANTRY_ABI(::\w+)* \{\n")}
ABI_HEADER = "gantry/version.hpp"

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)
COMMENTS = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
LITERALS = re.compile(r'R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|//[^\n]*|/\*.*?\*/', re.DOTALL)


def code_of(text):
    """The text with comments and literals blanked out, lines kept."""
    return LITERALS.sub(lambda found: " " + "\n" * found.group().count("\n"), text)


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def level_of_header(name):
    """A folder of headers is on one level: "image/decode" is where "image" is."""
    name = name.split("/")[0]
    for level, headers in enumerate(HEADER_LEVELS):
        if name in headers:
            return level
    return None


class Check:
    def __init__(self, root):
        self.root = pathlib.Path(root)
        self.violations = []
        self.leads_to_abi = {}
        self.classes = {}    # name -> the folders of lib/ that may define its members
        self.functions = {}  # public header -> (names of its GANTRY_API functions, the folders that may define them)

    def report(self, path, line, message):
        self.violations.append(f"{path.relative_to(self.root)}:{line}: {message}")

    def run(self):
        self.collect_declarations()
        for path in sorted((self.root / "lib").rglob("*")):
            if path.suffix in {".cpp", ".hpp", ".h"}:
                self.check_source(path)
        public = self.root / "include" / "gantry"
        for path in sorted([*public.glob("*.hpp"), *public.glob("image/*.hpp"), *public.glob("detect/*.hpp")]):
            self.check_public_header(path)
        for path in sorted((self.root / "include" / "gantry" / "interop").glob("*.hpp")):
            self.check_interop_header(path)
        for folder in ("include", "lib", "tests", "bench"):
            for path in sorted((self.root / folder).rglob("*.[ch]*")):
                if path.suffix in {".cpp", ".hpp", ".h"}:
                    self.check_namespace(path)
        return self.violations

    def includes(self, path):
        text = path.read_text()
        for found in INCLUDE.finditer(text):
            yield line_of(text, found.start()), found.group(1), found.group(2)

    def check_source(self, path):
        parts = path.relative_to(self.root / "lib").parts
        folder = parts[0]
        if folder not in ALLOWED_FOLDERS:
            self.report(path, 1, f"lib/{folder} is in no layer; add it to check_layering.py")
            return
        for line, quote, header in self.includes(path):
            self.check_include(path, parts, line, quote, header)
        code = code_of(path.read_text())
        name = "/".join(parts)
        if path.suffix == ".cpp":
            self.check_definitions(path, folder, name, code)
        if name != "core/return_if_error.hpp":
            for found in ERROR_BY_HAND.finditer(code):
                self.report(path, line_of(code, found.start()),
                            "an error is handed on by GANTRY_RETURN_IF_ERROR or GANTRY_ASSIGN_OR_RETURN (core/return_if_error.hpp)")
        if folder not in {"engine"} and not name.startswith("runtime/cpu_budget."):
            for found in THREAD_SETTINGS.finditer(code):
                self.report(path, line_of(code, found.start()),
                            f"'{found.group()}': thread settings belong to lib/runtime/cpu_budget.* and lib/engine")
        if folder != "cli":
            text = COMMENTS.sub(lambda found: "\n" * found.group().count("\n"), path.read_text())
            for found in LOCALE_TEXT.finditer(text):
                self.report(path, line_of(text, found.start()),
                            f"'{found.group().split('(')[0]}': numbers become text by core/number_text.hpp, in no locale")
            for found in FORBIDDEN_CALLS.finditer(code):
                if (found.group(1), name) in MAY_CALL:
                    continue
                self.report(path, line_of(code, found.start()), f"'{found.group(1)}': a library does not do that")

    def collect_declarations(self):
        for path in sorted((self.root / "lib").rglob("*.hpp")):
            for found in CLASS.finditer(code_of(path.read_text())):
                self.classes.setdefault(found.group(1), set()).add(path.relative_to(self.root / "lib").parts[0])
        public = self.root / "include" / "gantry"
        for path in sorted(public.rglob("*.hpp")):
            level = level_of_header(path.relative_to(public).with_suffix("").as_posix())
            folders = {folder for folder, own in FOLDER_LEVELS.items() if own == level}
            code = code_of(path.read_text())
            for found in CLASS.finditer(code):
                self.classes.setdefault(found.group(1), set()).update(folders)
            header = "gantry/" + path.relative_to(public).as_posix()
            self.functions[header] = (set(API_FUNCTION.findall(code)), folders)

    def check_definitions(self, path, folder, name, code):
        found_names = []   # of what is defined, the folders that may do so, and where
        for found in MEMBER_DEFINITION.finditer(code):
            scopes = [scope for scope in found.group(1).split("::") if scope and scope not in NAMESPACES]
            if scopes and scopes[0] in self.classes:
                found_names.append((scopes[0], self.classes[scopes[0]], line_of(code, found.start())))
        # Functions of one name are told apart by the headers that the source includes.
        declared = [self.functions[header] for _, _, header in self.includes(path) if header in self.functions]
        code = code_of(UNNAMED_NAMESPACE.sub(lambda found: "\n" * found.group().count("\n"), path.read_text()))
        for found in FUNCTION_DEFINITION.finditer(code):
            if "operator " in found.group() or set(found.group(1).split("::")) - NAMESPACES - {""}:
                continue
            folders = [folders for names, folders in declared if found.group(2) in names]
            if folders:
                found_names.append((found.group(2), set.union(*folders), line_of(code, found.start())))
        for defined, folders, line in found_names:
            if folder not in folders and (defined, name) not in DEFINED_ELSEWHERE:
                self.report(path, line, f"'{defined}' is declared for lib/{' or lib/'.join(sorted(folders))}, and defined in "
                                        f"lib/{folder}")

    def check_namespace(self, path):
        code = code_of(path.read_text())
        is_public = path.relative_to(self.root).parts[0] == "include"
        openings = list(OPENS_GANTRY.finditer(code))
        for found in openings:
            if not WITH_ABI["include" if is_public else "others"].match(code, found.start()):
                form = "'namespace gantry {' and 'inline namespace GANTRY_ABI {'" if is_public else \
                    "'namespace gantry::inline GANTRY_ABI {'"
                self.report(path, line_of(code, found.start()), f"opens namespace gantry without the inline one: {form}")
        if "GANTRY_ABI" in code and not self.leads_to_version(path):
            self.report(path, line_of(code, openings[0].start()) if openings else 1,
                        f"GANTRY_ABI is not defined: nothing that is included includes <{ABI_HEADER}>")

    def leads_to_version(self, path):
        """Whether the file includes what defines GANTRY_ABI, by however many headers."""
        if path not in self.leads_to_abi:
            self.leads_to_abi[path] = path == self.root / "include" / ABI_HEADER   # also ends circles
            for _, _, header in self.includes(path):
                folders = [self.root / "include", self.root / "lib", self.root / "tests", self.root / "bench", path.parent]
                targets = [folder / header for folder in folders if (folder / header).is_file()]
                if header == ABI_HEADER or (targets and self.leads_to_version(targets[0])):
                    self.leads_to_abi[path] = True
                    break
        return self.leads_to_abi[path]

    def check_include(self, path, parts, line, quote, header):
        folder = parts[0]
        if TORCH.match(header) and parts[:2] != ("engine", "torch"):
            self.report(path, line, f"<{header}>: only lib/engine/torch includes Torch headers")
        if EXECUTORCH.match(header) and parts[:2] != ("engine", "executorch"):
            self.report(path, line, f"<{header}>: only lib/engine/executorch includes ExecuTorch headers")
        if BOOST.match(header) and folder != "remote":
            self.report(path, line, f"<{header}>: only lib/remote includes Boost")
        if CODEC.match(header) and parts[:2] != ("ops", "image"):
            self.report(path, line, f"<{header}>: only lib/ops/image includes codec headers")
        if header.startswith("hwy/") and (parts[0], *parts[2:3]) != ("ops", "kernels"):
            self.report(path, line, f"<{header}>: only the folders kernels of lib/ops include Highway")
        if header.startswith("gantry/interop/"):
            if parts[:2] != ("engine", "torch"):
                self.report(path, line, f"<{header}>: only lib/engine/torch includes interop headers")
        elif header.startswith("gantry/"):
            name = header[len("gantry/"):-len(".hpp")]
            level = level_of_header(name)
            if level is None:
                self.report(path, line, f"<{header}> is on no level; add it to check_layering.py")
            elif level > FOLDER_LEVELS[folder]:
                self.report(path, line, f"<{header}> is above lib/{folder}")
        elif quote == '"':
            target = header.split("/")[0]
            if target not in ALLOWED_FOLDERS:
                self.report(path, line, f'"{header}": includes begin with the folder of lib/')
            elif target not in ALLOWED_FOLDERS[folder]:
                self.report(path, line, f'"{header}": lib/{folder} does not include lib/{target}')
            elif header not in USED_OF.get(folder, {}).get(target, {header}):
                self.report(path, line, f'"{header}": lib/{folder} uses {sorted(USED_OF[folder][target])} of lib/{target}')
            elif folder == "engine" == target and header.split("/")[1] != parts[1]:
                self.report(path, line, f'"{header}": an engine does not include another')

    def check_public_header(self, path):
        own = level_of_header(path.relative_to(self.root / "include" / "gantry").with_suffix("").as_posix())
        if own is None:
            self.report(path, 1, "is on no level; add it to check_layering.py")
            return
        for line, quote, header in self.includes(path):
            if not header.startswith("gantry/"):
                if quote == '"' or THIRD_PARTY.match(header):
                    self.report(path, line, f"<{header}>: public headers include the standard library and gantry only")
                continue
            level = level_of_header(header[len("gantry/"):-len(".hpp")])
            if level is None or level > own:
                self.report(path, line, f"<{header}> is above this header")
        code = code_of(path.read_text())
        for pattern in (FORBIDDEN_CALLS, THREAD_SETTINGS):
            for found in pattern.finditer(code):
                self.report(path, line_of(code, found.start()), f"'{found.group()}': a library does not do that")

    def check_interop_header(self, path):
        for line, _, header in self.includes(path):
            if TORCH.match(header) and path.stem != "torch":
                self.report(path, line, f"<{header}>: only interop/torch.hpp includes Torch headers")


def main():
    default = pathlib.Path(__file__).resolve().parents[2]
    violations = Check(sys.argv[1] if len(sys.argv) > 1 else default).run()
    for violation in violations:
        print(violation)
    print(f"{len(violations)} violations")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
