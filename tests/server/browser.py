# SPDX-License-Identifier: Apache-2.0
"""Browser: a headless Chromium that a test drives with W3C WebDriver, by chromedriver's HTTP interface."""
import base64
import http.client
import json
import pathlib
import re
import subprocess
import tempfile
import time

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # WebDriver's name for a reference to an element


class Browser:
    def __init__(self, chromedriver, chromium):
        self.profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self.process = subprocess.Popen([chromedriver, "--port=0"], stdout=subprocess.PIPE, text=True)
        for line in self.process.stdout:
            if found := re.search(r"started successfully on port (\d+)", line):
                self.port = int(found[1])
                break
        else:
            raise AssertionError("chromedriver did not start")
        # No sandbox, and no shared memory: neither is there in a container.
        options = {"binary": chromium, "args": ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu",
                                                f"--user-data-dir={self.profile.name}", "--window-size=1280,900"]}
        self.session = ""
        self.session = self.call("POST", "/session", {"capabilities": {"alwaysMatch": {
            "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}}})["sessionId"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.call("DELETE", "")
        finally:
            self.process.terminate()
            self.process.wait(timeout=60)
            self.process.stdout.close()
            self.profile.cleanup()

    def call(self, method, path, body=None):
        if self.session:
            path = f"/session/{self.session}{path}"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            connection.request(method, path, None if method != "POST" else json.dumps(body or {}))
            value = json.loads(connection.getresponse().read())["value"]
        finally:
            connection.close()
        if isinstance(value, dict) and "error" in value:
            raise AssertionError(f"{method} {path}: {value['error']}: {value['message']}")
        return value

    def open(self, url):
        self.call("POST", "/url", {"url": url})

    def script(self, text, *arguments):
        """What the function body `text` returns; it may await. Fails with what it throws."""
        value, error = self.call("POST", "/execute/async", {
            "script": "const done = arguments[arguments.length - 1];"
                      f"(async (...args) => {{{text}}})(...arguments)"
                      ".then((value) => done([value, '']), (error) => done([null, `${error}`]));",
            "args": list(arguments)})
        assert not error, error
        return value

    def find(self, css):
        return self.call("POST", "/element", {"using": "css selector", "value": css})[ELEMENT]

    def type(self, css, text):
        """Types into a field; for a file field, `text` is the file's path."""
        self.call("POST", f"/element/{self.find(css)}/value", {"text": str(text)})

    def click(self, css):
        self.call("POST", f"/element/{self.find(css)}/click")

    def text(self, css):
        """As it is seen."""
        return self.call("GET", f"/element/{self.find(css)}/text")

    def texts(self, css):
        return self.script("return [...document.querySelectorAll(args[0])].map((node) => node.innerText)", css)

    def wait(self, condition, what):
        """Until `condition()` is true; fails after a minute."""
        end = time.monotonic() + 60
        while not condition():
            assert time.monotonic() < end, f"{what}; the page says: {self.text('body')}"
            time.sleep(0.05)

    def console(self):
        """What was logged since the last call: [(level, message)]."""
        return [(one["level"], one["message"]) for one in self.call("POST", "/se/log", {"type": "browser"})]

    def devtools(self, command, **parameters):
        return self.call("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def colours(self, scheme):
        """`scheme`: "light" or "dark"."""
        self.devtools("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def size(self, width, height, is_phone=False):
        self.devtools("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=is_phone)

    def screenshot(self, path):
        """The whole page."""
        shot = self.devtools("Page.captureScreenshot", captureBeyondViewport=True)
        pathlib.Path(path).write_bytes(base64.b64decode(shot["data"]))
