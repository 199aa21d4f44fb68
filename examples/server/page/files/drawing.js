// SPDX-License-Identifier: Apache-2.0
// Draws what was found onto the picture: boxes, polygons, masks, points.
import {each_pixel} from './run_lengths.js';

const kMostPixels = 1600;  // of the longer side; a larger picture is shown smaller

// The first colours of detect.draw: each far from the others, on dark and on light pictures.
const kColours = [[240, 60, 60], [30, 205, 60], [30, 75, 255], [45, 240, 210], [255, 210, 0], [240, 15, 180],
  [0, 165, 255], [60, 135, 0], [150, 90, 0], [240, 165, 255], [180, 60, 105], [210, 0, 255]];

export function colour_of(shape) {
  return kColours[(shape.index ?? 0) % kColours.length];
}

export function css_colour([red, green, blue], alpha = 1) {
  return `rgb(${red} ${green} ${blue} / ${alpha})`;
}

/** Black or white, whichever is read better on the colour. */
export function text_colour_on([red, green, blue]) {
  return (2126 * red * red + 7152 * green * green + 722 * blue * blue) / 10000 > 255 * 255 * 0.3 ? '#000' : '#fff';
}

function are_finite(numbers) {
  return numbers.every((number) => Number.isFinite(number));
}

/** All masks in one layer of the picture's size; where they overlap the later one is seen. */
function draw_masks(context, shapes, size) {
  const masked = shapes.filter((shape) => shape.mask);
  if (masked.length === 0) return;
  const [height, width] = masked[0].mask.size;
  if (!(height > 0 && width > 0)) return;
  const layer = new ImageData(width, height);
  for (const shape of masked) {
    const [red, green, blue] = colour_of(shape);
    if (shape.mask.size[0] !== height || shape.mask.size[1] !== width) continue;
    each_pixel(shape.mask, (x, y) => layer.data.set([red, green, blue, 120], (y * width + x) * 4));
  }
  const canvas = new OffscreenCanvas(width, height);
  canvas.getContext('2d').putImageData(layer, 0, 0);
  context.drawImage(canvas, 0, 0, size.width, size.height);
}

function outline_of(shape, scale) {
  if (shape.quad) return shape.quad.map(([x, y]) => [x * scale, y * scale]);
  if (!shape.box) return [];
  const [x0, y0, x1, y1] = shape.box.map((side) => side * scale);
  return [[x0, y0], [x1, y0], [x1, y1], [x0, y1]];
}

function draw_shape(context, shape, scale, unit) {
  const colour = colour_of(shape);
  const corners = outline_of(shape, scale);
  if (corners.length > 0 && are_finite(corners.flat())) {
    context.beginPath();
    corners.forEach(([x, y], i) => i === 0 ? context.moveTo(x, y) : context.lineTo(x, y));
    context.closePath();
    // A dark edge beside the line, so that it is seen on its own colour.
    context.lineWidth = unit * 1.8;
    context.strokeStyle = 'rgb(0 0 0 / 0.45)';
    context.stroke();
    context.lineWidth = unit;
    context.strokeStyle = css_colour(colour);
    context.stroke();
  }
  for (const [x, y] of shape.keypoints ?? []) {
    if (!are_finite([x, y])) continue;
    context.beginPath();
    context.arc(x * scale, y * scale, unit * 1.4, 0, 2 * Math.PI);
    context.fillStyle = css_colour(colour);
    context.fill();
    context.lineWidth = unit * 0.5;
    context.strokeStyle = '#fff';
    context.stroke();
  }
}

function draw_label(context, shape, text, scale, unit, canvas) {
  const corners = outline_of(shape, scale);
  if (corners.length === 0 || !are_finite(corners.flat())) return;
  const size = unit * 5.5;
  context.font = `600 ${size}px system-ui, sans-serif`;
  const width = context.measureText(text).width + size * 0.6;
  const left = Math.max(0, Math.min(Math.min(...corners.map((corner) => corner[0])), canvas.width - width));
  const top = Math.min(...corners.map((corner) => corner[1])) - size * 1.35;
  const y = Math.max(0, top);  // within the picture
  const colour = colour_of(shape);
  context.fillStyle = css_colour(colour, 0.92);
  context.fillRect(left, y, width, size * 1.35);
  context.fillStyle = text_colour_on(colour);
  context.fillText(text, left + size * 0.3, y + size * 1.02);
}

/**
 * `canvas` lies over the picture, {width, height}, and is transparent where nothing was found.
 * `label_of(shape)`: the text at a shape; empty for none.
 */
export function draw(canvas, picture, shapes, label_of) {
  const scale = Math.min(1, kMostPixels / Math.max(picture.width, picture.height));
  canvas.width = Math.max(1, Math.round(picture.width * scale));
  canvas.height = Math.max(1, Math.round(picture.height * scale));
  const context = canvas.getContext('2d');
  draw_masks(context, shapes, canvas);
  const unit = Math.max(1.5, Math.max(canvas.width, canvas.height) / 240);
  // The best are drawn last, over the others.
  for (const shape of [...shapes].reverse()) draw_shape(context, shape, scale, unit);
  for (const shape of [...shapes].reverse()) {
    const text = label_of(shape);
    if (text !== '') draw_label(context, shape, text, scale, unit, canvas);
  }
}
