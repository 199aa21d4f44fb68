// SPDX-License-Identifier: Apache-2.0
// Numbers as people read them.

function digits(value) {
  if (value >= 100) return value.toFixed(0);
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

export function count(value) {
  return value.toLocaleString('en');
}

export function rate(value) {
  return value === 0 ? '0' : value >= 1000 ? count(Math.round(value)) : digits(value);
}

export function duration(ns) {
  if (ns < 1e3) return `${ns} ns`;
  if (ns < 1e6) return `${digits(ns / 1e3)} µs`;
  if (ns < 1e9) return `${digits(ns / 1e6)} ms`;
  return `${digits(ns / 1e9)} s`;
}

export function bytes(value) {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
  let unit = 0;
  for (; value >= 1024 && unit < units.length - 1; ++unit) value /= 1024;
  return unit === 0 ? `${value} bytes` : `${digits(value)} ${units[unit]}`;
}

export function percent(share) {
  return `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`;
}

/** Of a time in seconds or more: "3 h 12 min". */
export function age(ms) {
  const units = [['d', 86400], ['h', 3600], ['min', 60], ['s', 1]];
  let seconds = Math.floor(ms / 1000);
  const parts = [];
  for (const [name, size] of units) {
    if (seconds >= size) parts.push(`${Math.floor(seconds / size)} ${name}`);
    seconds %= size;
  }
  return parts.slice(0, 2).join(' ') || '0 s';
}

/** "2 queue full, 1 shutdown" of {"queue_full": 2, "shutdown": 1}. */
export function reasons(counts) {
  return Object.entries(counts).map(([name, n]) => `${count(n)} ${name.replaceAll('_', ' ')}`).join(', ');
}
