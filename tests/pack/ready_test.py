# SPDX-License-Identifier: Apache-2.0
"""Ready pipelines for detectors whose heads are known. The gantry tool opens each package, so what C++ finds is what
ultralytics' and transformers' steps find in Python. Run by ctest; or: python tests/pack/ready_test.py GANTRY"""

import sys
import unittest
from pathlib import Path

TOOL = Path(sys.argv.pop()).resolve() if len(sys.argv) > 1 and not sys.argv[-1].startswith("-") else None

import cv2  # noqa: E402
import torch  # noqa: E402
import transformers  # noqa: E402
from PIL import Image  # noqa: E402
from torchvision import ops  # noqa: E402
from transformers.models.rt_detr.configuration_rt_detr_resnet import RTDetrResNetConfig  # noqa: E402

from detecting import DetectingTest  # noqa: E402
from packing import PackingTest, gp, model_of  # noqa: E402

CLASSES = ["cat", "dog", "bird"]


class Grid(torch.nn.Module):
    """A network on cells of 32 pixels with one of ultralytics' heads, beside what they give for training."""

    def __init__(self, head, width=160, height=160):
        super().__init__()
        self.head = head
        self.mix = torch.nn.Sequential(torch.nn.AvgPool2d(32), torch.nn.Conv2d(3, 5 + len(CLASSES), 1))
        with torch.no_grad():
            self.mix[1].weight.mul_(6)
            self.mix[1].bias[4:] = -self.mix[1].weight[4:].sum((1, 2, 3)) / 2  # of gray no class is the likeliest
            self.mix[1].bias[4] += 2
        # Without it cells of the border have equal scores, and rounding would decide which of them a cut leaves.
        self.register_buffer("lean", torch.rand(5 + len(CLASSES), width // 32 * (height // 32)) * 3 - 1.5)
        across, down = torch.arange(width // 32) * 32.0 + 16, torch.arange(height // 32) * 32.0 + 16
        self.register_buffer("centres", torch.stack(torch.meshgrid(across, down, indexing="xy")).flatten(1))

    def forward(self, images):
        cells = self.mix(images).flatten(2) + self.lean
        centres = self.centres.expand(images.shape[0], -1, -1)
        sizes, objectness, classes = cells[:, :2].sigmoid() * 90, cells[:, 4:5].sigmoid(), cells[:, 5:].sigmoid()
        if self.head == "yolov8":
            return torch.cat([centres, sizes, classes], 1), cells
        if self.head == "yolov5":
            return torch.cat([centres, sizes, objectness, classes], 1).mT, [cells]
        best, labels = classes.max(1, keepdim=True)
        return torch.cat([centres - sizes / 2, centres + sizes / 2, best, labels.float()], 1).mT


def found_by_torchvision(model, path, width, height, score, iou, max_count, agnostic):
    """What the network finds in a picture, by OpenCV and torchvision's boxes alone."""
    picture = cv2.imread(str(path))[:, :, ::-1]
    rows, columns = picture.shape[:2]
    ratio = min(height / rows, width / columns)
    inner = round(columns * ratio), round(rows * ratio)
    left, top = round((width - inner[0]) / 2 - 0.1), round((height - inner[1]) / 2 - 0.1)
    canvas = cv2.copyMakeBorder(cv2.resize(picture, inner), top, height - inner[1] - top, left, width - inner[0] - left,
                                cv2.BORDER_CONSTANT, value=(114, 114, 114))
    with torch.no_grad():
        found = model(torch.from_numpy(canvas).permute(2, 0, 1)[None] / 255)
    found = (found[0] if isinstance(found, tuple) else found)[0]
    if model.head == "end_to_end":
        boxes, scores, labels = found[:, :4], found[:, 4], found[:, 5].long()
    else:
        found = found.T if model.head == "yolov8" else found
        classes = found[:, 4:] if model.head == "yolov8" else found[:, 5:] * found[:, 4:5]
        boxes, (scores, labels) = ops.box_convert(found[:, :4], "cxcywh", "xyxy"), classes.max(1)
    sure = scores > score
    boxes, scores, labels = boxes[sure], scores[sure], labels[sure]
    if model.head == "end_to_end":
        kept = scores.sort(descending=True).indices
    else:  # boxes that reach beyond the edge would meet those of other classes in batched_nms
        kept = ops.nms(boxes, scores, iou) if agnostic else ops.batched_nms(boxes + 100, scores, labels, iou)
    kept = kept[:max_count]
    boxes = ops.clip_boxes_to_image((boxes[kept] - torch.tensor([left, top] * 2)) / ratio, (rows, columns))
    return {"boxes": boxes, "scores": scores[kept], "labels": labels[kept]}


SMALL = dict(d_model=32, encoder_layers=1, decoder_layers=1, encoder_attention_heads=2, decoder_attention_heads=2,
             encoder_ffn_dim=16, decoder_ffn_dim=16, num_labels=len(CLASSES), num_queries=12)
NORMALISED = dict(do_normalize=True, image_mean=[0.485, 0.456, 0.406], image_std=[0.229, 0.224, 0.225])


def backbone(*stages, kind=transformers.ResNetConfig):
    return kind(embedding_size=8, hidden_sizes=[8, 8, 8, 16], depths=[1, 1, 1, 1], layer_type="basic",
                out_features=[f"stage{stage}" for stage in stages])


def with_backbone(*stages):
    return dict(use_timm_backbone=False, backbone_config=backbone(*stages), backbone=None, use_pretrained_backbone=False)


def detr():
    return transformers.DetrForObjectDetection(transformers.DetrConfig(**SMALL, **with_backbone(4)))


def conditional_detr():
    return transformers.ConditionalDetrForObjectDetection(
        transformers.ConditionalDetrConfig(**SMALL, **with_backbone(4)))


def deformable_detr():
    return transformers.DeformableDetrForObjectDetection(transformers.DeformableDetrConfig(
        **{**SMALL, "decoder_layers": 2}, **with_backbone(2, 3, 4), num_feature_levels=4))  # of one its weights cannot be tied


def table_transformer():
    return transformers.TableTransformerForObjectDetection(transformers.TableTransformerConfig(**SMALL, **with_backbone(4)))


OF_LEVELS = dict(encoder_hidden_dim=32, encoder_in_channels=[8, 8, 16], feat_strides=[8, 16, 32],
                 decoder_in_channels=[32, 32, 32], num_denoising=0)


def rt_detr():
    return transformers.RTDetrForObjectDetection(transformers.RTDetrConfig(
        **SMALL, **OF_LEVELS, backbone_config=backbone(2, 3, 4, kind=RTDetrResNetConfig), decoder_n_points=2))


def rt_detr_v2():
    return transformers.RTDetrV2ForObjectDetection(transformers.RTDetrV2Config(
        **{**SMALL, "decoder_layers": 2}, **OF_LEVELS, backbone_config=backbone(2, 3, 4, kind=RTDetrResNetConfig),
        decoder_n_points=2))


def d_fine():
    stages = transformers.HGNetV2Config(
        stem_channels=[3, 8, 8], stage_in_channels=[8] * 4, stage_mid_channels=[8] * 4, stage_out_channels=[8, 8, 8, 16],
        stage_num_blocks=[1] * 4, stage_numb_of_layers=[1] * 4, hidden_sizes=[8, 8, 8, 16],
        out_features=["stage2", "stage3", "stage4"])
    return transformers.DFineForObjectDetection(transformers.DFineConfig(
        **{**SMALL, "decoder_layers": 2}, **OF_LEVELS, backbone_config=stages, decoder_n_points=[2, 2, 2]))


def post_processed(model, processor, score):
    def answers(path):
        image = Image.open(path).convert("RGB")
        with torch.no_grad():
            outputs = model(**processor(images=image, return_tensors="pt"))
        found = processor.post_process_object_detection(outputs, threshold=score, target_sizes=[image.size[::-1]])[0]
        order = found["scores"].sort(descending=True).indices
        return {name: found[name][order] for name in found}
    return answers


@unittest.skipIf(TOOL is None, "needs the gantry tool")
class ReadyTest(DetectingTest):
    tool = TOOL

    def test_ultralytics_heads(self):
        photos = [self.photo(200, 150), self.photo(90, 233, "tall.png")]
        usual = {"size": (160, 160), "max_count": 300, "agnostic": False}
        for head, decoder, options in (
                ("yolov8", "detect.yolov8", {}), ("yolov5", "detect.yolov5", {}), ("end_to_end", "detect.boxes", {}),
                ("yolov8", "detect.yolov8", {"size": (224, 160), "agnostic": True}),
                ("yolov5", "detect.yolov5", {"size": (96, 192), "max_count": 3}), ("end_to_end", "detect.boxes", {"max_count": 2})):
            with self.subTest(head, **options):
                torch.manual_seed(5)
                given = {**usual, **options}
                model = Grid(head, *given["size"]).eval()
                ready = gp.detectors.ultralytics(head=head, score=0.3, iou=0.3, **given)
                manifest = self.pack(model, None, photos, pipeline=ready, labels=CLASSES, tool=TOOL)
                self.assertEqual(manifest["pipeline"][4]["op"], decoder)

                def answers(path, width, height, model=model, **rest):
                    return found_by_torchvision(model, path, width, height, 0.3, 0.3, **rest)
                size, rest = given.pop("size"), given
                for path in photos:
                    ours = self.expect_answers(lambda path: answers(path, *size, **rest), path, least=2)  # noqa: B023
                    self.assertEqual([one.label for one in ours], [CLASSES[one.index] for one in ours])
                others = [len(answers(path, *size, **{**rest, "agnostic": False, "max_count": 300})["scores"]) for path in photos]
                counts = [len(answers(path, *size, **rest)["scores"]) for path in photos]
                self.assertEqual(counts != others, bool({"agnostic", "max_count"} & set(options)), (counts, others))

    def test_the_detr_family_of_transformers(self):
        photos = [self.photo(200, 150), self.photo(90, 133, "tall.png")]
        sides, square = {"shortest_edge": 96, "longest_edge": 160}, {"height": 96, "width": 96}
        for make, processor in (
                (detr, transformers.DetrImageProcessor(size=sides, **NORMALISED)),
                (conditional_detr, transformers.ConditionalDetrImageProcessor(size=sides, **NORMALISED)),
                (deformable_detr, transformers.DeformableDetrImageProcessor(size=square, **NORMALISED)),
                (table_transformer, transformers.DetrImageProcessor(size=sides, **NORMALISED)),
                (rt_detr, transformers.RTDetrImageProcessor(size=square)),
                (rt_detr_v2, transformers.RTDetrImageProcessor(size=square)),
                (d_fine, transformers.RTDetrImageProcessor(size=square))):
            with self.subTest(make.__name__):
                torch.manual_seed(6)
                model = make().eval()
                score = self.score_that_some_have(model, processor, photos)
                ready = gp.detectors.detr(processor, score=score)
                manifest = self.pack(model, None, photos, pipeline=ready, tool=TOOL)
                self.assertEqual(manifest["pipeline"][-2]["op"], "detect.detr")
                for path in photos:
                    self.expect_answers(post_processed(model, processor, score), path)

    @staticmethod
    def score_that_some_have(model, processor, photos):
        """In the widest gap between scores above which each photo has a few."""
        each = [post_processed(model, processor, 0)(path)["scores"] for path in photos]
        most = min(float(scores[3]) for scores in each)  # the best come first
        scores = torch.cat(each).sort().values
        scores = scores[scores <= most]
        place = int(scores.diff().argmax())
        return float(scores[place] + scores[place + 1]) / 2

    def test_a_processor_alone_means_the_threshold_of_transformers(self):
        processor = transformers.RTDetrImageProcessor(size={"height": 96, "width": 96})
        manifest = self.pack(rt_detr(), None, (), pipeline=processor, tool=False)
        self.assertEqual({key: manifest["pipeline"][-2][key] for key in ("op", "activation", "score", "top")},
                         {"op": "detect.detr", "activation": "sigmoid", "score": 0.5, "top": 12})


class Gives(torch.nn.Module):
    """A network of `shapes`, filled with numbers that are no whole ones; or with those of `last` in the last column."""

    def __init__(self, *shapes, last=None, **attributes):
        super().__init__()
        self.shapes, self.last = shapes, last
        for name, value in attributes.items():
            setattr(self, name, value)

    def forward(self, images):
        given = [torch.full(shape, 0.3) + 0 * images.mean() for shape in self.shapes]
        if self.last is not None:
            given[0][..., -1] = self.last
        return given[0] if len(given) == 1 else tuple(given)


class OtherHeadsTest(PackingTest):
    """A head that would be decoded as something else is refused, with what came."""

    def expect_refused(self, message, model, labels=CLASSES, **options):
        ready = gp.detectors.ultralytics(160, **options)
        with self.assertRaisesRegex(gp.PackError, message):
            self.pack(model, None, pipeline=ready, labels=labels, tool=False)

    def test_heads_with_more_than_boxes_and_classes(self):
        other = "detect.yolov8_seg for the coefficients of masks, detect.yolov8 with keypoints for a pose"
        for model, head, came in (
                (Gives((1, 4 + 3 + 32, 525), (1, 32, 40, 40)), "yolov8", r"f32\[1, 39, 525\]"),  # -seg
                (Gives((1, 4 + 3 + 51, 525)), "yolov8", r"f32\[1, 58, 525\]"),                   # -pose
                (Gives((1, 4 + 3 + 1, 525)), "yolov8", r"f32\[1, 8, 525\]"),                     # -obb
                (Gives((1, 525, 5 + 3 + 32), (1, 32, 40, 40)), "yolov5", r"f32\[1, 525, 40\]"),  # -seg
                (Gives((1, 300, 6 + 32), (1, 32, 40, 40)), "yolov8", r"f32\[1, 300, 38\]"),      # -seg, end to end
                (Gives((1, 300, 6 + 32), (1, 32, 40, 40)), "end_to_end", r"f32\[1, 300, 38\]"),
                (Gives((1, 300, 7), last=1), "end_to_end", r"f32\[1, 300, 7\]"),                 # -obb, end to end
                (Gives((1, 525, 7)), "yolov8", r"f32\[1, 525, 7\]")):                            # the axes exchanged
            with self.subTest(came):
                self.expect_refused(f"the model gives {came}; a head of '{head}' .*{other}", model, head=head)

    def test_classifiers_and_what_is_no_tensor(self):
        self.expect_refused(r"gives f32\[1, 1000\]; a head of 'yolov8' is f32\[n, 4 \+ classes", Gives((1, 1000), (1, 1000)))
        self.expect_refused("gives dict; a head", model_of(lambda x: {"boxes": x}))
        self.expect_refused("fails on tensor f32\\[1, 3, 160, 160\\]: RuntimeError", torch.nn.Linear(3, 4))

    def test_boxes_that_are_final_and_those_that_are_not(self):
        final = "looks like boxes that are final; take head='end_to_end'"
        self.expect_refused(final, Gives((1, 300, 6), last=2))
        self.expect_refused(final, Gives((1, 300, 6), last=2), labels=["one"], head="yolov5")
        self.expect_refused("x0, y0, x1, y1, score and class", Gives((1, 525, 6)), head="end_to_end")  # one class of yolov5
        self.expect_refused("x0, y0, x1, y1, score and class", Gives((1, 7, 525)), head="end_to_end")

    def test_a_model_that_says_another_task(self):
        for task in ("segment", "pose", "obb", "classify"):
            self.expect_refused(f"task is '{task}', and this is the pipeline of 'detect'", Gives((1, 7, 525), task=task))

    def test_the_number_of_classes_is_said_by_classes_names_or_labels(self):
        self.expect_refused("nobody knows how many numbers are classes", Gives((1, 7, 525)), labels=None)
        named = Gives((1, 7, 525), names={0: "cat", 1: "dog"})
        self.expect_refused("'yolov8' with 2 classes", named)
        self.expect_refused("'yolov8' with 4 classes", named, classes=4)
        for model, options in ((Gives((1, 7, 525)), {"classes": 3}), (Gives((1, 7, 525), names=CLASSES, task="detect"), {})):
            self.pack(model, None, pipeline=gp.detectors.ultralytics(160, **options), tool=False)

    def test_arguments_that_mean_nothing(self):
        with self.assertRaisesRegex(gp.PackError, "head: expected one of yolov8, yolov5, end_to_end, got 'v8'"):
            gp.detectors.ultralytics(head="v8")
        for options in ({"classes": 0}, {"classes": "80"}, {"head": "end_to_end", "classes": 3}):
            with self.assertRaisesRegex(gp.PackError, "classes: expected how many classes a head of yolov8 or yolov5 has"):
                gp.detectors.ultralytics(**options)
        with self.assertRaisesRegex(gp.PackError, "expected an image processor .* got ViTImageProcessor"):
            gp.detectors.detr(transformers.ViTImageProcessor())

    def test_a_model_in_training_mode_stays_as_it_is(self):
        ready = gp.detectors.ultralytics(160)
        model = torch.nn.Sequential(torch.nn.BatchNorm2d(3)).train()
        with self.assertRaisesRegex(gp.PackError, "call model.eval\\(\\) first"):
            gp.pack(self.dir / "training", model, name="p", version="1", pipeline=ready, tool=False)
        self.assertEqual(int(model[0].num_batches_tracked), 0)


if __name__ == "__main__":
    unittest.main()
