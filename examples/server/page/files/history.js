// SPDX-License-Identifier: Apache-2.0
// History: the answers of /v2/status so far; what happened in a period is the newest one less an older one.

const kLongest = 600;  // seconds
const kPoints = 60;

/** Histograms are {count, sum_ns, buckets: [[upper bound, count], ...]}; undefined: nothing was recorded. */
export function difference(newer, older) {
  if (!newer) return {count: 0, sum_ns: 0, buckets: []};
  if (!older) return newer;
  const before = new Map(older.buckets);
  return {
    count: newer.count - older.count,
    sum_ns: newer.sum_ns - older.sum_ns,
    buckets: newer.buckets.map(([bound, n]) => [bound, n - (before.get(bound) ?? 0)]).filter(([, n]) => n > 0),
  };
}

export function sum(histograms) {
  const buckets = new Map();
  let count = 0;
  let sum_ns = 0;
  for (const one of histograms) {
    count += one.count;
    sum_ns += one.sum_ns;
    for (const [bound, n] of one.buckets) buckets.set(bound, (buckets.get(bound) ?? 0) + n);
  }
  return {count, sum_ns, buckets: [...buckets].sort((a, b) => a[0] - b[0])};
}

/** The upper bound of the bucket that holds the quantile, in ns; NaN of nothing. */
export function quantile(histogram, q) {
  let below = 0;
  for (const [bound, n] of histogram.buckets) if ((below += n) >= q * histogram.count) return bound;
  return NaN;
}

/** {"a": 2} less {"a": 1}. */
export function counts_difference(newer = {}, older = {}) {
  return Object.fromEntries(Object.entries(newer).map(([name, n]) => [name, n - (older[name] ?? 0)])
    .filter(([, n]) => n > 0));
}

export function total(counts) {
  return Object.values(counts).reduce((all, n) => all + n, 0);
}

export class History {
  constructor() {
    this.points = [];  // {time in s, status}, oldest first
  }

  add(status) {
    const time = status.server.uptime_ms / 1000;
    if (this.points.length > 0 && time < this.points.at(-1).time) this.points = [];  // the server was restarted
    this.points.push({time, status});
    // Full resolution for a minute, then a point in ten seconds.
    this.points = this.points.filter((point, i, all) => {
      const old = time - point.time;
      if (i === 0 || old <= 62) return old <= kLongest + 10;
      return old <= kLongest + 10 && Math.floor(point.time / 10) !== Math.floor(all[i - 1].time / 10);
    });
  }

  /** What was known `seconds` before the newest status; null: the start of the server. */
  before(seconds) {
    if (seconds === 'start') return null;
    const now = this.points.at(-1).time;
    if (now <= seconds) return null;
    return this.points.find((point) => now - point.time <= seconds + 1) ?? null;
  }

  /** The seconds between that and the newest. */
  length(older) {
    return this.points.at(-1).time - (older ? older.time : 0);
  }

  /** Requests per second between neighbours of the last minute. */
  rates() {
    const last = this.points.slice(-kPoints);
    return last.slice(1).map((point, i) => {
      const time = point.time - last[i].time;
      return time > 0 ? (point.status.runtime.requests - last[i].status.runtime.requests) / time : 0;
    });
  }
}
