# SPDX-License-Identifier: Apache-2.0
"""The page of gantry-server in a browser: python page_test.py SERVER MODELS PACKAGE CHROMEDRIVER CHROMIUM SCREENSHOTS

MODELS: what make_packages.py made; PACKAGE: the demo's package, which takes photos; SCREENSHOTS: a folder, made here."""
import importlib.util
import json
import pathlib
import shutil
import signal
import sys
import tempfile
import unittest

from PIL import Image

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from browser import Browser  # noqa: E402
from running_server import RunningServer  # noqa: E402

PROGRAM, MODELS, PACKAGE, CHROMEDRIVER, CHROMIUM = sys.argv[1:6]
SCREENSHOTS = pathlib.Path(sys.argv[6])
PHOTO = pathlib.Path(importlib.util.find_spec("skimage").submodule_search_locations[0], "data/chelsea.png")
HOSTILE = "<img src=x onerror=document.title='owned'>"  # a model's name
X = {"inputs": [{"name": "x", "shape": [1, 4], "datatype": "FP32", "data": [1, 2, 3, 4]}]}
CARD = "return [...document.querySelectorAll('#models article')].find((one) => one.innerText.startsWith(args[0]))?.innerText ?? ''"

# The least contrast of a text with what is behind it, as WCAG 2.1 has it, and that text.
CONTRAST = """
  const luminance = (rgb) => rgb.map((c) => c / 255).map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const behind = (node) => {
    const colour = numbers(getComputedStyle(node).backgroundColor);
    return colour.length === 3 || colour[3] === 1 ? colour.slice(0, 3) : behind(node.parentElement);
  };
  let least = [Infinity, ''];
  for (const node of document.querySelectorAll('body *')) {
    const has_text = [...node.childNodes].some((child) => child.nodeType === Node.TEXT_NODE && child.textContent.trim());
    if (!has_text || !node.checkVisibility() || node.disabled || node.closest('svg, option')) continue;
    const [a, b] = [numbers(getComputedStyle(node).color).slice(0, 3), behind(node)].map(luminance);
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < least[0]) least = [ratio, node.textContent];
  }
  return least;"""


def serve(models, *flags):
    return RunningServer(PROGRAM, models, "--models.allow_failed", "true", *flags)


class Page(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.models = cls.folder / "models"
        shutil.copytree(MODELS + "/affine", cls.models / "affine")
        shutil.copytree(MODELS + "/affine/1", cls.models / "broken/2")
        shutil.copytree(MODELS + "/affine/1", cls.models / HOSTILE / "1")
        (cls.models / "efficientnet-lite0").mkdir()
        (cls.models / "efficientnet-lite0/1").symlink_to(pathlib.Path(PACKAGE).resolve())
        cls.server = cls.enterClassContext(serve(cls.models))
        cls.browser = cls.enterClassContext(Browser(CHROMEDRIVER, CHROMIUM))
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)

    def setUp(self):
        self.expected_errors = ()  # fragments of what the browser may log
        self.browser.console()
        self.visit(self.server)

    def tearDown(self):
        for level, message in self.browser.console():
            self.assertTrue(any(fragment in message for fragment in self.expected_errors), f"{level}: {message}")

    def visit(self, server):
        self.browser.open(f"http://127.0.0.1:{server.port}/")
        self.browser.wait(lambda: self.browser.text("#state") != "connecting", "it shows nothing")

    def choose(self, model, version):
        self.browser.script("const select = document.getElementById('model'); select.value = args[0];"
                            "select.dispatchEvent(new Event('change'));", json.dumps([model, version], separators=(",", ":")))

    def run_form(self):
        self.browser.script("document.getElementById('answer').hidden = true")
        self.browser.click("#run")
        self.browser.wait(lambda: self.browser.script("return !document.getElementById('answer').hidden"), "no answer")

    def classify(self):
        self.choose("efficientnet-lite0", "1")
        self.browser.type("#file", PHOTO)
        self.run_form()

    def card(self, name):
        return self.browser.script(CARD, name)

    def test_a_picture_gets_the_classes_of_the_api(self):
        self.classify()
        _, answer = self.server.json("POST", "/v2/models/efficientnet-lite0/infer", PHOTO.read_bytes(),
                                     {"Content-Type": "image/png"})
        self.assertEqual(self.browser.texts("#answer .classes .label"), [one["label"] for one in answer["classes"]])
        for text, one in zip(self.browser.texts("#answer .classes .score"), answer["classes"], strict=True):
            self.assertAlmostEqual(float(text.removesuffix(" %")), one["score"] * 100, delta=0.51)
        self.assertIn("efficientnet-lite0, version 1", self.browser.text("#answer"))
        size = self.browser.script("const one = document.querySelector('#answer img'); return [one.naturalWidth, one.naturalHeight]")
        with Image.open(PHOTO) as photo:
            self.assertEqual(tuple(size), photo.size)

    def test_json_gets_the_tensors_of_the_api(self):
        self.choose("affine", "9")
        self.assertIn('"name":"x"', self.browser.script("return document.getElementById('json').value"))
        self.browser.script("document.getElementById('json').value = args[0]", json.dumps(X))
        self.run_form()
        self.assertEqual(self.browser.texts("#answer tbody td"), ["FP32 [1, 4]", "3, 5, 7, 9"])
        self.assertIn("affine, version 9", self.browser.text("#answer h3"))

    def test_a_refused_request_shows_the_reason(self):
        self.expected_errors = ("400 (Bad Request)",)  # the browser logs every such answer
        self.choose("affine", "9")
        self.browser.script("document.getElementById('json').value = args[0]", '{"inputs": []}')
        self.run_form()
        self.assertRegex(self.browser.text("#answer .trouble"), "^400: .*inputs")

    def test_models_that_failed_say_why_and_names_are_text(self):
        self.assertIn("the directory is broken/2, the package in it is affine/1", self.card("broken"))
        self.assertIn("unavailable", self.card("broken"))
        self.assertIn("the package in it is affine/1", self.card(HOSTILE))
        self.assertEqual(self.browser.script("return [document.querySelectorAll('img').length, document.title]"),
                         [0, "gantry-server"])
        self.assertNotIn(HOSTILE, self.browser.texts("#model option"))
        self.assertIn("ready, default", self.card("affine version 10"))

    def test_labels_are_text_and_masks_are_drawn(self):
        label, text, pixel = self.browser.script("""
          const {answer_nodes} = await import('/page/answer.js');
          const node = document.createElement('img');
          const found = [{index: 1, label: args[0], score: 0.5, box: [0, 0, 3, 3], mask: {size: [3, 3], counts: '0125'}}];
          document.getElementById('answer').replaceChildren(...answer_nodes({detections: found}, {node, width: 3, height: 3}));
          document.getElementById('answer').hidden = false;
          const {draw} = await import('/page/drawing.js');
          const canvas = document.createElement('canvas');
          draw(canvas, {width: 3, height: 3}, [{...found[0], box: undefined}], () => '');
          const alpha = canvas.getContext('2d').getImageData(0, 0, 3, 3).data.filter((_, i) => i % 4 === 3);
          return [document.querySelector('#answer .label').textContent, document.querySelectorAll('#answer img').length,
            [...alpha].map((a) => a > 0 ? 1 : 0)];""", HOSTILE)
        self.assertEqual((label, text), (HOSTILE, 1))
        # 0 outside, 1 inside, 2 outside, 6 inside, column by column; pycocotools reads it so
        self.assertEqual(pixel, [1, 1, 1, 0, 1, 1, 0, 1, 1])

    def test_every_kind_of_answer_is_found(self):
        for answer, shapes, tensors in [
                ({"quads": [{"quad": [[0, 0], [1, 0], [1, 1], [0, 1]], "score": 0.9}]}, 1, 0), ({"boxes": [[0, 0, 1, 1]] * 2}, 2, 0),
                ({"tuple": [{"detections": [{"index": 0, "label": "", "score": None, "box": [None, 0, 1, 1]}]}, {"boxes": []}]}, 1, 0),
                ({"keypoints": [[0, 0, 1], [1, 1, 1]]}, 1, 0), ({"masks": [{"size": [2, 3], "counts": "0122"}]}, 1, 0),
                ({"tensors": {"output": {"dtype": "f32", "shape": [2], "data": [0.5, None]}}}, 0, 1),
                ({"outputs": [{"name": "o", "datatype": "BYTES", "shape": [1], "data": ['{"boxes": [[0, 0, 1, 1]]}']}]}, 1, 0)]:
            got = self.browser.script("""
              const {answer_nodes, parts_of} = await import('/page/answer.js');
              answer_nodes(args[0], {node: document.createElement('img'), width: 8, height: 8});
              const parts = parts_of(args[0]);
              return [parts.shapes.length, parts.tensors.length];""", answer)
            self.assertEqual(got, [shapes, tensors], answer)

    def test_places_are_those_of_the_stored_pixels(self):
        picture = Image.new("RGB", (40, 20))
        exif = picture.getexif()
        exif[0x112] = 6  # to be turned by a quarter
        picture.save(self.folder / "turned.jpg", exif=exif)
        self.browser.type("#file", self.folder / "turned.jpg")
        for heeds, size in ((False, [40, 20]), (True, [20, 40])):
            got = self.browser.script("const {load_picture} = await import('/page/picture.js');"
                                      "const made = await load_picture(document.getElementById('file').files[0], args[0]);"
                                      "return [made.width, made.height]", heeds)
            self.assertEqual(got, size)

    def test_nothing_but_the_servers_files_runs(self):
        self.expected_errors = ("Trusted", "Content Security Policy", "ERR_BLOCKED_BY_CSP")
        got = self.browser.script("""
          const refused = (act) => { try { act(); return ''; } catch (error) { return error.name; } };
          const script = document.createElement('script');
          script.append('window.ran = true');
          const html = refused(() => { document.body.innerHTML = '<b>x</b>'; });
          refused(() => document.body.append(script));
          const button = document.createElement('button');
          refused(() => button.setAttribute('onclick', 'window.clicked = true'));
          button.click();
          const other = await fetch('http://127.0.0.1:1/').then(() => '', (error) => error.name);
          return [html, window.ran ?? false, window.clicked ?? false, other];""")
        self.assertEqual(got, ["TypeError", False, False, "TypeError"])
        self.assertTrue(any("connect-src" in message for _, message in self.browser.console()))

    def test_the_figures_live(self):
        self.browser.script("const period = document.getElementById('period'); period.value = 'start';"
                            "period.dispatchEvent(new Event('change'))")
        for _ in range(3):
            self.server.json("POST", "/v2/models/affine/versions/9/infer", X)
        self.server.json("POST", "/v2/models/affine/versions/9/infer", {"inputs": []})
        self.server.json("POST", "/v2/models/affine/versions/9/infer", {"inputs": [{**X["inputs"][0], "shape": [1, 2], "data": [1, 2]}]})
        self.browser.wait(lambda: "failed: " in self.card("affine version 9"), "no failed request")
        after = self.card("affine version 9")
        self.assertIn("invalid argument", after)
        self.assertIn("99 % within", after)
        charts = self.browser.script("return [...document.querySelectorAll('svg[role=img]')].map((one) => one.ariaLabel)")
        self.assertTrue(any(text.startswith("Histogram of ") for text in charts), charts)
        self.assertTrue(any(" engine calls: " in text for text in charts), charts)
        overview = " ".join(self.browser.texts(".tile"))
        for text in ("Requests", "Latency", "In flight", "Errors", "CPU", "Memory", "workers"):
            self.assertIn(text, overview)
        _, status = self.server.json("GET", "/v2/status")
        self.assertIn(status["runtime"]["budget"], overview)

    def test_the_plan_can_be_unfolded_and_stays_so(self):
        self.browser.script("[...document.querySelectorAll('#models article')].find((one) => one.innerText.startsWith('affine'))"
                            ".querySelector('.plan').parentNode.open = true")
        seen = self.browser.text("#uptime")
        self.browser.wait(lambda: self.browser.text("#uptime") != seen, "it is not refreshed")
        self.assertIn("pipeline 'affine': Tensor -> Tensor", self.card("affine version 1 "))

    def test_it_says_when_the_server_goes_and_comes_back(self):
        self.expected_errors = ("Failed to load resource",)
        with tempfile.TemporaryDirectory() as folder:
            with serve(self.models) as first:
                port = first.port
                self.visit(first)
            self.browser.wait(lambda: "The server does not answer" in self.browser.text("#trouble"), "it does not notice")
            self.assertEqual(self.browser.text("#state"), "no answer")
            with serve(self.models, "--http.listen", f"127.0.0.1:{port},unix:{folder}/s", "--drain.delay_ms", "30000") as second:
                self.browser.wait(lambda: self.browser.text("#state") == "ready", "it does not come back")
                self.assertEqual(self.browser.text("#trouble"), "")
                second.process.send_signal(signal.SIGTERM)
                self.browser.wait(lambda: "shutting down" in self.browser.text("#state"), "it does not show the shutdown")
                second.process.kill()

    def test_it_works_without_a_model(self):
        with tempfile.TemporaryDirectory() as folder:
            shutil.copytree(MODELS + "/affine/1", folder + "/broken/2")
            with serve(folder) as server:
                self.visit(server)
                self.assertEqual(self.browser.text("#form-note"), "No model is ready.")
                self.assertTrue(self.browser.script("return document.getElementById('run').disabled"))
                self.assertIn("the package in it is affine/1", self.card("broken"))
                self.assertEqual(self.browser.text("#no-engines"), "No engine has a model.")
                self.browser.script("const {show_models} = await import('/page/models.js'); show_models({models: [], engines: []});")
                self.assertEqual(self.browser.text("#no-models"), "No model is loaded.")
                self.browser.open("about:blank")  # before the server ends, which the page would log

    def test_it_is_read_on_every_screen(self):
        self.classify()
        for _ in range(20):
            self.server.json("POST", "/v2/models/affine/infer", X)
        self.browser.script("for (const one of document.querySelectorAll('details')) one.open = true")
        self.browser.wait(lambda: "99 % within" in self.card("affine version 10"), "no latency")
        unlabelled = "return [...document.querySelectorAll('input, select, textarea')].filter((one) => one.labels.length === 0).length"
        self.assertEqual(self.browser.script(unlabelled), 0)
        try:
            for name, scheme, size in [("light", "light", (1280, 900)), ("dark", "dark", (1280, 900)),
                                       ("phone", "light", (360, 780)), ("phone-dark", "dark", (360, 780))]:
                self.browser.colours(scheme)
                self.browser.size(*size, is_phone=name.startswith("phone"))
                self.assertLessEqual(self.browser.script("return document.documentElement.scrollWidth"), size[0], name)
                ratio, text = self.browser.script(CONTRAST)
                self.assertGreaterEqual(ratio, 4.5, f"{name}: {text}")
                self.browser.screenshot(SCREENSHOTS / f"{name}.png")
        finally:
            self.browser.colours("light")
            self.browser.size(1280, 900)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
