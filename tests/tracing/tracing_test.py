# SPDX-License-Identifier: Apache-2.0
"""Reads the traces that a program writes with OpenTelemetry's own schema, and checks who is whose child.

    python tracing_test.py PROGRAM [PACKAGE]        # with a package: its second argument is scikit-image's cat
"""
import base64
import collections
import importlib.util
import json
import subprocess
import sys
import unittest

from google.protobuf import json_format
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status, TracesData

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
CALLER = "00f067aa0ba902b7"
UNSAMPLED = "00000000000000000000000000000bad"
COMMAND = sys.argv[1:]


def with_base64_ids(node):
    """OTLP's JSON has ids in hex; protobuf's mapping, which json_format reads, has all bytes in base64."""
    if isinstance(node, list):
        return [with_base64_ids(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {key: base64.b64encode(bytes.fromhex(value)).decode() if key in ("traceId", "spanId", "parentSpanId")
            else with_base64_ids(value) for key, value in node.items()}


def parse(line):
    traces = json_format.Parse(json.dumps(with_base64_ids(json.loads(line))), TracesData())
    (resource,) = traces.resource_spans
    (scope,) = resource.scope_spans
    (span,) = scope.spans
    assert {a.key: a.value.string_value for a in resource.resource.attributes} == {"service.name": "classifier"}
    assert scope.scope.name == "gantry"
    return span


def attributes(span):
    return {a.key: getattr(a.value, a.value.WhichOneof("value")) for a in span.attributes}


def kind(span):
    return attributes(span)["gantry.kind"]


class Traces(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        command = list(COMMAND)
        if len(command) > 1:
            command.append(importlib.util.find_spec("skimage").submodule_search_locations[0] + "/data/chelsea.png")
        done = subprocess.run(command, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
        cls.spans = [parse(line) for line in done.stdout.decode("utf-8").splitlines()]
        cls.requests = {span.span_id: span for span in cls.spans if kind(span) == "request"}
        cls.outermost = [span for span in cls.requests.values() if span.parent_span_id not in cls.requests]

    def test_ids_are_valid_and_unique(self):
        for span in self.spans:
            self.assertEqual((len(span.trace_id), len(span.span_id)), (16, 8))
            self.assertNotIn(0, (int.from_bytes(span.trace_id, "big"), int.from_bytes(span.span_id, "big")))
            self.assertEqual(span.kind, Span.SPAN_KIND_INTERNAL)
        self.assertEqual(len({span.span_id for span in self.spans}), len(self.spans))

    def test_the_request_of_a_traced_caller_is_its_child(self):
        children = [span for span in self.outermost if span.trace_id.hex() == TRACE]
        self.assertGreaterEqual(len(children), 1)
        for span in children:
            self.assertEqual(span.parent_span_id.hex(), CALLER)
        for span in self.outermost:
            if span.trace_id.hex() != TRACE:
                self.assertEqual(span.parent_span_id, b"")

    def test_everything_else_is_a_child_of_its_request_and_within_it(self):
        kinds = collections.Counter()
        for span in self.spans:
            self.assertLessEqual(span.start_time_unix_nano, span.end_time_unix_nano)
            if kind(span) == "request" or span.links:
                continue
            request = self.requests[span.parent_span_id]
            self.assertEqual(span.trace_id, request.trace_id)
            self.assertLessEqual(request.start_time_unix_nano, span.start_time_unix_nano)
            self.assertLessEqual(span.end_time_unix_nano, request.end_time_unix_nano)
            kinds[kind(span)] += 1
        self.assertEqual(set(kinds) | {"engine_call"}, {"queue", "stage", "model_queue", "engine_call"})
        self.assertEqual(kinds["queue"], len(self.outermost))

    @unittest.skipIf(len(COMMAND) > 1, "only the probe has a pipeline within another")
    def test_the_request_of_a_pipeline_within_another_is_its_child(self):
        (outer,) = [span for span in self.requests.values() if span.name == "request service"]
        (inner,) = [span for span in self.requests.values() if span.parent_span_id == outer.span_id]
        self.assertEqual(inner.name, "request fake")
        self.assertEqual(inner.trace_id.hex(), TRACE)
        self.assertLessEqual(outer.start_time_unix_nano, inner.start_time_unix_nano)
        self.assertLessEqual(inner.end_time_unix_nano, outer.end_time_unix_nano)

    def test_a_batch_links_to_its_requests(self):
        batches = [span for span in self.spans if span.links]
        for span in batches:
            self.assertEqual(kind(span), "engine_call")
            self.assertEqual(span.parent_span_id, b"")
            self.assertEqual(attributes(span)["gantry.samples"], len(span.links))
            for link in span.links:
                self.assertEqual(self.requests[link.span_id].trace_id, link.trace_id)
        if len(COMMAND) == 1:
            self.assertGreater(len(batches), 0)

    @unittest.skipIf(len(COMMAND) > 1, "only the probe has failing and unsampled requests")
    def test_errors_tenants_and_sampling(self):
        failed = [span for span in self.spans if span.status.code == Status.STATUS_CODE_ERROR]
        self.assertEqual(collections.Counter(map(kind, failed)), {"stage": 1, "request": 1})
        for span in failed:
            self.assertEqual(attributes(span)["error.type"], "invalid_argument")
            self.assertIn("\ufffd is not UTF-8", span.status.message)
        traced = [span for span in self.requests.values() if span.trace_id.hex() == TRACE]
        self.assertEqual([attributes(span)["gantry.tenant"] for span in traced], ["mobile"] * 4)
        self.assertNotIn(UNSAMPLED, [span.trace_id.hex() for span in self.spans])
        self.assertEqual(len(self.outermost), 103)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
