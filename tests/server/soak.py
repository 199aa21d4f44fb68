# SPDX-License-Identifier: Apache-2.0
"""Whether gantry-server grows under a steady load: python soak.py SERVER MODELS SECONDS

Measures for ten seconds how many requests the server answers to these clients on this machine, then sends 80 % of that, and
prints a line for each minute. Fails if an answer is wrong or missing, or if the server's memory (RSS) in the last third of the
time is more than 5 % above that in the first. MODELS: what make_packages.py made, for any engine; the model asked is 'affine',
with JSON and binary tensors, plain and compressed, and answers from 100 bytes to 3 KB. For figures to compare: bench/server."""
import collections
import gzip
import http.client
import json
import multiprocessing
import pathlib
import statistics
import struct
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from running_server import RunningServer  # noqa: E402

SHARE = 0.8
CLIENTS = 4
RENEWED_AFTER = 500  # requests of a connection
GROWTH = 1.05


def requests():
    """(body, headers, what the answer must contain)"""
    made = []
    for rows in (1, 16, 200):
        tensor = {"name": "x", "shape": [rows, 4], "datatype": "FP32"}
        text = json.dumps({"inputs": [{**tensor, "data": [1.5] * (4 * rows)}]}).encode()
        head = json.dumps({"inputs": [{**tensor, "parameters": {"binary_data_size": 16 * rows}}],
                           "parameters": {"binary_data_output": True}}).encode()
        made.append((text, {}, b'"y"'))
        made.append((gzip.compress(text), {"Content-Encoding": "gzip"}, b'"y"'))
        made.append((head + struct.pack("<f", 1.5) * (4 * rows), {"Inference-Header-Content-Length": str(len(head))},
                     struct.pack("<f", 4.0) * (4 * rows)))
    return made


def send(port, gap, period, end, results):
    """One client, until `end`: a request each `gap` seconds, or without a pause at 0.

    Puts (number of the period, latencies in ms, failures) for each period, then None. What waits for its turn waits in the
    latency, too."""
    kinds = requests()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    begin = time.monotonic()
    sent, number, latencies, failures = 0, 0, [], collections.Counter()
    while (now := time.monotonic()) < end:
        if (now - begin) // period > number:
            results.put((number, latencies, failures))
            number, latencies, failures = int((now - begin) // period), [], collections.Counter()
        due = begin + sent * gap if gap else now
        time.sleep(max(0.0, due - now))
        body, headers, expected = kinds[sent % len(kinds)]
        sent += 1
        try:
            connection.request("POST", "/v2/models/affine/infer", body, headers)
            answer = connection.getresponse()
            content = answer.read()
            if answer.status != 200 or expected not in content:
                failures[f"{answer.status} {content[:80]!r}"] += 1
        except (OSError, http.client.HTTPException) as error:
            failures[repr(error)] += 1
            connection.close()
        latencies.append((time.monotonic() - due) * 1000)
        if sent % RENEWED_AFTER == 0:
            connection.close()
    results.put((number, latencies, failures))
    results.put(None)


def load(port, rate, seconds, period):
    """Runs the clients; yields (latencies in ms, sorted, failures) of each period, as soon as all have told of it."""
    results = multiprocessing.Queue()
    end = time.monotonic() + seconds
    clients = [multiprocessing.Process(target=send, args=(port, CLIENTS / rate if rate else 0, period, end, results))
               for _ in range(CLIENTS)]
    for one in clients:
        one.start()
    parts = collections.defaultdict(list)
    ended = 0
    while ended < CLIENTS:
        part = results.get()
        if part is None:
            ended += 1
            continue
        parts[part[0]].append(part)
        if len(parts[part[0]]) == CLIENTS:
            every = parts.pop(part[0])
            yield sorted(one for _, latencies, _ in every for one in latencies), sum((part[2] for part in every),
                                                                                    collections.Counter())
    for one in clients:
        one.join()


def grows(memory):
    """Whether the last third of these figures is above the first, beyond GROWTH."""
    third = max(1, len(memory) // 3)
    return statistics.mean(memory[-third:]) > GROWTH * statistics.mean(memory[:third])


def main(program, models, seconds):
    memory, failures = [], collections.Counter()
    period = min(60.0, seconds / 3)
    with RunningServer(program, models, "--drain.delay_ms", "0") as server:
        (answered, failures), = load(server.port, 0, 10, 1e9)
        rate = SHARE * len(answered) / 10
        print(f"{len(answered) / 10:.0f} requests a second are answered; sending {rate:.0f}", flush=True)
        for number, (latencies, failed) in enumerate(load(server.port, rate, seconds, period)):
            failures += failed
            if len(latencies) < rate * period / 10:
                continue  # what was left behind the last whole period
            memory.append(server.resident_kb())
            print(f"{(number + 1) * period:.0f} s: {len(latencies)} requests, p99 {latencies[int(0.99 * len(latencies))]:.1f} ms, "
                  f"RSS {memory[-1] / 1024:.1f} MB", flush=True)
    for what, count in failures.items():
        print(f"{count} times: {what}")
    if failures:
        return "FAILED: wrong or missing answers"
    if grows(memory):
        return "FAILED: memory grows"
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], float(sys.argv[3])))
