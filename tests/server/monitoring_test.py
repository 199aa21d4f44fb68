# SPDX-License-Identifier: Apache-2.0
"""The metrics of gantry-server, and examples/server/monitoring with a real Prometheus:
python monitoring_test.py SERVER MODELS PACKAGE

MODELS: what make_packages.py made; PACKAGE: the demo's package, which takes photos. Needs Debian's prometheus."""
import importlib.util
import json
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

missing = [name for name in ("prometheus", "promtool") if shutil.which(name) is None]
if missing:
    print(", ".join(missing), "not found; cmake/bootstrap.sh --clients, as make test runs it, installs Debian's prometheus")
    sys.exit(77)
sys.path.insert(0, str(pathlib.Path(__file__).parent))
from running_prometheus import RunningPrometheus  # noqa: E402
from running_server import RunningServer, wait_until  # noqa: E402
from served import MODELS, PROGRAM, Served, photo  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
MONITORING = ROOT / "examples/server/monitoring"
README = (ROOT / "examples/server/README.md").read_text()
DASHBOARD = json.loads((MONITORING / "dashboard.json").read_text())
ALERTS = (MONITORING / "alerts.yml").read_text()
METRICS_SECTION = README[README.index("## Metrics"):README.index("## Shutdown")]
X = {"name": "x", "shape": [1, 4], "datatype": "FP32", "data": [1, 2, 3, 4]}
# Queries that have no data on a healthy server, and why.
MAY_BE_EMPTY = {
    "gantry_cpu_throttled_periods_total": "a machine without a CPU quota has no periods",
    "absent(": "it has data only where there is no server",
}


def readme_queries():
    return [query.replace("\\|", "|") for query in re.findall(r"^\|[^|]+\| `([^`]+)` \|$", METRICS_SECTION, re.MULTILINE)]


def dashboard_queries():
    """With the values that Grafana fills in: all servers, pipelines and versions, and a minute for rates."""
    queries = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
    for variable, value in (("__rate_interval", "1m"), ("job", "gantry-server"), ("instance", ".*"), ("pipeline", ".*"),
                            ("version", ".*")):
        queries = [query.replace("$" + variable, value) for query in queries]
    return queries


def names_in(text):
    """The metrics that a text names. A histogram is named by its parts, too."""
    return {re.sub(r"_(bucket|sum|count)$", "", name) for name in re.findall(r"\bgantry_[a-z_]+[a-z]", text)}


def promtool(*arguments, text=None):
    done = subprocess.run(["promtool", *map(str, arguments)], input=text, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def send_traffic(server):
    """Requests of each kind, and some that fail."""
    for version in ("1", "9", "10"):
        server.json("POST", f"/v2/models/affine/versions/{version}/infer", {"inputs": [X]})
    batch = {**X, "shape": [5, 4], "data": list(range(20))}
    server.json("POST", "/v2/models/affine/infer", {"inputs": [batch]})
    server.json("POST", "/v2/models/affine/infer", {"inputs": [{**X, "shape": [1, 3], "data": [1, 2, 3]}]})
    server.json("POST", "/v2/models/slow/infer", {"inputs": [X]}, {"X-Request-Timeout-Ms": "1"})
    server.json("POST", "/v2/models/efficientnet-lite0/infer", photo(), {"Content-Type": "image/png"})


class Files(unittest.TestCase):
    def test_the_configuration_and_the_alerts_are_valid(self):
        status, text = promtool("check", "config", MONITORING / "prometheus.yml")  # the rules, too
        self.assertEqual(status, 0, text)
        self.assertRegex(text, r"SUCCESS: \d+ rules found")

    def test_each_alert_fires_and_stays_silent(self):
        tests = pathlib.Path(__file__).with_name("alerts_test.yml")
        status, text = promtool("test", "rules", tests)
        self.assertEqual(status, 0, text)
        alerts = re.findall(r"- alert: (\w+)", ALERTS)
        self.assertGreater(len(alerts), 10)
        for name in alerts:
            self.assertRegex(tests.read_text(), rf"alertname: {name}\n +exp_alerts:\n +- exp_labels", "no test that it fires")
            self.assertRegex(tests.read_text(), rf"alertname: {name}, exp_alerts: \[\]", "no test that it is silent")

    def test_each_alert_has_a_row_that_says_what_to_do(self):
        links = re.findall(r"runbook_url: examples/server/README\.md#(\w+)\n", ALERTS)
        self.assertEqual(links, re.findall(r"- alert: (\w+)", ALERTS))
        for name in links:
            self.assertEqual(len(re.findall(rf'^\| <a id="{name}"></a>', METRICS_SECTION, re.MULTILINE)), 1, name)

    def test_the_panels_of_the_dashboard_lie_side_by_side(self):
        taken = set()
        for panel in DASHBOARD["panels"]:
            place = panel["gridPos"]
            self.assertLessEqual(place["x"] + place["w"], 24, panel["title"])
            cells = {(x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])}
            self.assertFalse(cells & taken, panel["title"])
            taken |= cells
            self.assertEqual(panel["datasource"], {"type": "prometheus", "uid": "${datasource}"}, panel["title"])
        self.assertEqual(len({panel["id"] for panel in DASHBOARD["panels"]}), len(DASHBOARD["panels"]))

    @unittest.skipIf(importlib.util.find_spec("grafana_foundation_sdk") is None, "needs grafana-foundation-sdk (requirements.txt)")
    def test_the_dashboard_is_one_of_grafanas_schema(self):
        from grafana_foundation_sdk.cog import encoder, plugins
        from grafana_foundation_sdk.models.dashboard import Dashboard

        plugins.register_default_plugins()
        known = json.loads(encoder.JSONEncoder().encode(Dashboard.from_json(DASHBOARD)))

        def compare(here, there, path):  # what the schema does not know is not read; defaults are added
            self.assertEqual(type(here), type(there), path)
            if isinstance(here, dict):
                for key, value in here.items():
                    self.assertIn(key, there, path)
                    compare(value, there[key], f"{path}.{key}")
            elif isinstance(here, list):
                self.assertEqual(len(here), len(there), path)
                for i, (one, other) in enumerate(zip(here, there, strict=True)):
                    compare(one, other, f"{path}[{i}]")
            else:
                self.assertEqual(here, there, path)

        compare(DASHBOARD, known, "dashboard")


class Metrics(Served):
    def page(self):
        return self.server.ask("GET", "/metrics")[2].decode()

    def series(self):
        """name{labels}: value"""
        lines = [line for line in self.page().splitlines() if not line.startswith("#")]
        return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}

    def test_the_page_is_what_prometheus_recommends(self):
        send_traffic(self.server)
        status, text = promtool("check", "metrics", text=self.page())
        self.assertEqual((status, text), (0, ""))

    def test_each_metric_says_what_it_is(self):
        page = self.page()
        helped, typed = (set(re.findall(rf"^# {word} (\w+) \w", page, re.MULTILINE)) for word in ("HELP", "TYPE"))
        self.assertEqual(helped, typed)
        for name in set(re.findall(r"^(\w+)", page, re.MULTILINE)):
            self.assertIn(re.sub(r"_(bucket|sum|count)$", "", name), helped | {name} & helped)

    def test_what_the_files_name_is_there(self):
        there = set(re.findall(r"^# TYPE (\w+)", self.page(), re.MULTILINE))
        for name, text in (("README", METRICS_SECTION), ("dashboard", json.dumps(DASHBOARD)), ("alerts", ALERTS)):
            self.assertGreater(len(names_in(text)), 10)
            self.assertLessEqual(names_in(text), there, name)

    def test_it_has_the_version_and_the_engines(self):
        _, server = self.server.json("GET", "/v2")
        self.assertEqual(self.series()[f'gantry_build_info{{version="{server["version"]}"}}'], 1)
        self.assertRegex(self.page(), r'\ngantry_model_info\{model="[^"]*affine[^"]*",engine="[^"]*[Tt]orch[^"]*"\} 1\n')

    def test_requests_add_no_series(self):
        send_traffic(self.server)
        before = self.series().keys()
        for i in range(20):
            self.server.json("POST", f"/v2/models/affine{i}/infer", {"inputs": [X]})
            self.server.json("POST", f"/v2/models/affine/versions/{i + 100}/infer", {"inputs": [X]})
            self.server.json("POST", "/v2/models/affine/infer", {"inputs": [X], "id": f"id-{i}"},
                             {"X-Tenant": f"tenant-{i}", "X-Priority": str(i)})
            self.server.ask("GET", f"/path-{i}")
        self.assertEqual(self.series().keys(), before)


class Counts(unittest.TestCase):
    def test_golden_cases_and_trials_are_not_counted(self):
        def counted(server):
            _, _, page = server.ask("GET", "/metrics")
            lines = re.findall(r"^(gantry_\w+)(\{.*\})? (\S+)$", page.decode(), re.MULTILINE)
            return {name + labels for name, labels, value in lines
                    if re.search(r"_(total|count|bucket|sum)$", name) and "gantry_cpu_" not in name and float(value) != 0}

        with RunningServer(PROGRAM, MODELS) as server:  # without a cache: all golden cases have run
            self.assertEqual(counted(server), set())
            for action in ("unload", "load"):
                status, _, text = server.ask("POST", f"/v2/repository/models/affine/{action}", port=server.admin_port)
                self.assertEqual(status, 200, text)
            self.assertEqual(counted(server), set())
            server.json("POST", "/v2/models/affine/infer", {"inputs": [X]})
            self.assertIn('gantry_pipeline_requests_total{pipeline="affine",version="10"}', counted(server))
            self.assertFalse([name for name in counted(server) if 'version="9"' in name])


class Scraped(Served):
    """A server that Prometheus scrapes, with requests between two scrapes."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.prometheus = cls.enterClassContext(RunningPrometheus(MONITORING, cls.url))
        wait_until(lambda: cls.prometheus.values("gantry_requests_total") == [0], "the server was not scraped")
        send_traffic(cls.server)
        wait_until(lambda: cls.prometheus.values("increase(gantry_requests_total[1m]) > 0"), "the requests were not scraped")


class Queries(Scraped):
    def check(self, queries):
        self.assertGreater(len(queries), 2)
        for query in queries:
            may_be_empty = any(word in query for word in MAY_BE_EMPTY)
            with self.subTest(query):
                self.assertTrue(self.prometheus.values(query) or may_be_empty, "no data")

    def test_the_queries_of_the_readme_have_data(self):
        self.check(readme_queries())

    def test_the_panels_of_the_dashboard_have_data(self):
        self.check(dashboard_queries())
        for variable in DASHBOARD["templating"]["list"]:
            if variable["type"] == "query":
                series, label = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["query"]["query"]).groups()
                found = self.prometheus.ask(f"label/{label}/values", **{"match[]": series.replace("$job", "gantry-server")})
                self.assertTrue(found, variable["name"])

    def test_the_alerts_have_data(self):
        groups = self.prometheus.ask("rules", type="alert")["groups"]
        rules = [rule for group in groups for rule in group["rules"]]
        self.assertEqual([rule["name"] for rule in rules], re.findall(r"- alert: (\w+)", ALERTS))
        # What an alert compares with its threshold has data, also while it is silent.
        self.check([re.sub(r" (==|>) [0-9.]+$", "", rule["query"]) for rule in rules])
        wait_until(lambda: all(rule["health"] == "ok" for group in self.prometheus.ask("rules")["groups"]
                               for rule in group["rules"]), "an alert cannot be evaluated")
        self.assertFalse(self.prometheus.firing() & {"GantryServerDown", "GantryServerMissing", "GantryModelNotReady"})


class Killed(Scraped):
    def test_a_killed_server_is_told(self):
        wait_until(lambda: self.prometheus.values("up") == [1], "the server is not scraped")
        self.assertNotIn("GantryServerDown", self.prometheus.firing())
        self.server.process.kill()
        wait_until(lambda: "GantryServerDown" in self.prometheus.firing(), "GantryServerDown does not fire")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
