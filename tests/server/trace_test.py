# SPDX-License-Identifier: Apache-2.0
"""Traces of gantry-server: python trace_test.py SERVER MODELS PACKAGE

MODELS: what make_packages.py made; PACKAGE: the demo's package, which takes photos. Needs opentelemetry-proto, grpcio and
protobuf of requirements.txt."""
import importlib.util
import json
import os
import pathlib
import signal
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import unittest.mock

try:
    is_found = importlib.util.find_spec("opentelemetry.proto") and importlib.util.find_spec("tritonclient")
except ModuleNotFoundError:
    is_found = False
if not is_found:
    print("opentelemetry-proto or tritonclient not found; cmake/bootstrap.sh --clients, as make test runs it, installs them")
    sys.exit(77)
import grpc  # noqa: E402
from tritonclient.grpc import service_pb2, service_pb2_grpc  # noqa: E402

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from otlp_sink import INTERNAL, SERVER, OtlpSink, SilentSink, free_port  # noqa: E402
from running_server import RunningServer, wait_until  # noqa: E402
from served import MODELS, PROGRAM, photo, picture_models  # noqa: E402

BODY = json.dumps({"inputs": [{"name": "x", "shape": [1, 4], "datatype": "FP32", "data": [1, 2, 3, 4]}]})
TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SAMPLED, UNSAMPLED = f"00-{TRACE}-{PARENT}-01", f"00-{TRACE}-{PARENT}-00"


def infer(server, model="affine", **headers):
    """(status, what traceresponse says: version, trace, span, flags)"""
    status, answer, _ = server.ask("POST", f"/v2/models/{model}/infer", BODY, headers)
    return status, (answer["traceresponse"] or "").split("-")


def count(server, name):
    """gantry_server_trace_..."""
    return server.metric("gantry_server_trace_" + name)


def dropped(server, reason):
    return count(server, f'dropped_total{{reason="{reason}"}}')


class Traced(unittest.TestCase):
    flags = ()
    models = MODELS

    @classmethod
    def setUpClass(cls):
        cls.sink = cls.enterClassContext(OtlpSink())
        cls.server = cls.enterClassContext(RunningServer(PROGRAM, cls.models, "--trace.endpoint", cls.sink.url, *cls.flags))

    def spans(self, trace):
        """Of one trace, once its server's span has been exported: it ends last."""
        def is_there():
            return any(span.kind == SERVER for span in self.sink.spans(trace))
        wait_until(is_there, "the span was not exported")
        return self.sink.spans(trace)

    def server_span(self, trace):
        found = [span for span in self.spans(trace) if span.kind == SERVER]
        self.assertEqual(len(found), 1)
        return found[0]


class Requests(Traced):
    flags = ("--trace.service_name", "shop", "--trace.resource_attributes", "deployment.environment.name=test,host.name=a b")

    def test_a_request_is_a_tree_of_spans(self):
        state = "vendor=1,other@v=a b"
        trace = "a" * 31 + "1"
        status, answered = infer(self.server, traceparent=f"00-{trace}-{PARENT}-01", tracestate=state,
                                 **{"X-Tenant": "gold", "User-Agent": "test/1"})
        self.assertEqual((status, answered[:2], answered[3]), (200, ["00", trace], "01"))
        spans = self.spans(trace)
        self.assertEqual(len({span.id for span in spans}), len(spans))
        server = self.server_span(trace)
        self.assertEqual((server.id, server.parent, server.state, server.status), (answered[2], PARENT, state, 0))
        self.assertEqual(server.flags, 0x301)  # sampled, its parent is known to be in another process
        self.assertEqual(server.name, "POST /v2/models/{model}/infer")
        expected = {"http.request.method": "POST", "url.scheme": "http", "url.path": "/v2/models/affine/infer",
                    "http.route": "/v2/models/{model}/infer", "http.response.status_code": 200, "user_agent.original": "test/1",
                    "http.request.body.size": len(BODY), "client.address": "127.0.0.1", "gantry.model.name": "affine",
                    "gantry.model.version": "10", "gantry.tenant": "gold"}
        self.assertEqual(server.attributes, {**server.attributes, **expected})
        self.assertEqual(server.resource, {**server.resource, "service.name": "shop", "deployment.environment.name": "test",
                                           "host.name": "a b"})
        self.assertLess(abs(server.ended / 1e9 - time.time()), 3600)
        request = next(span for span in spans if span.name == "request affine")
        self.assertEqual((request.parent, request.kind, request.flags), (server.id, INTERNAL, 0x101))
        inner = {span.name.split()[0]: span for span in spans if span not in (server, request)}
        self.assertLessEqual({"queue", "stage", "engine_call"}, set(inner))
        for span in inner.values():
            self.assertEqual((span.parent, span.kind), (request.id, INTERNAL), span)
        self.assertLessEqual(server.began, request.began)
        self.assertLessEqual(request.began, inner["queue"].began)
        self.assertLessEqual(inner["queue"].ended, inner["stage"].began)
        self.assertLessEqual(inner["stage"].began, inner["engine_call"].began)
        self.assertLessEqual(inner["engine_call"].ended, inner["stage"].ended)
        self.assertLessEqual(inner["stage"].ended, request.ended)
        self.assertLessEqual(request.ended, server.ended)

    def test_the_log_has_the_ids(self):
        _, answered = infer(self.server)

        def lines():
            return [one for one in self.server.log() if one.get("trace_id") == answered[1]]
        wait_until(lines, "no line with the trace's id")
        self.assertEqual(lines()[0]["span_id"], answered[2])

    def test_what_is_no_traceparent_begins_a_trace(self):
        for wrong in ("", "00", SAMPLED.upper(), SAMPLED + "-x", "ff" + SAMPLED[2:], f"00-{'0' * 32}-{PARENT}-01",
                      f"00-{TRACE}-{'0' * 16}-01", SAMPLED.replace("-01", "-0g")):
            status, answered = infer(self.server, traceparent=wrong, tracestate="a=1")
            self.assertEqual((status, answered[0], answered[3]), (200, "00", "01"), wrong)
            self.assertNotIn(answered[1], (TRACE, "0" * 32))
            server = self.server_span(answered[1])
            self.assertEqual((server.parent, server.state, server.flags), ("", "", 0x101), wrong)
        twice = self.server.raw(f"GET /v2 HTTP/1.1\r\nHost: x\r\ntraceparent: {SAMPLED}\r\ntraceparent: {SAMPLED}\r\n"
                                "Connection: close\r\n\r\n".encode())
        self.assertNotIn(TRACE.encode(), twice)
        self.assertIn(b"traceresponse: 00-", twice)

    def test_a_later_version_is_read_as_this_one(self):
        trace = "b" * 32
        _, answered = infer(self.server, traceparent=f"cc-{trace}-{PARENT}-09-more")
        self.assertEqual((answered[:2], answered[3]), (["00", trace], "01"))
        self.assertEqual(self.server_span(trace).parent, PARENT)

    def test_the_sampled_flag_is_kept(self):
        _, answered = infer(self.server, traceparent=UNSAMPLED)
        self.assertEqual((answered[1], answered[3]), (TRACE, "00"))
        _, later = infer(self.server)
        self.spans(later[1])
        self.assertEqual(self.sink.spans(TRACE), [])

    def test_a_tracestate_that_is_wrong_is_left_out(self):
        for number, (lines, expected) in enumerate([
                (["a=1", "b=2"], "a=1,b=2"), (["a=1,,b=2"], "a=1,,b=2"), (["a"], ""), (["A=1"], ""), (["a=1,a=2"], ""), (["a=1=2"], ""),
                (["a=" + "x" * 257], ""), ([",".join(f"k{i}=1" for i in range(33))], ""), (["0tenant@vendor=x,q_-*/=y"], "0tenant@vendor=x,q_-*/=y"),
                (["a@@b=1"], ""), (["@b=1"], "")]):
            trace = f"{number + 1:032x}"
            headers = "".join(f"tracestate: {line}\r\n" for line in lines)
            self.server.raw(f"GET /v2 HTTP/1.1\r\nHost: x\r\ntraceparent: 00-{trace}-{PARENT}-01\r\n{headers}Connection: close\r\n\r\n".encode())
            server = self.server_span(trace)
            self.assertEqual((server.parent, server.state), (PARENT, expected), lines)

    def test_errors_are_the_servers_alone(self):
        _, answered = infer(self.server, "absent")
        server = self.server_span(answered[1])
        self.assertEqual((server.status, server.attributes["http.response.status_code"], server.attributes["gantry.reason"]),
                         (0, 404, "not_found"))
        self.assertNotIn("error.type", server.attributes)
        status, answered = infer(self.server, "slow", **{"X-Request-Timeout-Ms": "1"})
        self.assertIn(status, (503, 504))
        server = self.server_span(answered[1])
        self.assertEqual((server.status, server.attributes["http.response.status_code"]), (2, status))
        self.assertTrue(server.attributes["error.type"])
        request = next(span for span in self.sink.spans(answered[1]) if span.name == "request slow")
        self.assertEqual((request.status, request.parent), (2, server.id))

    def test_what_is_refused_unread_has_a_span(self):
        trace = "c" * 32
        answer = self.server.raw(f"POST /v2/models/affine/infer HTTP/1.1\r\nHost: x\r\ntraceparent: 00-{trace}-{PARENT}-01\r\n"
                                 "Content-Length: 99999999999\r\n\r\n".encode())
        self.assertIn(b"413", answer.split(b"\r\n")[0])
        self.assertIn(f"traceresponse: 00-{trace}-".encode(), answer)
        self.assertEqual(self.server_span(trace).attributes["http.response.status_code"], 413)
        trace = "c" * 31 + "1"
        self.server.raw(f"GET /v2 HTTP/1.1\r\ntraceparent: 00-{trace}-{PARENT}-01\r\n\r\n".encode())  # no Host
        server = self.server_span(trace)
        self.assertEqual((server.attributes["http.response.status_code"], server.parent), (400, PARENT))

    def test_probes_begin_no_trace(self):
        for path in ("/v2/health/live", "/v2/health/ready", "/v2/models/affine/ready", "/metrics", "/v2/status", "/", "/nowhere"):
            self.assertRegex(self.server.ask("GET", path)[1]["traceresponse"], "^00-.*-00$", path)
        self.assertRegex(self.server.ask("GET", "/v2")[1]["traceresponse"], "^00-.*-01$")
        trace = "d" * 32
        self.server.ask("GET", "/v2/health/live?q=secret", headers={"traceparent": f"00-{trace}-{PARENT}-01"})
        server = self.server_span(trace)
        self.assertEqual((server.name, server.attributes["url.path"]), ("GET /v2/health/live", "/v2/health/live"))
        self.assertNotIn("secret", str(server))

    def test_the_admin_port_too(self):
        status, headers, _ = self.server.ask("POST", "/v2/repository/models/affine/load", "{}", port=self.server.admin_port)
        self.assertEqual(status, 200)
        self.assertEqual(self.server_span(headers["traceresponse"].split("-")[1]).name, "POST /v2/repository/models/{model}/load")

    def test_the_metrics_of_the_readme_are_there(self):
        infer(self.server)
        wait_until(lambda: count(self.server, "exported_total") > 0, "nothing was counted")
        self.assertEqual([dropped(self.server, reason) for reason in ("buffer_full", "export_failed", "rejected")], [0, 0, 0])
        self.assertEqual(count(self.server, "failures_total"), 0)
        readme = pathlib.Path(__file__).resolve().parents[2].joinpath("examples/server/README.md").read_text()
        for name in ("exported_total", "dropped_total", "failures_total"):
            self.assertIn("gantry_server_trace_" + name, readme)


class Photos(Traced):
    @classmethod
    def setUpClass(cls):
        cls.models = picture_models(cls)
        super().setUpClass()

    def test_the_stages_are_there_in_their_order(self):
        status, headers, _ = self.server.ask("POST", "/v2/models/efficientnet-lite0/infer", photo(), {"Content-Type": "image/png"})
        self.assertEqual(status, 200)
        spans = self.spans(headers["traceresponse"].split("-")[1])
        stages = sorted((span for span in spans if span.name.startswith("stage ")), key=lambda span: span.began)
        names = [span.name for span in stages]
        self.assertIn("decode", names[0])
        model = names.index("stage model")
        self.assertTrue(0 < model < len(names) - 1, names)  # something before it, something behind it
        for earlier, later in zip(stages, stages[1:]):
            self.assertLessEqual(earlier.ended, later.began)
        call = next(span for span in spans if span.name.startswith("engine_call"))
        self.assertTrue(stages[model].began <= call.began <= call.ended <= stages[model].ended)


class Grpc(Traced):
    flags = ("--grpc.listen", "127.0.0.1:0")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        channel = cls.enterClassContext(grpc.insecure_channel(f"127.0.0.1:{cls.server.grpc_port}"))
        cls.stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)

    def request(self, model="affine"):
        x = service_pb2.ModelInferRequest.InferInputTensor(name="x", datatype="FP32", shape=(1, 4))
        x.contents.fp32_contents.extend([1, 2, 3, 4])
        return service_pb2.ModelInferRequest(model_name=model, inputs=[x])

    def test_a_call_is_a_tree_of_spans(self):
        trace = "e" * 32
        metadata = (("traceparent", f"00-{trace}-{PARENT}-01"), ("tracestate", "a=1"))
        _, call = self.stub.ModelInfer.with_call(self.request(), timeout=60, metadata=metadata)
        answered = dict(call.trailing_metadata())["traceresponse"].split("-")
        self.assertEqual((answered[1], answered[3]), (trace, "01"))
        server = self.server_span(trace)
        self.assertEqual((server.id, server.parent, server.state, server.status), (answered[2], PARENT, "a=1", 0))
        self.assertEqual(server.name, "inference.GRPCInferenceService/ModelInfer")
        expected = {"rpc.system": "grpc", "rpc.service": "inference.GRPCInferenceService", "rpc.method": "ModelInfer",
                    "rpc.grpc.status_code": 0, "client.address": "127.0.0.1", "gantry.model.name": "affine"}
        self.assertEqual(server.attributes, {**server.attributes, **expected})
        request = next(span for span in self.sink.spans(trace) if span.name == "request affine")
        self.assertEqual(request.parent, server.id)
        self.assertIn(request.id, [span.parent for span in self.sink.spans(trace) if span.name == "engine_call affine"])
        self.assertTrue(server.began <= request.began <= request.ended <= server.ended)

    def test_errors(self):
        for number, (model, timeout, status) in enumerate((("absent", "60000", 0), ("slow", "1", 2))):
            trace = f"{number + 1:032x}"
            with self.assertRaises(grpc.RpcError) as caught:
                self.stub.ModelInfer(self.request(model), timeout=60, metadata=(
                    ("traceparent", f"00-{trace}-{PARENT}-01"), ("x-request-timeout-ms", timeout)))
            server = self.server_span(trace)
            self.assertEqual((server.attributes["rpc.grpc.status_code"], server.status), (caught.exception.code().value[0], status))

    def test_probes_begin_no_trace(self):
        def flags_of(method, message):
            _, call = method.with_call(message, timeout=60)
            return dict(call.trailing_metadata())["traceresponse"][-2:]
        self.assertEqual(flags_of(self.stub.ServerLive, service_pb2.ServerLiveRequest()), "00")
        self.assertEqual(flags_of(self.stub.ServerMetadata, service_pb2.ServerMetadataRequest()), "01")


class Sampling(Traced):
    flags = ("--trace.sample_one_in", "4")

    def test_the_ratio(self):
        answered = [infer(self.server)[1] for _ in range(200)]
        recorded = {trace for _, trace, _, flags in answered if flags == "01"}
        self.assertTrue(15 <= len(recorded) <= 100, len(recorded))  # 50, of which 6 are a standard deviation
        infer(self.server, traceparent=SAMPLED)
        self.spans(TRACE)
        wait_until(lambda: {span.trace for span in self.sink.spans() if span.kind == SERVER} == recorded | {TRACE}, "not exported")

    def test_none_begins_by_itself(self):
        with OtlpSink() as sink, RunningServer(PROGRAM, MODELS, "--trace.endpoint", sink.url, "--trace.sample_one_in", "0") as server:
            self.assertEqual({infer(server)[1][3] for _ in range(20)}, {"00"})
            infer(server, traceparent=SAMPLED)
            wait_until(lambda: sink.spans(TRACE), "the client's trace was not exported")
            self.assertEqual({span.trace for span in sink.spans()}, {TRACE})


class Collectors(unittest.TestCase):
    """That are not as they should be: requests are answered as before."""

    def serve(self, url, *flags):
        return self.enterContext(RunningServer(PROGRAM, MODELS, "--trace.endpoint", url, *flags))

    def test_one_that_comes_late_gets_the_spans(self):
        port = free_port()
        server = self.serve(f"http://127.0.0.1:{port}")
        status, answered = infer(server)
        self.assertEqual(status, 200)
        wait_until(lambda: count(server, "failures_total") > 0, "no failure was counted")
        self.assertTrue(any("does not take spans: connecting: Connection refused" in line for line in server.messages))
        with OtlpSink(port=port) as sink:
            wait_until(lambda: sink.spans(answered[1]), "it was not tried again")
            wait_until(lambda: any("takes spans again" in line for line in server.messages), "no message")
            self.assertEqual(dropped(server, "export_failed"), 0)

    def test_one_that_is_busy_is_asked_again(self):
        busy = [(503, {"Retry-After": "0"}, b""), (429, {"Retry-After": "1"}, b"no"), (503, {}, b"")]
        with OtlpSink(busy) as sink:
            server = self.serve(sink.url)
            _, answered = infer(server)
            wait_until(lambda: count(server, "exported_total") > 0, "it was not tried again")
            self.assertEqual(count(server, "failures_total"), 3)
            exports = [spans for _, _, spans in sink.exports if any(span.trace == answered[1] for span in spans)]
            self.assertEqual(len(exports), 4)
            self.assertTrue(all(spans == exports[0] for spans in exports))

    def test_attempts_have_an_end(self):
        with OtlpSink([(503, {"Retry-After": "0"}, b"")] * 5) as sink:
            server = self.serve(sink.url)
            infer(server)
            wait_until(lambda: dropped(server, "export_failed") > 0, "it is still tried")
            self.assertEqual(count(server, "failures_total"), 5)
            _, answered = infer(server)
            wait_until(lambda: sink.spans(answered[1]), "later spans are not exported")

    def test_one_that_refuses_is_not_asked_again(self):
        for answer in ((400, {}, b"no"), (401, {}, b""), (302, {"Location": "http://127.0.0.1:1/"}, b"")):
            with OtlpSink([answer]) as sink:
                server = self.serve(sink.url)
                infer(server)
                wait_until(lambda: dropped(server, "export_failed") > 0, "the spans are not counted")  # noqa: B023
                self.assertEqual((count(server, "failures_total"), len(sink.exports)), (1, 1))
                self.assertTrue(any(f"status {answer[0]}" in line for line in server.messages))

    def test_one_that_takes_a_part(self):
        with OtlpSink([(200, {}, b'{"partialSuccess": {"rejectedSpans": "2", "errorMessage": "too old"}}')]) as sink:
            server = self.serve(sink.url)
            infer(server)
            wait_until(lambda: dropped(server, "rejected") == 2, "they were not counted")
            self.assertGreater(count(server, "exported_total"), 0)

    def test_nonsense(self):
        for answer in (b"SSH-2.0-x\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", b"\0" * 100, b""):
            with OtlpSink([answer]) as sink:
                server = self.serve(sink.url)
                status, answered = infer(server)
                wait_until(lambda: count(server, "exported_total") > 0, answer)  # noqa: B023
                self.assertEqual((status, infer(server)[0]), (200, 200))
                self.assertEqual(count(server, "failures_total"), 1)
                self.assertEqual(len({span.id for span in sink.spans(answered[1]) if span.kind == SERVER}), 1)
        for body in (b"\xff{", b"[" * 1000, b'{"partialSuccess": 7}', b'{"partialSuccess": {"rejectedSpans": -3}}', b"x" * 200_000):
            with OtlpSink([(200, {}, body)]) as sink:
                server = self.serve(sink.url)
                infer(server)
                wait_until(lambda: count(server, "exported_total") > 0, body[:50])  # noqa: B023
                self.assertEqual((count(server, "failures_total"), dropped(server, "rejected")), (0, 0))

    def test_one_that_never_answers_holds_nothing_up(self):
        with SilentSink() as sink:
            server = self.serve(sink.url, "--trace.max_spans", "20", "--trace.timeout_ms", "60000")
            self.assertEqual({infer(server)[0] for _ in range(100)}, {200})
            wait_until(lambda: dropped(server, "buffer_full") > 0, "nothing was dropped")
            for _ in range(100):
                infer(server)
                self.assertLessEqual(count(server, "waiting"), 20)

    def test_the_end_of_the_server_waits_no_longer_than_it_may(self):
        with SilentSink() as sink, RunningServer(PROGRAM, MODELS, "--trace.endpoint", sink.url, "--trace.timeout_ms", "1000") as server:
            infer(server)
            server.process.send_signal(signal.SIGINT)
            self.assertEqual(server.process.wait(timeout=60), 0)
            server.reader.join()
            self.assertTrue(any("could not be exported" in line or "does not take spans" in line for line in server.messages), server.messages)

    def test_the_last_spans_are_sent(self):
        with OtlpSink() as sink:
            with RunningServer(PROGRAM, MODELS, "--trace.endpoint", sink.url) as server:
                _, answered = infer(server)
                server.process.send_signal(signal.SIGINT)
                server.process.wait(timeout=60)
            self.assertTrue(any(span.kind == SERVER for span in sink.spans(answered[1])))

    def test_many_requests_at_a_time(self):
        with OtlpSink() as sink:
            server = self.serve(sink.url)
            traces = []
            threads = [threading.Thread(target=lambda: [traces.append(infer(server)[1][1]) for _ in range(50)]) for _ in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            wait_until(lambda: {span.trace for span in sink.spans() if span.kind == SERVER} >= set(traces), "spans are missing")
            self.assertEqual(len(set(traces)), 400)

            def computed():
                return {span.trace for span in sink.spans() if span.name == "engine_call affine"}
            wait_until(lambda: computed() == set(traces), "engine calls are missing")  # they may end after their answers
            spans = {span.id: span for span in sink.spans()}
            for span in spans.values():  # each hangs in the tree of its own trace
                if span.kind != SERVER and span.parent in spans:
                    self.assertEqual(spans[span.parent].trace, span.trace)


class Settings(unittest.TestCase):
    def run_with(self, *flags, **environment):
        return subprocess.run([PROGRAM, "--models.directory", MODELS, "--http.listen", "127.0.0.1:0", "--admin.listen", "", *flags],
                              capture_output=True, text=True, timeout=60, check=False, env=environment)

    def test_off_is_off(self):
        with RunningServer(PROGRAM, MODELS) as server:
            status, answered = infer(server, traceparent=SAMPLED)
            self.assertEqual((status, answered), (200, [""]))
            self.assertNotIn("gantry_server_trace", server.ask("GET", "/metrics")[2].decode())
            wait_until(lambda: any(one["path"].endswith("infer") for one in server.log()), "no line")
            line = next(one for one in server.log() if one["path"].endswith("infer"))
            self.assertEqual((line["traceparent"], "trace_id" in line), (SAMPLED, False))

    def test_mistakes_are_named(self):
        for url in ("collector:4318", "ftp://a", "http://", "http://a:0", "http://a:x", "http://a b", "http://u:p@a", "http://[::1", "http://:80"):
            done = self.run_with("--check-config", "--trace.endpoint", url)
            self.assertEqual(done.returncode, 64, url)
            self.assertIn("trace.endpoint: expected http://host:port", done.stderr)
        for flags, text in (
                (("--trace.resource_attributes", "a"), "trace.resource_attributes: expected 'key=value'"),
                (("--trace.service_name", ""), "trace.service_name: expected a name"),
                (("--trace.headers_file", "/absent"), "trace.headers_file: '/absent': No such file"),
                (("--trace.headers_file", __file__), "trace_test.py:2: expected 'name: value'")):
            done = self.run_with("--trace.endpoint", "http://127.0.0.1:1", *flags)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(text, done.stderr)
        for url in ("http://a", "http://[::1]:4318", "http://127.0.0.1:4318/", "http://a.b:80/x/y"):
            self.assertEqual(self.run_with("--check-config", "--trace.endpoint", url).returncode, 0, url)

    def test_headers_and_paths(self):
        with tempfile.TemporaryDirectory() as folder, OtlpSink() as sink:
            path = pathlib.Path(folder, "headers")
            path.write_text("# who we are\nAuthorization: Bearer s3cret=\n\nX-Scope: a b\n")
            with RunningServer(PROGRAM, MODELS, "--trace.endpoint", sink.url + "/in/traces", "--trace.headers_file", str(path)) as server:
                infer(server)
                wait_until(sink.spans, "nothing was exported")
            target, headers, _ = sink.exports[0]
            self.assertEqual((target, headers["Authorization"], headers["X-Scope"]), ("/in/traces", "Bearer s3cret=", "a b"))
            self.assertEqual(headers["Content-Type"], "application/json")

    def test_opentelemetrys_variables(self):
        with OtlpSink() as sink:
            variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": sink.url + "/base/", "OTEL_SERVICE_NAME": "shop",
                         "OTEL_RESOURCE_ATTRIBUTES": "service.name=x,team=a%20b,service.version=7",
                         "OTEL_EXPORTER_OTLP_HEADERS": "x-key=a%3Db, x-more=1"}
            with unittest.mock.patch.dict(os.environ, variables), RunningServer(PROGRAM, MODELS) as server:
                infer(server)
                wait_until(sink.spans, "nothing was exported")
            target, headers, spans = sink.exports[0]
            self.assertEqual((target, headers["x-key"], headers["x-more"]), ("/base/v1/traces", "a=b", "1"))
            self.assertEqual(spans[0].resource, {**spans[0].resource, "service.name": "shop", "team": "a b", "service.version": "7"})

    def test_the_servers_own_settings_count_more(self):
        shown = {**os.environ, "OTEL_EXPORTER_OTLP_ENDPOINT": "http://a:1", "OTEL_EXPORTER_OTLP_HEADERS": "k=s3cret"}
        for environment, flags, text in (
                ({}, (), "endpoint = 'http://a:1/v1/traces'"), ({}, ("--trace.endpoint", "http://b:2"), "endpoint = 'http://b:2'"),
                ({}, ("--trace.endpoint", ""), "endpoint = ''"), ({"OTEL_SDK_DISABLED": "true"}, (), "endpoint = ''"),
                ({"OTEL_TRACES_EXPORTER": "none"}, (), "endpoint = ''"), ({"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, (), "endpoint = ''"),
                ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c:3/x"}, (), "endpoint = 'http://c:3/x'"),
                ({"GANTRY_SERVER_TRACE_ENDPOINT": "http://d:4"}, (), "endpoint = 'http://d:4'")):
            done = self.run_with("--print-config", *flags, **{**shown, **environment})
            self.assertIn(text, done.stdout.split("[trace]")[1])
            self.assertNotIn("s3cret", done.stdout)

    def test_https(self):
        with tempfile.TemporaryDirectory() as text:
            folder = pathlib.Path(text)
            for name in ("collector", "stranger"):
                subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                                "-days", "2", "-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1",
                                "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.pem"], check=True, capture_output=True)
            tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            tls.load_cert_chain(folder / "collector.pem", folder / "collector.key")
            with OtlpSink(tls=tls) as sink:
                flags = ("--trace.endpoint", sink.url, "--trace.ca_file")
                with RunningServer(PROGRAM, MODELS, *flags, str(folder / "collector.pem")) as server:
                    _, answered = infer(server)
                    wait_until(lambda: sink.spans(answered[1]), "nothing was exported")
                sink.exports.clear()
                with RunningServer(PROGRAM, MODELS, *flags, str(folder / "stranger.pem")) as server:
                    self.assertEqual(infer(server)[0], 200)
                    wait_until(lambda: count(server, "failures_total") > 0, "no failure was counted")
                    self.assertTrue(any("TLS: certificate verify failed" in line for line in server.messages), server.messages)
                self.assertEqual(sink.exports, [])
            done = self.run_with(*flags, "/absent.pem")
            self.assertIn("trace.ca_file: '/absent.pem'", done.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
