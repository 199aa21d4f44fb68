# SPDX-License-Identifier: Apache-2.0
"""Detectors as packages: from a model object alone, from heads and ops, and in a cascade. The gantry tool opens each, so what
C++ finds is what the Python stack finds. Run by ctest; or: python tests/pack/detect_test.py GANTRY"""

import sys
import unittest
from pathlib import Path

TOOL = Path(sys.argv.pop()).resolve() if len(sys.argv) > 1 and not sys.argv[-1].startswith("-") else None

import torch  # noqa: E402
import torchvision  # noqa: E402
from PIL import Image  # noqa: E402
from torchvision.models import detection  # noqa: E402
from torchvision.models.detection import faster_rcnn as faster_rcnn_parts  # noqa: E402
from torchvision.models.detection import keypoint_rcnn as keypoint_rcnn_parts, mask_rcnn as mask_rcnn_parts  # noqa: E402
from torchvision.models.detection.anchor_utils import AnchorGenerator  # noqa: E402
from torchvision.models.detection.roi_heads import paste_masks_in_image  # noqa: E402

from detecting import DetectingTest  # noqa: E402
from packing import gp  # noqa: E402
from gantry_pack.run_lengths import of_pixels, to_pixels  # noqa: E402

SHARPNESS = 2  # of scores: a few boxes above the threshold
CLASSES = ["background", "cat", "dog", "bird", "fish"]


def ssdlite():
    """With random weights, whose layers are made to give numbers of the size that trained ones give."""
    torch.manual_seed(1)
    model = detection.ssdlite320_mobilenet_v3_large(weights=None, weights_backbone=None, num_classes=len(CLASSES),
                                                    score_thresh=0.4, detections_per_img=20)
    for layer in model.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.momentum = 1.0
    with torch.no_grad():
        model.train().head(list(model.backbone(torch.rand(4, 3, 320, 320) * 2 - 1).values()))
        for layer in model.head.classification_head.module_list:
            layer[1].weight.mul_(SHARPNESS)
    return model.eval()


def answers_of(model):
    def answers(path):
        with torch.no_grad():
            return model([torchvision.transforms.functional.to_tensor(Image.open(path).convert("RGB"))])[0]
    return answers


class Levels(torch.nn.Module):
    """A backbone that gives three levels of features, of 8, 16 and 32 pixels a place."""

    out_channels = 32

    def __init__(self):
        super().__init__()
        self.steps = torch.nn.ModuleList([torch.nn.Conv2d(3, 32, 9, 8, 4), torch.nn.Conv2d(32, 32, 3, 2, 1),
                                          torch.nn.Conv2d(32, 32, 3, 2, 1)])

    def forward(self, images):
        features = {}
        for step in self.steps:
            images = step(images).relu()
            features[str(len(features))] = images
        return features


def detector_of_levels(kind, sizes, ratios, sharpness):
    torch.manual_seed(2)
    model = kind(Levels(), len(CLASSES), anchor_generator=AnchorGenerator(sizes, (ratios,) * 3), min_size=160, max_size=240,
                 detections_per_img=20)
    with torch.no_grad():
        for head in (model.head.classification_head, model.head.regression_head):
            for layer in head.modules():
                if isinstance(layer, torch.nn.Conv2d):
                    layer.weight.mul_(3)
        head = model.head.classification_head.cls_logits
        head.weight.mul_(sharpness)
        head.bias.fill_(-2.0)
    return model.eval()


def retinanet():
    return detector_of_levels(detection.RetinaNet, ((16, 20), (32, 40), (64, 80)), (0.5, 1.0, 2.0), 200)


def fcos():
    return detector_of_levels(detection.FCOS, ((8,), (16,), (32,)), (1.0,), 40)


def pooled(side):
    return torchvision.ops.MultiScaleRoIAlign(["0", "1", "2"], side, 2)


def two_stages(kind=detection.FasterRCNN, is_small=True, **more):
    """`is_small`: with few proposals and a small head; with torchvision's sizes each call takes half a second."""
    torch.manual_seed(3)
    generator = AnchorGenerator(((16, 20), (32, 40), (64, 80)), ((0.5, 1.0, 2.0),) * 3)
    model = kind(Levels(), len(CLASSES), rpn_anchor_generator=generator, min_size=160, max_size=240, box_roi_pool=pooled(7),
                 box_detections_per_img=20, box_score_thresh=0.3,
                 **({"rpn_pre_nms_top_n_test": 200, "rpn_post_nms_top_n_test": 100} if is_small else {}), **more)
    if is_small:
        model.roi_heads.box_head = faster_rcnn_parts.TwoMLPHead(32 * 7 * 7, 64)
        model.roi_heads.box_predictor = faster_rcnn_parts.FastRCNNPredictor(64, len(CLASSES))
    with torch.no_grad():
        for layer in (model.rpn.head.cls_logits, model.roi_heads.box_predictor.cls_score):
            layer.weight.mul_(30)
    return model.eval()


def mask_rcnn():
    """Its probabilities lie on both sides of the threshold, few of them near to it."""
    model = two_stages(detection.MaskRCNN, is_small=False, mask_roi_pool=pooled(14))
    model.roi_heads.mask_head = mask_rcnn_parts.MaskRCNNHeads(32, (16,), 1)
    model.roi_heads.mask_predictor = mask_rcnn_parts.MaskRCNNPredictor(16, 16, len(CLASSES))
    with torch.no_grad():
        model.roi_heads.mask_predictor.mask_fcn_logits.weight.mul_(20)
    return model.eval()


def keypoint_rcnn(keypoints=3):
    model = two_stages(detection.KeypointRCNN, keypoint_roi_pool=pooled(14), num_keypoints=keypoints)
    model.roi_heads.keypoint_head = keypoint_rcnn_parts.KeypointRCNNHeads(32, (16,))
    model.roi_heads.keypoint_predictor = keypoint_rcnn_parts.KeypointRCNNPredictor(16, keypoints)
    with torch.no_grad():
        model.roi_heads.keypoint_predictor.kps_score_lowres.weight.mul_(1000)
    return model.eval()


@unittest.skipIf(TOOL is None, "needs the gantry tool")
class DetectTest(DetectingTest):
    tool = TOOL

    def test_an_ssd_detector_is_packed_from_the_model_object_alone(self):
        model = ssdlite()
        photos = [self.photo(400, 300), self.photo(120, 333, "tall.png")]
        manifest = self.pack(model, None, photos, labels=CLASSES, tool=TOOL, engine_order="measured")  # its plans as well
        self.assertEqual(manifest["pipeline"][4]["op"], "detect.ssd")
        for path in photos:
            ours = self.expect_answers(answers_of(model), path)
            self.assertEqual({CLASSES[one.index] for one in ours}, {one.label for one in ours})

    def test_a_reference_may_give_keypoints_as_torchvision_or_numpy_has_them(self):
        import numpy
        ours = gp.Detections([gp.Detection(1, "", 0.5, (1.0, 2.0, 3.0, 4.0), ((5.0, 6.0, 0.25),))])
        theirs = {"boxes": torch.tensor([[1.0, 2, 3, 4]]), "scores": torch.tensor([0.5]), "labels": torch.tensor([1]),
                  "keypoints": torch.tensor([[[5.0, 6, 1]]]), "keypoints_scores": torch.tensor([[0.25]])}
        self.assertIsNone(gp.difference(theirs, ours, gp.EXACT, "found"))
        theirs["keypoints_scores"][0, 0] = 0.75
        self.assertIn("0.25", gp.difference(theirs, ours, gp.EXACT, "found"))
        rows = gp.Keypoints([(5.0, 6.0, 0.25)])
        step = gp.Tolerance(1e-3)
        for close in (numpy.float32([[5.0005, 6, 0.25]]), torch.tensor([[5.0005, 6, 0.25]]),
                      [(numpy.float32(5.0005), numpy.float64(6), 0.25)]):
            self.assertIsNone(gp.difference(close, rows, step, "points"))
            self.assertIsNotNone(gp.difference(close, rows, gp.EXACT, "points"))

    def test_detectors_of_pictures_of_any_size_are_packed_from_the_model_object_alone(self):
        photos = [self.photo(200, 150), self.photo(90, 233, "tall.png"), self.photo(311, 207, "large.png")]
        for kind, decoder in ((retinanet, "detect.retinanet"), (fcos, "detect.fcos")):
            with self.subTest(decoder):
                model = kind()
                manifest = self.pack(model, None, photos[:2], labels=CLASSES, tool=TOOL)
                self.assertEqual([op["op"] for op in manifest["pipeline"]], [
                    "image.decode", "image.to_tensor", "interpolate", "pad_to", "model", decoder, "detect.clip", "detect.nms",
                    "detect.to_picture", "detect.label"])
                for path in photos:
                    self.expect_answers(answers_of(model), path)

    def expect_two_stages(self, model, ops, outputs, alike):
        """Packs it, and compares what the tool finds with the detector's own answers."""
        photos = [self.photo(200, 150), self.photo(90, 233, "tall.png"), self.photo(311, 207, "large.png")]
        manifest = self.pack(model, None, photos[:2], labels=CLASSES, tool=TOOL)
        self.assertEqual([op["op"] for op in manifest["pipeline"]], [
            "image.decode", "image.to_tensor", "interpolate", "model", "detect.boxes", *ops, "detect.label"])
        self.assertEqual([spec["shape"] for spec in manifest["models"]["model"]["outputs"]],
                         [["found", 4], ["found"], ["found"], *outputs])
        library = next(Path(torchvision.__file__).parent.glob("_C*.so"))
        for path in photos:
            alike(answers_of(model)(path), self.expect_answers(answers_of(model), path, libraries=[library]))

    def test_a_two_stage_detector_is_packed_from_the_model_object_alone(self):
        self.expect_two_stages(two_stages(), ["detect.to_picture"], [], lambda theirs, ours: None)

    def test_a_mask_rcnn_is_packed_from_the_model_object_alone(self):
        """Pixels are equal, but for those whose probability is within rounding of 0.5."""
        def alike(theirs, ours):
            areas = (theirs["masks"] > 0.5).sum((1, 2, 3))
            boxes = (theirs["boxes"][:, 2:] - theirs["boxes"][:, :2]).prod(1)
            self.assertTrue(((areas > 0.1 * boxes) & (areas < 0.9 * boxes)).any())  # a shape, not a box
            pixels = torch.stack([torch.from_numpy(to_pixels(one.mask)) for one in ours]).bool()
            near = (theirs["masks"][:, 0] - 0.5).abs() < 1e-4
            self.assertLess(int(near.sum()), 10)
            self.assertTrue(bool(((pixels == (theirs["masks"][:, 0] > 0.5)) | near).all()))
        self.expect_two_stages(mask_rcnn(), ["detect.paste_masks"], [["found", 1, 28, 28]], alike)

    def test_a_keypoint_rcnn_is_packed_from_the_model_object_alone(self):
        def alike(theirs, ours):
            self.assertEqual({len(one.keypoints) for one in ours}, {3})
            self.assertGreater(float(theirs["keypoints"][..., :2].std()), 1)
        self.expect_two_stages(keypoint_rcnn(), ["detect.to_picture"], [["found", 3, 3], ["found", 3]], alike)

    def test_a_two_stage_detector_that_finds_nothing_finds_nothing_when_packed(self):
        for kind in (mask_rcnn, keypoint_rcnn):
            with self.subTest(kind.__name__):
                model = kind()
                model.roi_heads.score_thresh = 1.0
                self.pack(model, None, [self.photo(200, 150)], labels=CLASSES, tool=TOOL)

    def test_a_detector_that_does_something_else_before_its_network_is_refused(self):
        class Other(detection.transform.GeneralizedRCNNTransform):
            def normalize(self, image):
                return super().normalize(image.flip(0))
        model = retinanet()
        model.transform.__class__ = Other
        with self.assertRaisesRegex(gp.PackError, "its transform is a .*Other, not torchvision's"):
            self.pack(model, None, tool=False)

    def test_a_detector_in_training_mode_is_refused_and_stays_as_it_is(self):
        model = retinanet().train()
        with self.assertRaisesRegex(gp.PackError, "call model.eval\\(\\) first"):
            gp.pack(self.dir / "training", model, name="p", version="1", tool=False)
        self.assertTrue(all(module.training for module in model.modules()))

    def test_what_a_known_model_does_not_take_is_refused(self):
        with self.assertRaisesRegex(gp.PackError, "example_inputs: of torchvision's RetinaNet what is exported has an example"):
            self.pack(retinanet(), torch.zeros(1, 3, 64, 64), tool=False)

    def test_libraries_come_behind_those_that_a_known_model_needs(self):
        library = next(Path(torch.__file__).parent.glob("lib/libshm.so"))
        for given, wanted in (([], ["torchvision"]), ([library, "torchvision"], ["torchvision", "ops/libshm.so"])):
            manifest = self.pack(two_stages(), None, libraries=given, tool=False)
            self.assertEqual(manifest["models"]["model"]["engines"][0]["options"]["libraries"], wanted)

    def test_a_detector_whose_answers_differ_is_not_written(self):
        """As somebody's own detector that does more than torchvision's."""
        for key, more in (("boxes", 40), ("scores", 0.1)):
            with self.subTest(key):
                model = ssdlite()
                original = model.postprocess_detections
                model.postprocess_detections = lambda *given: [{**found, key: found[key] + more} for found in original(*given)]
                with self.assertRaisesRegex(gp.CheckFailed, "photo.png.*expected"):
                    self.pack(model, None, [self.photo(200, 200)], tool=False)

    def test_a_detector_whose_boxes_are_coded_otherwise_is_refused(self):
        model = ssdlite()
        model.box_coder.weights = (1.0, 1.0, 1.0, 1.0)
        with self.assertRaisesRegex(gp.PackError, "box_coder has the weights"):
            self.pack(model, None, [self.photo(200, 200)], tool=False)

    def test_what_lies_at_a_threshold_is_said(self):
        class Fixed(torch.nn.Module):
            def forward(self, x):
                boxes = torch.tensor([[0.0, 0, 10, 10], [0, 0, 10, 5], [50, 50, 60, 60]])
                return {"boxes": boxes + 0 * x[:, None, None], "scores": torch.tensor([[0.9], [0.8], [0.3]]) + 0 * x[:, None, None]}
        for score, iou, wanted in ((0.3, 0.7, ["score"]), (0.2, 0.5, ["iou"]), (0.2, 0.7, [])):
            with self.subTest(f"{score}, {iou}"):
                self.said.truncate(0)
                self.pack(Fixed(), torch.zeros(2), [torch.tensor(1.0)], tool=False, pipeline=[
                    "model", {"op": "detect.boxes", "score": score}, {"op": "detect.nms", "iou": iou}])
                said = self.said.getvalue()
                for key in ("score", "iou"):
                    self.assertEqual(f"near to the `{key}`" in said, key in wanted, said)

    def test_masks_are_those_that_torchvision_pastes(self):
        class Shapes(torch.nn.Module):  # boxes, and in each a shape that depends on the image
            def forward(self, image):
                boxes = torch.tensor([[4.0, 4, 30, 20], [-3, 8, 44.5, 60], [0, 0, 9, 9]]) + image.mean((1, 2, 3))[:, None, None] * 0
                planes = torch.nn.functional.adaptive_avg_pool2d(image.mean(1, keepdim=True), (14, 14))
                return {"boxes": boxes, "scores": torch.tensor([0.9, 0.8, 0.7]) + 0 * boxes[..., 0],
                        "masks": torch.cat((planes, 1 - planes, planes), 1)[:, :, None]}
        model = Shapes().eval()

        def reference(path):
            image = Image.open(path).convert("RGB")
            pixels = torchvision.transforms.functional.to_tensor(image.resize((48, 64), Image.Resampling.BILINEAR))
            found = {name: value[0] for name, value in model(pixels[None]).items()}
            boxes = found["boxes"].clamp(min=0) * torch.tensor([image.width / 48, image.height / 64]).repeat(2)
            unclipped = found["boxes"] * torch.tensor([image.width / 48, image.height / 64]).repeat(2)
            masks = paste_masks_in_image(found["masks"], unclipped, (image.height, image.width), padding=1)
            return {"boxes": boxes, "scores": found["scores"], "labels": torch.zeros(3, dtype=torch.int64), "masks": masks}
        photo = self.photo(96, 128)
        head = {"op": "detect.boxes", "labels": "", "masks": "masks"}
        self.pack(model, torch.rand(1, 3, 64, 48), [photo], tool=TOOL, reference=reference, pipeline=[
            "image.decode", {"op": "image.resize", "width": 48, "height": 64}, "image.to_tensor", "model", head,
            {"op": "detect.nms", "iou": 0.9}, "detect.paste_masks"])
        found = self.result(photo)["detections"]
        self.assertEqual([one["mask"]["size"] for one in found], [[128, 96]] * 3)
        self.assertTrue(all(to_pixels(gp.RunLengths(**one["mask"])).any() for one in found))

    def test_masks_that_differ_are_not_packed(self):
        masks = torch.ones(1, 4, 4)
        ours = gp.Detections([gp.Detection(0, "", 0.5, (0, 0, 4, 4), mask=of_pixels(masks[0]))])
        theirs = {"boxes": torch.tensor([[0.0, 0, 4, 4]]), "scores": torch.tensor([0.5]), "labels": torch.tensor([0]), "masks": masks}
        self.assertIsNone(gp.difference(theirs, ours, gp.EXACT, "it"))
        masks[0, 0, 0] = 0
        self.assertIn("1 pixels of the mask differ, 0 may", gp.difference(theirs, ours, gp.EXACT, "it"))
        self.assertIsNone(gp.difference(theirs, ours, gp.Tolerance(0.05), "it"))

    def test_masks_may_be_a_tensor_or_an_array(self):
        planes = torch.rand(3, 5, 7, generator=torch.Generator().manual_seed(1)) > 0.4
        ours = gp.Masks(map(of_pixels, planes))
        for theirs in (planes, planes.numpy(), ours):
            self.assertIsNone(gp.difference(theirs, ours, gp.EXACT, "masks"))
        for theirs, message in ((~planes, r"masks\[0\]: .* pixels of the mask differ"), (planes[:2], "expected 3 masks, got 2"),
                                (planes.float(), r"got torch.float32\[3, 5, 7\], expected masks, or bool"),
                                (planes[0].numpy(), r"got bool\[5, 7\], expected masks, or bool"),
                                (planes[:, :4], "mask of")):
            self.assertRegex(gp.difference(theirs, ours, gp.EXACT, "masks"), message)
        self.assertIsNone(gp.difference(planes[:0], gp.Masks(), gp.EXACT, "masks"))

    def test_what_is_found_goes_to_the_next_model_as_crops(self):
        class Corners(torch.nn.Module):  # "finds" what is bright and what is dark
            def forward(self, image):
                mean = image.mean((1, 2, 3))
                boxes = torch.tensor([[4.0, 4, 30, 20], [20, 8, 44, 40], [0, 0, 9, 9]]) + mean[:, None, None] * 0
                return {"boxes": boxes, "scores": torch.stack([0.9 - mean * 0, mean * 0 + 0.8, mean * 0 + 0.2], 1)[..., None]}

        class Classifier(torch.nn.Module):
            def forward(self, crop):
                return torch.stack([crop.mean((1, 2, 3)), crop[:, 0].mean((1, 2))], 1)
        to_tensor = {"op": "image.to_tensor"}
        crops = {"op": "detect.crop", "margin": 0.1, "square": True}
        pipeline = [
            "image.decode",
            {"op": "fork", "branches": [
                [{"op": "image.to_rgb"}],
                [{"op": "image.letterbox", "size": 48}, to_tensor, {"op": "model", "name": "detector"},
                 {"op": "detect.boxes", "score": 0.5}, "detect.nms", "detect.to_picture"]]},
            crops,
            {"op": "each", "do": [{"op": "image.resize", "width": 8, "height": 8}, to_tensor,
                                  {"op": "model", "name": "classifier"}, "softmax", {"op": "top_k", "k": 1}]}]
        models = {"detector": gp.Model(Corners().eval(), torch.rand(1, 3, 48, 48), engines=["torchscript"]),
                  "classifier": gp.Model(Classifier().eval(), torch.rand(1, 3, 8, 8), engines=["torchscript"])}
        self.package = gp.pack(self.dir / "cascade", models=models, pipeline=pipeline, samples=[self.photo(90, 60)],
                               name="cascade", version="1", tool=TOOL)
        self.assertEqual(len(self.result(self.dir / "photo.png")["list"]), 2)


if __name__ == "__main__":
    unittest.main()
