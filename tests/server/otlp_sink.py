# SPDX-License-Identifier: Apache-2.0
"""OtlpSink: an OTLP/HTTP collector for tests, which reads what it gets with OpenTelemetry's own message types."""
import base64
import dataclasses
import http.server
import json
import re
import socket
import threading

from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2

INTERNAL, SERVER = 1, 2


@dataclasses.dataclass
class Span:
    name: str
    trace: str
    id: str
    parent: str
    kind: int
    state: str
    flags: int
    began: int
    ended: int
    attributes: dict
    status: int
    resource: dict


def as_protobuf(value):
    """What OTLP changes in protobuf's JSON, changed back: ids are in hexadecimal digits, enums are numbers."""
    if isinstance(value, list):
        return [as_protobuf(one) for one in value]
    if not isinstance(value, dict):
        return value
    result = {}
    for key, one in value.items():
        if key in ("traceId", "spanId", "parentSpanId"):
            assert re.fullmatch("[0-9a-f]{32}" if key == "traceId" else "[0-9a-f]{16}", one), (key, one)
            one = base64.b64encode(bytes.fromhex(one)).decode()
        elif key in ("kind", "code", "flags"):
            assert type(one) is int, (key, one)
        elif key in ("startTimeUnixNano", "endTimeUnixNano", "intValue"):
            assert re.fullmatch("-?[0-9]+", one), (key, one)
        result[key] = as_protobuf(one)
    return result


def attributes_of(message):
    values = {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in message.attributes}
    assert len(values) == len(message.attributes), "a key twice"
    return values


def read_spans(body):
    """Fails for what is no ExportTraceServiceRequest: an unknown name, a wrong type."""
    request = json_format.ParseDict(as_protobuf(json.loads(body)), trace_service_pb2.ExportTraceServiceRequest())
    return [Span(span.name, span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex(), span.kind, span.trace_state,
                 span.flags, span.start_time_unix_nano, span.end_time_unix_nano, attributes_of(span), span.status.code,
                 attributes_of(resource.resource))
            for resource in request.resource_spans for scope in resource.scope_spans for span in scope.spans]


class OtlpSink:
    """`answers`: of the next exports, (status, headers, body) or raw bytes; then all get 200. `tls`: an SSLContext."""

    def __init__(self, answers=(), port=0, tls=None):
        sink = self
        self.answers = list(answers)
        self.exports = []  # (path, headers, spans)
        self.mistakes = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                try:
                    spans = read_spans(body)
                except Exception as error:  # noqa: BLE001 - the test fails with it
                    sink.mistakes.append((error, body))
                    spans = []
                answer = sink.answers.pop(0) if sink.answers else (200, {}, b"{}")
                if isinstance(answer, bytes):
                    self.wfile.write(answer)
                else:
                    status, headers, content = answer
                    self.send_response(status)
                    for name, value in headers.items():
                        self.send_header(name, value)
                    self.send_header("Content-Length", str(len(content)))
                    self.end_headers()
                    self.wfile.write(content)
                sink.exports.append((self.path, self.headers, spans))

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        if tls:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_port
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self.port}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()
        assert not self.mistakes, self.mistakes

    def spans(self, trace=None):
        return [span for _, _, spans in list(self.exports) for span in spans if trace in (None, span.trace)]


class SilentSink:
    """Accepts connections, and never answers."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as one:
        return one.getsockname()[1]
