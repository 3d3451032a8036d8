"use strict";
// Embeddings: a strip of colours, and how similar the other photographs are.

class EmbeddingView {
  #strip = make("canvas", { className: "vector", height: 1, role: "img" });
  #list = make("ol", { className: "bars similar" });
  #hint = make("p", { className: "none" });
  element = make(
    "div",
    {},
    make("h3", {}, "Similarity to the other photographs"),
    this.#list,
    this.#hint,
    make("h3", {}, "The embedding"),
    this.#strip,
  );

  tell(answer, others = []) {
    const best = others.map(({ name, embedding }) => [name, cosine(answer.embedding, embedding)]);
    best.sort(([, a], [, b]) => b - a);
    if (!best.length) return `An embedding of ${answer.embedding.length} values`;
    const words = best.slice(0, 3).map(([name, value]) => `${value.toFixed(2)} to ${name}`);
    return `Similarity ${words.join(", ")}`;
  }

  /** @param {{name: string, address: string, embedding: number[]}[]} others to compare with */
  show({ embedding }, _, others = []) {
    const rows = others
      .map((other) => [other, cosine(embedding, other.embedding)])
      .sort(([, a], [, b]) => b - a)
      .map(([{ name, address }, value]) => {
        const row = barRow(name, value);
        row.prepend(make("img", { src: address, alt: "" }));
        return row;
      });
    this.#list.replaceChildren(...rows);
    this.#hint.textContent = others.length
      ? ""
      : "Add a second photograph to compare it with this one.";
    this.#strip.setAttribute("aria-label", `${embedding.length} values: red below 0, blue above`);
    paintVector(this.#strip, embedding);
  }

  clear() {
    this.#list.replaceChildren();
    this.#hint.textContent = "";
    this.#strip.width = 0;
  }
}

/** The cosine of the angle between two vectors: 1 for the same direction. */
function cosine(a, b) {
  const dot = (u, v) => u.reduce((sum, value, i) => sum + value * v[i], 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b) || 1);
}

/** One column for each value: red below 0, blue above, white at 0. */
function paintVector(canvas, values) {
  canvas.width = values.length;
  const context = canvas.getContext("2d");
  const image = context.createImageData(values.length, 1);
  values.forEach((value, i) => {
    const strength = Math.max(-1, Math.min(1, (value * Math.sqrt(values.length)) / 2));
    const end = strength < 0 ? [178, 24, 43] : [33, 102, 172];
    const colour = end.map((level) => 245 + Math.abs(strength) * (level - 245));
    image.data.set([...colour, 255], 4 * i);
  });
  context.putImageData(image, 0, 0);
}
