"use strict";
// The part of a picture that a network looks at, and how it fills the input: tasks/images/view.py.

const PADDING = 128; // mid-grey, around a picture that keeps its aspect

/** The part of a picture to look at, left, top, right, bottom in its pixels. */
function regionOf(view, width, height, [rows, columns]) {
  const [x0, y0, x1, y1] = view.box ?? [0, 0, 1, 1];
  const [left, top, right, bottom] = [x0 * width, y0 * height, x1 * width, y1 * height];
  if (view.crop_fraction == null) return [left, top, right, bottom];
  const [w, h] = [right - left, bottom - top];
  const scale = view.crop_fraction * Math.min(w / columns, h / rows);
  const [x, y] = [Math.min(scale * columns, w) / 2, Math.min(scale * rows, h) / 2];
  return [
    Math.max(left + w / 2 - x, 0),
    Math.max(top + h / 2 - y, 0),
    Math.min(left + w / 2 + x, width),
    Math.min(top + h / 2 + y, height),
  ];
}

/** [rows, columns] that the part fills at the top left of the input; the rest is padding. */
function extentOf(view, width, height, [rows, columns]) {
  if (!view.keep_aspect) return [rows, columns];
  const scale = Math.min(rows / height, columns / width);
  return [Math.max(1, roundEven(height * scale)), Math.max(1, roundEven(width * scale))];
}

/** Python's round: halves go to the even neighbour. */
function roundEven(value) {
  const low = Math.floor(value);
  if (value - low !== 0.5) return Math.round(value);
  return low % 2 === 0 ? low : low + 1;
}

/**
 * What a network sees of a picture.
 *
 * @returns {{pixels: Uint8Array, extent: number[]}} uint8[rows, columns, 3], and what it fills
 */
function inputOf({ data, width, height }, view, [rows, columns]) {
  const extent = extentOf(view, width, height, [rows, columns]);
  const box = regionOf(view, width, height, [rows, columns]);
  const picture = resample(data, width, height, box, extent[1], extent[0]);
  if (extent[0] === rows && extent[1] === columns) return { pixels: picture, extent };
  const pixels = new Uint8Array(rows * columns * 3).fill(PADDING);
  const stride = 3 * extent[1];
  for (let y = 0; y < extent[0]; y++) {
    pixels.set(picture.subarray(y * stride, (y + 1) * stride), y * columns * 3);
  }
  return { pixels, extent };
}
