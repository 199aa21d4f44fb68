# SPDX-License-Identifier: Apache-2.0
"""gantry run --draw: one picture, a sheet, a page, and what it refuses.
Run by ctest; or: python tests/cli/draw_test.py GANTRY TEST_PACKAGES_DIR PLUGIN"""

import base64
import io
import re
import sys
import unittest

import numpy
from PIL import Image

from cli_test import COULD_NOT_RUN, FAILED, OK, USAGE, Case, gantry, lines, manifest, package

PLUGIN = sys.argv[3]
CELL = 296          # rows of a tile with its caption
GREEN = (30, 205, 60)       # of class 1
BAD = (255, 123, 114)       # of what failed, on a sheet
FIND = [{"op": "image.decode"}, {"op": "image.resize", "width": 30, "height": 20, "filter": "box"}, {"op": "test.bright"}]


def picture(width=300, height=200, box=(60, 80, 180, 160)):
    """Dark, but for a bright rectangle."""
    image = Image.new("RGB", (width, height), (40, 50, 60))
    image.paste((255, 250, 240), box)
    return image


def pixels(file):
    return numpy.asarray(Image.open(file).convert("RGB"))


def is_colour(found, colour, tolerance=0):
    return (numpy.abs(found.astype(int) - colour) <= tolerance).all(axis=-1)


class Drawn(Case):
    def setUp(self):
        super().setUp()
        self.finder = self.of_ops(FIND)
        self.photo = self.tmp / "photo.png"
        picture().save(self.photo)

    def run_drawn(self, out, *inputs, package=None, status=OK, stderr=""):
        result = gantry("run", "--plugin", PLUGIN, package or self.finder, *inputs, "--draw", out)
        return self.expect(result, status, stderr)

    def directory(self, count):
        directory = self.tmp / "photos"
        directory.mkdir()
        for i in range(count):
            picture(box=(60 + i, 80, 180, 160)).save(directory / f"{i:03}.png")
        return directory


class OnePicture(Drawn):
    def test_has_the_box_where_the_picture_has_what_was_found(self):
        out = self.tmp / "out.png"
        result = self.run_drawn(out, self.photo)
        found, = lines(result)[0]["result"]["detections"]
        self.assertEqual((found["label"], found["score"], found["box"]), ("bright", 0.75, [60, 80, 180, 160]))
        before, after = pixels(self.photo), pixels(out)
        self.assertEqual(before.shape, after.shape)
        self.assertTrue(is_colour(after[100:140, 59:61], GREEN).all(), "the left edge")
        self.assertTrue(is_colour(after[159:161, 70:170], GREEN).all(), "the lower edge")
        self.assertTrue(is_colour(after[69, 60:90], GREEN).all(), "the label above")
        changed = (before != after).any(axis=-1)
        changed[66:162, 58:182] = False
        self.assertFalse(changed.any())
        self.assertTrue((before[90:150, 70:170] == after[90:150, 70:170]).all())

    def test_can_be_a_jpeg(self):
        out = self.tmp / "out.JPG"
        self.run_drawn(out, self.photo)
        self.assertEqual(out.read_bytes()[:3], b"\xff\xd8\xff")
        self.assertTrue(is_colour(pixels(out)[100:140, 59], GREEN, 60).all())

    def test_is_upright_where_the_package_turns_it(self):
        turned = self.tmp / "turned.jpg"
        exif = Image.Exif()
        exif[0x0112] = 6
        picture().transpose(Image.Transpose.ROTATE_90).save(turned, quality=95, exif=exif)
        upright = [{"op": "image.decode", "exif_orientation": True}, *FIND[1:]]
        out = self.tmp / "out.png"
        self.run_drawn(out, turned, package=self.of_ops(upright))
        self.assertEqual(pixels(out).shape, (200, 300, 3))
        self.assertTrue(is_colour(pixels(out)[110:130, 59:61], GREEN).all())
        self.run_drawn(out, turned)  # as it is stored
        self.assertEqual(pixels(out).shape, (300, 200, 3))

    def test_may_be_given_to_a_pipeline_that_takes_images(self):
        out = self.tmp / "out.png"
        self.run_drawn(out, self.photo, package=self.of_ops(FIND[1:]))
        self.assertTrue(is_colour(pixels(out)[100:140, 59:61], GREEN).all())

    def test_of_classes_has_the_best_as_a_caption(self):
        directory = package("tiny-cnn")
        sample = directory / manifest(directory)["golden"][0]["input"]["file"]
        out = self.tmp / "out.png"
        self.expect(gantry("run", directory, sample, "--draw", out), OK)
        before, after = pixels(sample), pixels(out)
        self.assertEqual(before.shape, after.shape)
        self.assertTrue((before[11:] == after[11:]).all())
        self.assertFalse((before[:11] == after[:11]).all())

    def test_that_failed_is_not_drawn(self):
        broken, out = self.tmp / "broken.png", self.tmp / "out.png"
        broken.write_bytes(self.photo.read_bytes()[:200])
        result = self.run_drawn(out, broken, status=FAILED, stderr="--draw: the input failed, so nothing is drawn")
        self.assertIn("error", lines(result)[0])
        self.assertFalse(out.exists())


class Sheets(Drawn):
    def test_of_a_directory_have_all_pictures_and_their_errors(self):
        directory = self.directory(5)
        (directory / "003.png").write_bytes(b"no picture")
        out = self.tmp / "out.png"
        result = self.run_drawn(out, directory, status=FAILED)
        self.assertEqual(["error" in line for line in lines(result)], [False, False, False, True, False])
        sheet = pixels(out)
        self.assertEqual(sheet.shape, (40 + 2 * CELL + 16, 16 + 3 * 336, 3))
        tiles = [sheet[40 + i // 3 * CELL:, 16 + i % 3 * 336:][:240, :320] for i in range(5)]
        for i, tile in enumerate(tiles):
            self.assertEqual(is_colour(tile, GREEN).sum() > 300, i != 3, i)
            self.assertEqual(is_colour(tile, BAD).any(), i == 3, i)
        # The picture is 320x213 within the tile; its box lies where it lay.
        self.assertTrue(is_colour(tiles[0][13 + 110:13 + 140, 63:65], GREEN).all())

    def test_are_for_several_files_and_for_directories_of_one(self):
        out = self.tmp / "out.jpg"
        self.run_drawn(out, self.photo, self.photo)
        self.assertEqual(pixels(out).shape, (40 + CELL + 16, 16 + 2 * 336, 3))
        self.run_drawn(out, self.directory(1))
        self.assertEqual(pixels(out).shape, (40 + CELL + 16, 16 + 336, 3))

    def test_hold_64_pictures(self):
        directory = self.directory(65)
        result = self.run_drawn(self.tmp / "out.png", directory, status=USAGE,
                                stderr="a sheet holds 64 pictures, and there are 65; a name that ends in .html")
        self.assertEqual(result.stdout, "")
        (directory / "000.png").unlink()
        self.run_drawn(self.tmp / "out.png", directory)
        self.assertEqual(len(lines(self.run_drawn(self.tmp / "out.html", directory, self.photo))), 65)

    def test_show_strips_and_small_pictures_as_large_as_fits(self):
        strip, small = self.tmp / "strip.png", self.tmp / "small.png"
        picture(3000, 2, (0, 0, 3000, 2)).save(strip)
        picture(8, 8, (0, 0, 8, 8)).save(small)
        self.run_drawn(self.tmp / "out.png", strip, small)
        sheet = pixels(self.tmp / "out.png")
        self.assertTrue(is_colour(sheet[40 + 5, 16 + 336 + 150], GREEN).any() or
                        is_colour(sheet[40:280, 16 + 336:672], GREEN).sum() > 400)


class Pages(Drawn):
    def test_hold_the_pictures_names_and_errors(self):
        directory = self.directory(3)
        picture().save(directory / "<b>&.png")
        (directory / "zz.png").write_bytes(b"no picture")
        out = self.tmp / "out.html"
        self.run_drawn(out, directory, status=FAILED)
        page = out.read_text()
        jpegs = [Image.open(io.BytesIO(base64.b64decode(data))) for data in re.findall(r"data:image/jpeg;base64,([^\"]*)", page)]
        self.assertEqual([(jpeg.format, jpeg.size) for jpeg in jpegs], [("JPEG", (640, 427))] * 4)
        for jpeg in jpegs[:3]:
            self.assertTrue(is_colour(numpy.asarray(jpeg)[240:300, 127:129], GREEN, 60).any(axis=1).all())
        self.assertIn("<b>&lt;b&gt;&amp;.png</b>", page)
        self.assertNotIn("<b>&.png", page)
        self.assertIn("1: bright 0.75", page)
        self.assertIn('1 failed: <a href="#p5">zz.png</a>', page)
        self.assertRegex(page, r'id="p5"><div class="error"><b class="bad">failed</b>invalid_argument: .*not a JPEG')
        self.assertNotRegex(page, r"(src|href)=\"(?!data:|#)")

    def test_of_one_picture_are_pages_too(self):
        out = self.tmp / "out.html"
        self.run_drawn(out, self.photo)
        self.assertIn("<p class=\"soft\">1 picture</p>", out.read_text())


class Refusals(Drawn):
    def test_what_cannot_be_drawn_is_refused_before_it_runs(self):
        image = {"op": "image.decode"}
        cases = {"Detections, Quads, Classes, Masks and a Tensor of labels can be drawn; the pipeline gives Image": (
                     self.of_ops([image]), "out.png"),
                 "there is no picture to draw on; the pipeline takes Tensor": (
                     self.of_ops([{"op": "top_k", "k": 1}]), "out.png"),
                 "expected a name that ends in .png, .jpg or .html, got": (self.finder, "out.gif")}
        for message, (directory, out) in cases.items():
            with self.subTest(message):
                result = self.run_drawn(self.tmp / out, self.photo, package=directory, status=USAGE, stderr=message)
                self.assertEqual(result.stdout, "")
        result = self.run_drawn(self.tmp / "none" / "out.png", self.photo, status=COULD_NOT_RUN,
                                stderr="there is no directory '")
        self.assertEqual(result.stdout, "")

    def test_an_input_is_not_written_over(self):
        before = self.photo.read_bytes()
        self.run_drawn(self.photo, self.photo, status=USAGE, stderr="photo.png' is one of the inputs")
        (self.tmp / "link.png").symlink_to(self.photo)
        self.run_drawn(self.tmp / "link.png", self.photo, status=USAGE, stderr="link.png' is one of the inputs")
        self.assertEqual(self.photo.read_bytes(), before)

    def test_a_file_that_cannot_be_written_is_said(self):
        (self.tmp / "out.png").mkdir()
        result = self.run_drawn(self.tmp / "out.png", self.photo, status=COULD_NOT_RUN, stderr="--draw: cannot write '")
        self.assertEqual(len(lines(result)), 1)

    def test_says_where_what_is_drawn_may_lie_elsewhere(self):
        db = {"op": "detect.db", "threshold": 0.99}
        before = [{"op": "image.decode"}, {"op": "image.letterbox", "size": 64}, {"op": "image.to_gray"}, {"op": "image.to_tensor"}]
        for behind, words in (([db], "what is found back to the picture's own pixels"), ([db, {"op": "detect.quads_to_picture"}], "")):
            result = self.expect(gantry("run", self.of_ops(before + behind), self.photo, "--draw", self.tmp / "out.png"), OK)
            self.assertIn(words, result.stderr)
            self.assertEqual(result.stderr == "", words == "")

    def test_until_and_draw_exclude_each_other(self):
        self.expect(gantry("run", self.finder, self.photo, "--until", "image.decode", "--npy", "x.npy", "--draw", "y.png"),
                    USAGE, "--until stops before that")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
