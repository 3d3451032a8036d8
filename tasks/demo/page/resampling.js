"use strict";
// Pillow's bilinear filter in the arithmetic of fast_image_resize, which the suite's loaders use:
// equal answers need equal pixels, and a canvas scales with another filter. The result is the
// suite's bit for bit where it has that package, and within one level of Pillow's elsewhere.

const MOST_BITS = 22; // of a weight behind the point: 8 bits of a pixel must fit above

/**
 * The filters of one axis: of each pixel of the result the first one that it sees, how many, and
 * their weights, whole numbers of 1 / 2 ** bits.
 *
 * @param {number} length pixels that there are
 * @param {number} start where the part to resample begins, in pixels
 * @param {number} stop where it ends
 * @param {number} count pixels of the result
 */
function filters(length, start, stop, count) {
  const scale = (stop - start) / count;
  const support = Math.max(scale, 1);
  const most = 2 * Math.ceil(support) + 1;
  const first = new Int32Array(count);
  const taps = new Int32Array(count);
  const shares = new Float64Array(count * most);
  for (let i = 0; i < count; i++) {
    const centre = start + (i + 0.5) * scale;
    const low = Math.max(Math.trunc(centre - support + 0.5), 0);
    const high = Math.min(Math.trunc(centre + support + 0.5), length);
    first[i] = low;
    taps[i] = high - low;
    let sum = 0;
    for (let k = 0; k < high - low; k++) {
      const distance = Math.abs((k + low - centre + 0.5) * (1 / support));
      shares[i * most + k] = Math.max(0, 1 - distance);
      sum += shares[i * most + k];
    }
    for (let k = 0; k < high - low; k++) shares[i * most + k] /= sum || 1;
  }
  const bits = bitsFor(shares.reduce((a, b) => Math.max(a, b), 0));
  const weights = Int32Array.from(shares, (share) => Math.round(share * 2 ** bits));
  return { first, taps, weights, most, bits };
}

/** As many bits as the largest weight leaves, so that it is a 16-bit number with a sign. */
function bitsFor(largest) {
  let bits = 0;
  while (bits < MOST_BITS - 1 && Math.round(largest * 2 ** (bits + 1)) < 2 ** 15) bits++;
  return bits;
}

/**
 * Resample a part of a picture.
 *
 * @param {Uint8ClampedArray} rgba pixels, four bytes each; the fourth is left out
 * @param {number} width of the picture
 * @param {number} height of the picture
 * @param {number[]} box left, top, right, bottom of the part, fractions allowed
 * @param {number} columns of the result
 * @param {number} rows of the result
 * @returns {Uint8Array} rows x columns x 3
 */
function resample(rgba, width, height, box, columns, rows) {
  const [left, top, right, bottom] = box;
  const down = filters(height, top, bottom, rows);
  const along = filters(width, left, right, columns);
  const begin = along.first[0];
  const end = along.first[columns - 1] + along.taps[columns - 1];
  const low = resampleRows(rgba, width, begin, end, down, rows);
  return resampleColumns(low, begin, end - begin, along, columns, rows);
}

/** The columns begin..end of a picture with `rows` rows: rows x (end - begin) x 4. */
function resampleRows(rgba, width, begin, end, { first, taps, weights, most, bits }, rows) {
  const stride = 4 * (end - begin);
  const result = new Uint8Array(rows * stride);
  const sums = new Int32Array(stride);
  for (let y = 0; y < rows; y++) {
    sums.fill(1 << (bits - 1));
    for (let k = 0; k < taps[y]; k++) {
      const weight = weights[y * most + k];
      const row = 4 * ((first[y] + k) * width + begin);
      for (let i = 0; i < stride; i++) sums[i] += rgba[row + i] * weight;
    }
    for (let i = 0; i < stride; i++) result[y * stride + i] = clipped(sums[i] >> bits);
  }
  return result;
}

/** Each row of `low`, which begins at a column, resampled: rows x columns x 3. */
function resampleColumns(low, begin, width, { first, taps, weights, most, bits }, columns, rows) {
  const half = 1 << (bits - 1);
  const result = new Uint8Array(rows * columns * 3);
  let out = 0;
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      let pixel = 4 * (y * width + first[x] - begin);
      let red = half;
      let green = half;
      let blue = half;
      for (let k = x * most, last = k + taps[x]; k < last; k++, pixel += 4) {
        const weight = weights[k];
        red += low[pixel] * weight;
        green += low[pixel + 1] * weight;
        blue += low[pixel + 2] * weight;
      }
      result[out++] = clipped(red >> bits);
      result[out++] = clipped(green >> bits);
      result[out++] = clipped(blue >> bits);
    }
  }
  return result;
}

function clipped(value) {
  return value < 0 ? 0 : value > 255 ? 255 : value;
}
