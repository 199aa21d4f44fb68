# SPDX-License-Identifier: Apache-2.0
"""pack: from a model to a package."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from .arguments import check_kinds
from .console import say
from .directory import Directory, published, read_given_file
from .engines.aoti import export_aoti
from .engines.torchscript import export_torchscript
from .engines.trials import Trials
from .errors import PackError
from .expansion import default_pipeline, expand
from .golden.evaluation import check_eval, write_eval
from .golden.recorder import Recorder
from .integrity import verify
from .labels import LABELS_FILE, read_labels
from .libraries import Library
from .limits import FORMAT, MAX_LIBRARIES, MAX_STAGE_BYTES, ONLY_MODEL
from .manifest import check_identity, check_latency, model_entry, now, provenance_of, write_manifest
from .model.model import Model
from .opening import Opening
from .ops.parameters import integer
from .ops.table import OPS
from .padding import check_padded, check_padding
from .pipeline import check_list, check_pipeline, walk
from .running.children import Children
from .signing import signature_of
from .tolerance import Tolerance
from .tool import Tool

if TYPE_CHECKING:
    from .aliases import FilePath, Json, Steps
    from .ops.op import Op


def pack(out: FilePath, model: Any, example_inputs: Any, *, name: str, version: str, pipeline: Any = None,
         reference: Callable[[Any], Any] | None = None, samples: Sequence[Any] = (), labels: Any = None,
         engines: Any = None, max_batch: int = 16, padding: Json | None = None, input_names: Any = None,
         output_names: Any = None, shapes: dict[str, list[Any]] | None = None, batch: bool | None = None,
         files: dict[str, Any] | None = None, ops: dict[str, Op] | None = None, provenance: Json | None = None,
         eval: Json | None = None, latency: Json | None = None, tolerance: Any = None, arguments: Json | None = None,
         libraries: Sequence[FilePath] = (), max_stage_bytes: int = MAX_STAGE_BYTES, sign_key: FilePath | None = None,
         overwrite: bool = False, tool: FilePath | Literal[False] | None = None) -> Path:
    """Writes a package; returns its path. Raises PackError (arguments, tools) or CheckFailed (answers differ).

    out             the directory to make, usually NAME/VERSION; must not exist unless `overwrite`
    model           a torch.nn.Module in eval mode, a ScriptModule, or a torch.export.ExportedProgram
    example_inputs  a tensor or a tuple of tensors, with the batch axis in front if the model has one; or a list of several
                    such tuples, of which the first is what is exported, and which tell the dimensions that vary: sizes
                    that are equal in all of them are one symbol
    pipeline        a list of ops ({"op": ...}, names of ops without parameters, transforms and image processors of
                    torchvision, timm, open_clip and transformers), or one of these, or None for the model alone
    reference       your own Python stack: takes a sample as given in `samples`, returns a tensor or vector of scores, a
                    list of (label, score), or whatever the pipeline gives; must agree within `tolerance`
    samples         paths or bytes (a pipeline that decodes), arrays or tensors of one sample, without the batch axis; of
                    a model with several inputs each sample is a dict, {"ids": tensor, "mask": tensor}, or a tuple in order
    labels          class names or a file of them, for every top_k and label that names no file of its own
    engines         any of "torchscript", "aoti", in order of preference; default: both, a ScriptModule: torchscript
    max_batch       samples in one engine call at most
    padding         {"dim": "T", "lengths": [32, 128], "values": {"input_ids": 0}}: sequences of different lengths share
                    batches, padded along a dimension of `shapes`; the model must mask what is padded
    shapes          {input or output name: [dimensions]}, where a string is a dimension that may vary. One that no input has
                    is a size of the outputs' own (boxes that were found, a side that was divided), and may be 0. "batch" in
                    front of all inputs, and not of all outputs: each sample is a call of its own
    batch           True or False overrides the detection of the batch axis
    files           {path in the package: file or bytes}, for ops of your own
    ops             {name: Op} of your own; the C++ host registers an op of the same name
    eval            {"cases": [(sample, class index), ...], "floor": 0.9}
    tolerance       of the model's output and all behind it; default {"atol": 1e-4, "rtol": 1e-4}
    arguments       {"sr": 16000}: fixed values of forward()'s arguments that are not tensors
    libraries       with operators that the model needs: paths of shared libraries, which go into the package, or bare
                    names ("torchvision") for what the host must give
    max_stage_bytes how much of its stages and result a golden case stores whole; beyond that, exact stages are held by a
                    digest and others by a sample of their values
    sign_key        PEM file of an Ed25519 private key
    tool            the gantry tool that opens the package before it appears. None: the one beside this program, or on
                    PATH; False: none
    """
    samples = list(samples) if hasattr(samples, "__next__") else samples
    labels = list(labels) if hasattr(labels, "__next__") else labels
    check_kinds(locals())
    samples = [] if samples is None else list(samples)
    check_identity(name, version, max_batch)
    tolerance = Tolerance.of({"atol": 1e-4, "rtol": 1e-4} if tolerance is None else tolerance)
    if reference is not None and not samples:
        raise PackError("reference= needs samples= to be compared on")
    labels = None if labels is None else read_labels(labels)
    table = {**OPS, **(ops or {})}
    steps, origins = expand(default_pipeline(pipeline, labels), LABELS_FILE if labels else None)
    check_list(steps, "pipeline", table)
    eval = None if eval is None else check_eval(eval)
    latency = None if latency is None else check_latency(latency)
    provenance = provenance_of(provenance)
    operators = [Library(library) for library in libraries or ()]
    if len(operators) > MAX_LIBRARIES:
        raise PackError(f"libraries: at most {MAX_LIBRARIES}, got {len(operators)}")
    problem = integer(0, 1 << 40)(max_stage_bytes)
    if problem:
        raise PackError(f"max_stage_bytes: {problem}, got {max_stage_bytes!r}")
    wrapped = Model(model, example_inputs, input_names, output_names, shapes, batch, tolerance, arguments, operators)
    if wrapped.is_random and samples:
        wrapped.refuse_random()
    types = check_pipeline(steps, wrapped.signature, table)
    if sign_key is not None:
        signature_of(sign_key, sign_key)  # of anything: a key that cannot sign is not found out at the end
    if tool:
        Tool.find(tool)
    engines = _engine_kinds(engines, wrapped)
    if padding is not None:
        check_padding(padding, wrapped)

    Children.start()  # imports torch in the meantime
    with published(out, overwrite) as work:
        directory = Directory(work)
        label_files = _store_files(directory, files, labels, steps)
        recorder = Recorder(steps, origins, wrapped, label_files, table, types, tolerance, reference, max_stage_bytes)
        cases = [recorder.run(sample, i) for i, sample in enumerate(samples)]
        if not wrapped.forgets():
            recorder.model_inputs = []
            cases = [recorder.run(sample, i) for i, sample in enumerate(samples)]
        if cases:
            say(f"ran the Python reference on {len(cases)} samples")
        else:
            say("no samples: the package will hold no proof that C++ gives the same answers")
        trials = Trials(wrapped, recorder.model_inputs, max_batch, padding)
        if padding is not None:
            check_padded(padding, wrapped, trials.alone_inputs())
        entries = [export_torchscript(wrapped, work / "model.ts", trials) if kind == "torchscript"
                   else export_aoti(wrapped, work / "model.pt2", trials, max_batch) for kind in engines]
        _complete(entries, wrapped, directory)
        manifest: Json = {"format": FORMAT, "name": name, "version": version, "created": now(),
                          "provenance": provenance,
                          "models": {ONLY_MODEL: model_entry(wrapped, entries, max_batch, padding)}, "pipeline": steps,
                          "golden": [recorder.write(case, i, directory) for i, case in enumerate(cases)]}
        if eval is not None:
            manifest["accuracy"] = write_eval(eval, recorder, directory)
        if latency is not None:
            manifest["latency"] = latency
        manifest["files"] = directory.list_files()
        write_manifest(work, manifest, sign_key)
        verify(work)
        shortened = recorder.storage.report()
        if shortened:
            say(shortened)
        Opening(work, manifest, operators, sign_key, set(ops or ())).open(tool)
    sizes = {entry["path"]: entry["bytes"] for entry in manifest["files"]}
    golden = sum(size for path, size in sizes.items() if path.startswith("golden/"))
    say(f"wrote {out}: {name} {version}, {', '.join(engines)}, {sum(sizes.values()) / 1e6:.1f} MB, of which "
        f"{len(cases)} golden cases {golden / 1e6:.1f} MB")
    return Path(out)


def _complete(entries: Steps, model: Any, directory: Directory) -> None:
    """Adds to engines[] what is known of rows and which libraries they need, and says why calls will not be merged."""
    for library in model.libraries:
        library.store(directory)
    for entry in entries:
        if model.libraries:
            entry["requires"]["libraries"] = [library.name for library in model.libraries]
        rows = entry["rows"] = model.rows[entry["kind"]]
        if rows["independent"] or not model.can_share_calls or rows["reason"] == "max_batch is 1":
            continue
        advice = "; pass two or more different samples= of equal shapes" if "fewer than two" in rows["reason"] else ""
        say(f"{entry['kind']}: calls will not be merged into batches, since rows are not known to be independent: "
            f"{rows['reason']}{advice}")


def _engine_kinds(engines: Any, model: Any) -> list[str]:
    if engines is None:
        return ["torchscript"] if model.is_script else ["torchscript", "aoti"]
    engines = [engines] if isinstance(engines, str) else list(engines)
    if not engines or len(set(engines)) != len(engines) or set(engines) - {"torchscript", "aoti"}:
        raise PackError(f'engines: expected one or both of "torchscript" and "aoti", got {engines}')
    return engines


_OWN_FILES = ("gantry.json", "gantry.json.sig", "model.ts", "model.pt2")
_OWN_DIRECTORIES = ("golden", "eval", "ops")


def _store_files(directory: Directory, files: dict[str, Any] | None, labels: Any, steps: Steps) -> dict[str, list[str]]:
    """Writes labels and extra files; returns {file: label names} for the ops that name one."""
    files = dict(files or {})
    for path in files:
        if str(path) in _OWN_FILES or str(path).split("/")[0] in _OWN_DIRECTORIES:
            raise PackError(f"files: {path!r} is a name of gantry-pack's own; choose another")
    if labels is not None:
        files.setdefault(LABELS_FILE, ("\n".join(labels) + "\n").encode())
    for path, content in files.items():
        directory.store_named(path, content if isinstance(content, bytes) else read_given_file(content, f"files['{path}']"))
    found = {}
    for path, op in walk(steps):
        name = op.get("labels") if op["op"] in ("top_k", "label") else None
        if name is not None:
            if name not in files:
                raise PackError(f"{path}.labels: the package has no file '{name}'; pass labels= or files=")
            found[name] = read_labels(directory.root / name)
    return found
