"use strict";
// Boxes over the picture, and as a list beside it.

class BoxesView {
  #description;
  #overlay = make("div", { className: "layer", "aria-hidden": "true" });
  #list = make("ol", { className: "bars" });
  #none = make("p", { className: "none" });
  #slider;
  #reading = make("output");
  #last = null;

  constructor(description, { changed }) {
    this.#description = description;
    this.#slider = make("input", {
      type: "range",
      min: Math.min(0.05, description.threshold),
      max: Math.max(0.95, description.threshold),
      step: "any", // a step would round the threshold that the validation chose
      value: description.threshold,
      id: `threshold-${description.place}`,
    });
    this.#slider.addEventListener("input", () => {
      this.#say();
      changed();
    });
    this.#say();
    const label = make("label", { htmlFor: this.#slider.id }, "Boxes that score at least ");
    label.append(this.#reading);
    const control = make("div", { className: "threshold" }, label, this.#slider);
    this.element = make("div", {}, this.#list, this.#none, control);
    this.overlay = this.#overlay;
  }

  get threshold() {
    return Number(this.#slider.value);
  }

  /** The answer in one line. */
  tell({ boxes }) {
    const best = boxes.slice(0, 5).map((box) => `${box.category} ${box.score.toFixed(2)}`);
    const count = boxes.length === 1 ? "1 object" : `${boxes.length} objects`;
    return best.length ? `${count}: ${best.join(", ")}` : "No objects";
  }

  show({ boxes }, { width, height }) {
    const rows = boxes.map((box) =>
      barRow(box.category, box.score, { swatch: colourOf(box.category_id) }),
    );
    const frames = boxes.map((box) => frameOf(box, width, height));
    rows.forEach((row, i) => {
      row.addEventListener("pointerenter", () => frames[i].classList.add("pointed"));
      row.addEventListener("pointerleave", () => frames[i].classList.remove("pointed"));
    });
    this.#list.replaceChildren(...rows);
    // the best comes last, on top
    this.#overlay.replaceChildren(...frames.reverse());
    this.#none.textContent = boxes.length ? "" : "No box scores that much.";
  }

  clear() {
    this.#overlay.replaceChildren();
    this.#list.replaceChildren();
    this.#none.textContent = "";
  }

  #say() {
    this.#reading.textContent = this.threshold.toFixed(2);
    this.#slider.setAttribute("aria-valuetext", this.threshold.toFixed(2));
  }
}

function frameOf({ category, category_id, score, xyxy }, width, height) {
  const [left, top, right, bottom] = xyxy;
  const colour = colourOf(category_id);
  const caption = make("span", { className: "caption" }, `${category} ${score.toFixed(2)}`);
  caption.style.background = colour;
  caption.style.color = inkOn(category_id);
  const frame = make("div", { className: "box" }, caption);
  if (top < 0.08 * height) frame.classList.add("high");
  if (left > 0.7 * width) frame.classList.add("right");
  frame.style.borderColor = colour;
  frame.style.left = `${(100 * left) / width}%`;
  frame.style.top = `${(100 * top) / height}%`;
  frame.style.width = `${(100 * (right - left)) / width}%`;
  frame.style.height = `${(100 * (bottom - top)) / height}%`;
  return frame;
}

/** [red, green, blue] of a category, 0..255: hues a golden ratio apart, so neighbours differ. */
function rgbOf(category) {
  const sector = 6 * ((category * 0.618034) % 1);
  const [value, saturation] = [0.95, 0.75];
  const channel = (n) => {
    const k = (n + sector) % 6;
    return Math.round(255 * value * (1 - saturation * Math.max(0, Math.min(k, 4 - k, 1))));
  };
  return [channel(5), channel(3), channel(1)];
}

function colourOf(category) {
  return `rgb(${rgbOf(category).join(" ")})`;
}

/** Black or white, whichever is read better on a category's colour. */
function inkOn(category) {
  const [red, green, blue] = rgbOf(category).map((level) => {
    const share = level / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  const luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  return luminance > 0.179 ? "#000" : "#fff";
}
