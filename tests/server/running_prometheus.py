# SPDX-License-Identifier: Apache-2.0
"""RunningPrometheus: a Prometheus of its own for a test, which scrapes one server every second."""
import json
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import urllib.parse
import urllib.request

from running_server import wait_until


def free_port():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return unused.getsockname()[1]


class RunningPrometheus:
    """`monitoring`: the folder with prometheus.yml and its rules. They are used as they are, but for what takes long: a
    second for each interval of the configuration, and for each `for` of the alerts."""

    def __init__(self, monitoring, target):
        self.folder = tempfile.TemporaryDirectory()
        folder = pathlib.Path(self.folder.name)
        config, scrapes = re.subn(r"_interval: \w+", "_interval: 1s", (monitoring / "prometheus.yml").read_text())
        config, targets = re.subn(r"targets: \[.*\]", f"targets: ['{target}']", config)
        rules, waits = re.subn(r"\bfor: \w+", "for: 1s", (monitoring / "alerts.yml").read_text())
        assert (scrapes, targets) == (2, 1) and waits > 5, "prometheus.yml or alerts.yml is not what this test expects"
        (folder / "prometheus.yml").write_text(config)
        (folder / "alerts.yml").write_text(rules)
        self.url = f"http://127.0.0.1:{free_port()}"
        self.log_path = folder / "log"
        with self.log_path.open("w") as log:
            self.process = subprocess.Popen(
                [shutil.which("prometheus"), f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'data'}",
                 f"--web.listen-address={self.url.removeprefix('http://')}"], stdout=log, stderr=log)
        try:
            wait_until(self.is_ready, "Prometheus is not ready")
        except AssertionError as error:
            text = self.log_path.read_text()
            self.__exit__()
            raise AssertionError(f"{error}: {text}") from None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(timeout=60)
        self.folder.cleanup()

    def is_ready(self):
        assert self.process.poll() is None, "Prometheus has ended"
        try:
            with urllib.request.urlopen(self.url + "/-/ready", timeout=60) as answer:
                return answer.status == 200
        except OSError:
            return False

    def ask(self, path, **parameters):
        """The data that the HTTP API answers; an error is an AssertionError with its text."""
        url = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=60) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{parameters}: {error.read().decode()}") from None

    def values(self, query):
        """The numbers that a query has now; NaN, such as that of a share of nothing, is none."""
        found = [float(one["value"][1]) for one in self.ask("query", query=query)["result"]]
        return [value for value in found if value == value]

    def firing(self):
        """The names of the alerts that fire."""
        return {one["labels"]["alertname"] for one in self.ask("alerts")["alerts"] if one["state"] == "firing"}
