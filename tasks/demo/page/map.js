"use strict";
// The map of where a photograph may have been taken: cells over coastlines, in an equal-area
// projection. The outlines and the cell under each pixel come with the page.

class PlacesView {
  #description;
  #raster = null; // the cell under each pixel, below 0 for none
  #earth = null; // outlines as paths
  #canvas = make("canvas", { className: "map", role: "img" });
  #list = make("ol", { className: "bars" });
  #taken = make("p", { className: "none" });
  #answer = null;
  element = make("div", {}, this.#canvas, this.#taken, this.#list);

  constructor(description) {
    this.#description = description;
    const { width, height } = description.map;
    this.#canvas.width = width;
    this.#canvas.height = height;
    Promise.all([earthOutlines(), unpacked(description.map.element)]).then(([earth, bytes]) => {
      this.#earth = earth;
      this.#raster = new Int32Array(bytes.buffer);
      this.#paint();
    });
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    scheme.addEventListener("change", () => this.#paint());
  }

  tell({ cells, true_position, distance_km }) {
    const best = cells
      .slice(0, 3)
      .map((cell) => `${placeName(cell.latitude, cell.longitude)} ${cell.probability.toFixed(2)}`);
    return [...best, ...(true_position ? [takenAt(true_position, distance_km)] : [])].join(", ");
  }

  show(answer) {
    this.#answer = answer;
    const rows = answer.cells.map((cell) => {
      const across = Math.round(cell.across_km).toLocaleString("en");
      const detail = `cell ${cell.cell}, ${across} km across`;
      return barRow(placeName(cell.latitude, cell.longitude), cell.probability, { detail });
    });
    this.#list.replaceChildren(...rows);
    const { true_position, distance_km } = answer;
    const words = true_position ? `The star: ${takenAt(true_position, distance_km)}.` : "";
    this.#taken.textContent = words;
    const place = placeName(...answer.position);
    this.#canvas.setAttribute("aria-label", `World map; the most probable place is ${place}`);
    this.#paint();
  }

  clear() {
    this.#answer = null;
    this.#taken.textContent = "";
    this.#list.replaceChildren();
    this.#canvas.setAttribute("aria-label", "World map");
    this.#paint();
  }

  #paint() {
    if (!this.#earth) return;
    const earth = this.#earth;
    const context = this.#canvas.getContext("2d");
    const { width, height } = this.#canvas;
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(name).trim();
    const scale = width / earth.width;
    context.clearRect(0, 0, width, height);
    context.save();
    context.scale(scale, scale);
    context.fillStyle = colour("--water");
    context.fill(earth.ring);
    context.clip(earth.ring);
    context.fillStyle = colour("--land");
    context.fill(earth.land);
    context.fillStyle = colour("--water");
    context.fill(earth.lakes);
    context.restore();
    if (this.#answer) this.#paintCells(context);
    context.save();
    context.scale(scale, scale);
    context.strokeStyle = colour("--shore");
    context.lineWidth = 0.6 / scale;
    context.stroke(earth.shores);
    context.lineWidth = 1 / scale;
    context.stroke(earth.ring);
    context.restore();
    if (this.#answer) this.#mark(context, earth, scale);
  }

  #paintCells(context) {
    const { width, height } = this.#canvas;
    const { tokens } = this.#description.cells;
    const palette = tokens.map((token) => heat(this.#answer, token, this.#description.faded));
    const image = context.createImageData(width, height);
    for (let i = 0; i < this.#raster.length; i++) {
      const painted = this.#raster[i] >= 0 && palette[this.#raster[i]];
      if (painted) image.data.set(painted, 4 * i);
    }
    const layer = new OffscreenCanvas(width, height);
    layer.getContext("2d").putImageData(image, 0, 0);
    context.drawImage(layer, 0, 0);
  }

  #mark(context, earth, scale) {
    const { position, true_position } = this.#answer;
    const ring = new Path2D();
    ring.arc(0, 0, 9, 0, 2 * Math.PI);
    const marks = [[position, ring, null]];
    if (true_position) marks.push([true_position, star(14), "#1565c0"]);
    for (const [place, shape, filling] of marks) {
      const [x, y] = project(...place).map((value) => value * earth.unit);
      context.save();
      context.translate((earth.width / 2 + x) * scale, (earth.height / 2 - y) * scale);
      for (const [width, colour] of [
        [6, "#fff"],
        [filling ? 1 : 3, "#0b4f6e"],
      ]) {
        [context.lineWidth, context.strokeStyle] = [width, colour];
        context.stroke(shape);
      }
      if (filling) {
        context.fillStyle = filling;
        context.fill(shape);
      }
      context.restore();
    }
  }
}

/** A star with five points around 0, 0. */
function star(radius) {
  const path = new Path2D();
  for (let i = 0; i < 10; i++) {
    const [angle, reach] = [(i * Math.PI) / 5, i % 2 ? 0.45 * radius : radius];
    path.lineTo(reach * Math.sin(angle), -reach * Math.cos(angle));
  }
  path.closePath();
  return path;
}

function takenAt(position, distance) {
  const off = Math.round(distance).toLocaleString("en");
  return `taken at ${placeName(...position)}, ${off} km off`;
}

let outlines = null; // shared by all maps

/** The size of the map that the page carries, and its paths. */
function earthOutlines() {
  outlines ??= unpacked("earth").then((bytes) => {
    const earth = JSON.parse(new TextDecoder().decode(bytes));
    for (const name of ["ring", "land", "lakes", "shores"]) earth[name] = new Path2D(earth[name]);
    return earth;
  });
  return outlines;
}

/** The colour of a cell, rgba; null for one that is faded. On a logarithmic scale. */
function heat({ cells, distribution }, token, faded) {
  const probability = distribution[token];
  if (!probability) return null;
  const share = 1 + Math.log(probability / distribution[cells[0].cell]) / Math.log(faded);
  const stops = [
    [255, 237, 160],
    [253, 141, 60],
    [189, 0, 38],
  ];
  const at = Math.max(0, Math.min(1, share)) * (stops.length - 1);
  const low = Math.min(Math.floor(at), stops.length - 2);
  const colour = stops[low].map((level, i) => level + (at - low) * (stops[low + 1][i] - level));
  return [...colour, 215];
}

/** x and y of the Equal Earth projection (Šavrič, Patterson and Jenny 2018) of degrees. */
function project(latitude, longitude) {
  const [a, b, c, d] = [1.340264, -0.081106, 0.000893, 0.003796];
  const root = Math.sqrt(3);
  const theta = Math.asin((root / 2) * Math.sin((latitude * Math.PI) / 180));
  const slope = 9 * d * theta ** 8 + 7 * c * theta ** 6 + 3 * b * theta ** 2 + a;
  const x = (2 * root * ((longitude * Math.PI) / 180) * Math.cos(theta)) / (3 * slope);
  return [x, d * theta ** 9 + c * theta ** 7 + b * theta ** 3 + a * theta];
}
