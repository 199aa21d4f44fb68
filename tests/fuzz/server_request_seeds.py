# SPDX-License-Identifier: Apache-2.0
"""Seeds of the target server_request: python server_request_seeds.py DIR"""
import gzip
import json
import pathlib
import struct
import sys
import zlib


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    x = {"name": "x", "shape": [2, 2], "datatype": "FP32"}
    texts = {"name": "t", "shape": [2], "datatype": "BYTES", "data": ["a", "ä\n"]}
    messages = [
        {"id": "7", "inputs": [{**x, "data": [[1, 2.5], [-3, 1e-3]]}], "outputs": [{"name": "y", "parameters": {"binary_data": True}}]},
        {"inputs": [{**x, "datatype": "INT8", "data": [1, 2, 3, 127]}, texts], "parameters": {"priority": 1, "timeout": 1000}},
        {"inputs": [{"name": "b", "shape": [1, 1, 3], "datatype": "BOOL", "data": [[[True, False, True]]]}], "parameters": {"binary_data_output": True}},
        {"inputs": [{"name": "e", "shape": [0, 4], "datatype": "INT64", "data": []}]},
    ]
    seeds = [b"\0" + json.dumps(message).encode() for message in messages]
    binary = [({**x, "parameters": {"binary_data_size": 16}}, struct.pack("<4f", 1, 2, 3, 4)),
              ({"name": "t", "shape": [2], "datatype": "BYTES", "parameters": {"binary_data_size": 11}},
               struct.pack("<I", 1) + b"a" + struct.pack("<I", 2) + b"bc"),
              ({"name": "h", "shape": [3], "datatype": "BF16", "parameters": {"binary_data_size": 6}}, b"\x80\x3f" * 3)]
    for tensors in ([one] for one in binary):
        head = json.dumps({"inputs": [tensor for tensor, _ in tensors]}).encode()
        seeds.append(b"\1" + struct.pack("<H", len(head)) + head + b"".join(data for _, data in tensors))
    head = json.dumps({"inputs": [tensor for tensor, _ in binary]}).encode()
    seeds.append(b"\1" + struct.pack("<H", len(head)) + head + b"".join(data for _, data in binary))
    seeds += [b"\2\0\4" + bytes(16), b"\2\1\2" + struct.pack("<I", 3) + b"abc" + struct.pack("<I", 0), b"\2\2\3\0\1\1"]
    seeds += [b"\3/v2/models/a%20b/infer?x=1", b"\3http://host:80/v2", b"\3*", b"\3/%c3%a4/%2e%2e/"]
    for data in (b"", b"abc" * 1000, json.dumps(messages[0]).encode()):
        seeds += [b"\4" + gzip.compress(data, mtime=0), b"\5" + zlib.compress(data)]
    seeds.append(b"\4" + gzip.compress(b"ab" * 50, mtime=0) + gzip.compress(b"second member", mtime=0))
    parent = b"\6" + b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    seeds += [parent + b"\nvendor=1, tenant@vendor=a b,,q_-*/=~", parent + b"-x", b"\6cc" + parent[3:] + b"-more", b"\6\na=1"]
    for number, seed in enumerate(seeds):
        (folder / f"{number:02}").write_bytes(seed)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
