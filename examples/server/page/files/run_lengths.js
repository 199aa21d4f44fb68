// SPDX-License-Identifier: Apache-2.0
// COCO's run-length encoding of a mask, as gantry::RunLengths has it.

/** The runs of the text: pixels column by column, outside first. Throws if it is malformed. */
export function parse_counts(text) {
  const counts = [];
  for (let at = 0; at < text.length;) {
    let value = 0;
    let factor = 1;
    for (let is_last = false; !is_last; ++at) {
      const bits = text.charCodeAt(at) - 48;  // NaN behind the end
      if (!(bits >= 0 && bits < 64)) throw new Error(`a mask has an invalid character at ${at}`);
      value += (bits & 0x1f) * factor;
      factor *= 32;
      is_last = (bits & 0x20) === 0;
      if (is_last && (bits & 0x10) !== 0) value -= factor;  // the sign
    }
    // From the fourth on a number is the difference to the one before the last.
    counts.push(counts.length > 2 ? value + counts.at(-2) : value);
  }
  return counts;
}

/** Calls `paint(x, y)` for each pixel of the mask that is within its size. */
export function each_pixel({size: [height, width], counts}, paint) {
  let pixel = 0;
  parse_counts(counts).forEach((run, i) => {
    const end = Math.min(pixel + run, height * width);
    if (i % 2 === 1) for (let p = pixel; p < end; ++p) paint(Math.floor(p / height), p % height);
    pixel = end;
  });
}
