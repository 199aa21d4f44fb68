# SPDX-License-Identifier: Apache-2.0
"""pack: from models to a package."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from .console import say
from .directory import Directory, published
from .engines.export import export_model
from .files import store_files
from .golden.evaluation import write_eval
from .golden.recorder import Recorder
from .integrity import verify
from .known_models import with_known_model
from .limits import FORMAT, MAX_STAGE_BYTES
from .manifest import now, write_manifest
from .opening import Opening
from .ordering import order_engines
from .plan import Plan
from .reference import Reference
from .running.children import Children

if TYPE_CHECKING:
    from .aliases import Case, FilePath, Json
    from .model.given import Model


def pack(out: FilePath, model: Any = None, example_inputs: Any = None, *, name: str, version: str,
         models: dict[str, Model] | None = None, inputs: Sequence[str] | None = None, pipeline: Any = None,
         reference: Callable[[Any], Any] | None = None, samples: Sequence[Any] = (), labels: Any = None,
         engines: Any = None, engine_order: str = "measured", max_batch: int = 16, batch_sizes: Any = None,
         max_sizes: dict[str, int] | None = None, padding: Json | None = None,
         input_names: Any = None, output_names: Any = None, shapes: dict[str, list[Any]] | None = None,
         batch: bool | None = None, files: dict[str, Any] | None = None, ops: dict[str, Any] | None = None,
         provenance: Json | None = None, eval: Json | None = None, latency: Json | None = None, tolerance: Any = None,
         arguments: Json | None = None, libraries: Sequence[FilePath] = (), max_stage_bytes: int = MAX_STAGE_BYTES,
         sign_key: FilePath | None = None, overwrite: bool = False, tool: FilePath | Literal[False] | None = None,
         plugins: Sequence[FilePath] = ()) -> Path:
    """Writes a package; returns its path. Raises PackError (arguments, tools) or CheckFailed (answers differ).

    out             the directory to make, usually NAME/VERSION; must not exist unless `overwrite`, which
                    replaces a package or an empty directory, and nothing else
    model           a torch.nn.Module in eval mode, a ScriptModule, or a torch.export.ExportedProgram; torchvision's
                    detectors (SSD, RetinaNet, FCOS, Faster, Mask and Keypoint R-CNN) and segmentation networks (DeepLabV3,
                    FCN, LR-ASPP) take no example_inputs, and no pipeline, or their weights' transforms() alone: what they
                    do around their network becomes ops, and they are the reference
    example_inputs  a tensor or a tuple of tensors, with the batch axis in front if the model has one; or a list of several
                    such tuples, of which the first is what is exported, and which tell the dimensions that vary: sizes
                    that are equal in all of them are one symbol
    models          instead of these two, several models: {name: Model(module, example_inputs, ...)}; the pipeline says
                    which one it means, {"op": "model", "name": name}
    pipeline        a list of ops ({"op": ...}, names of ops without parameters, transforms and image processors of
                    torchvision, timm, open_clip and transformers), or one of these, or what gantry_pack.detectors makes, or
                    the image processor of a detector of transformers, or None for the model alone, or for what is known of
                    a detector or a segmentation network
    inputs          the names of the pipeline's inputs, where it has several: ["image", "threshold"]; {"op": "select", "name":
                    "image"} takes one of them, and each sample is a dict of them, or a tuple in their order
    reference       your own Python stack: takes a sample as given in `samples`, returns a tensor or vector of scores, a
                    list of (label, score), {"boxes", "scores", "labels"} as torchvision's detectors give them, perhaps with
                    their "masks" and "keypoints", masks as bool[n, height, width], or whatever the pipeline gives; must
                    agree within `tolerance`
    samples         paths or bytes (a pipeline that decodes), arrays or tensors of one sample, without the batch axis; of
                    a model with several inputs each sample is a dict, {"ids": tensor, "mask": tensor}, or a tuple in order
    labels          class names or a file of them, for every op with `labels` (top_k, above, label, detect.label,
                    embeddings.nearest) that names no file of its own; refused where there is none
    engines, engine_order, max_batch, batch_sizes, max_sizes, padding, input_names, output_names, shapes, batch, arguments,
    libraries       of the one `model`, as gantry_pack.Model takes them for each of several; libraries come behind those
                    that a known model needs
    files           {path in the package: file or bytes}, for ops of your own
    ops             {name: Op} of your own, or {name: function} where types need no checking; the C++ host registers an op
                    of the same name
    eval            {"cases": [(sample, class index), ...], "floor": 0.9}
    tolerance       of the models' outputs and all behind them; default {"atol": 1e-4, "rtol": 1e-4}
    max_stage_bytes how much of its stages and result a golden case stores whole; beyond that, exact stages are held by a
                    digest and others by a sample of their values
    sign_key        PEM file of an Ed25519 private key
    tool            the gantry tool that opens the package before it appears. None: the one beside this program, or on
                    PATH; False: none
    plugins         shared libraries by which the tool knows the host's ops (gantry check --plugin); they are run, and are no
                    part of the package
    """
    plan = Plan(**with_known_model({key: value for key, value in locals().items() if key != "overwrite"}))
    Children.start()  # imports torch in the meantime
    with published(out, overwrite) as work:
        directory = Directory(work)
        recorder, cases = _record(plan, directory)
        manifest = _manifest_of(plan, recorder, cases, directory)
        write_manifest(work, manifest, plan.sign_key)
        verify(work)
        shortened = recorder.storage.report()
        if shortened:
            say(shortened)
        opening = Opening(work, manifest, plan.models.libraries, plan.sign_key, set(ops or ()), plan.plugins)
        found = opening.find(tool)
        order_engines(work, manifest, plan.models, opening, found, plan.sign_key)
        opening.open(found)
    _say_what_was_written(out, plan, manifest)
    return Path(out)


def _record(plan: Plan, directory: Directory) -> tuple[Recorder, list[Case]]:
    """The golden cases of the samples."""
    held = store_files(directory, plan.files, plan.labels, plan.steps, list(plan.models.by_name))
    reference = Reference(plan.steps, plan.models.call_sample, held, plan.table,
                          {first: last for first, last, _ in plan.origins}, plan.output_names)
    recorder = Recorder(reference, plan.origins, plan.models, plan.inputs, plan.types, plan.tolerance, plan.reference,
                        plan.max_stage_bytes)
    cases = recorder.run_all(plan.samples)
    if cases:
        say(f"ran the Python reference on {len(cases)} samples")
    else:
        say("no samples: the package will hold no proof that C++ gives the same answers")
    return recorder, cases


def _manifest_of(plan: Plan, recorder: Recorder, cases: list[Case], directory: Directory) -> Json:
    """Exports the models, stores the golden cases, and says what lies where."""
    exported = {}
    for name, model in plan.models.by_name.items():
        with plan.models.about(name):
            exported[name] = export_model(name, model, recorder.model_inputs[name], directory)
    plan.models.store_libraries(directory)
    manifest: Json = {"format": FORMAT, "name": plan.name, "version": plan.version, "created": now(),
                      "provenance": plan.provenance, "models": exported,
                      **({"inputs": [{"name": name} for name in plan.inputs]} if plan.inputs else {}), "pipeline": plan.steps,
                      "golden": [recorder.write(case, i, directory) for i, case in enumerate(cases)]}
    if plan.eval is not None:
        manifest["accuracy"] = write_eval(plan.eval, recorder, directory)
    if plan.latency is not None:
        manifest["latency"] = plan.latency
    manifest["files"] = directory.list_files()
    return manifest


def _say_what_was_written(out: FilePath, plan: Plan, manifest: Json) -> None:
    sizes = {entry["path"]: entry["bytes"] for entry in manifest["files"]}
    golden = sum(size for path, size in sizes.items() if path.startswith("golden/"))
    engines = {name: ", ".join(model.engine_kinds) for name, model in plan.models.by_name.items()}
    what = "; ".join(f"{name}: {kinds}" for name, kinds in engines.items()) if len(engines) > 1 else \
        next(iter(engines.values()), "no model")
    say(f"wrote {out}: {plan.name} {plan.version}, {what}, {sum(sizes.values()) / 1e6:.1f} MB, of which "
        f"{len(manifest['golden'])} golden cases {golden / 1e6:.1f} MB")
