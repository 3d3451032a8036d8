"use strict";
// Classes and attributes: names with bars of their probabilities.

class ClassesView {
  #list = make("ol", { className: "bars" });
  element = this.#list;

  tell({ classes }) {
    return classes
      .slice(0, 3)
      .map(({ name, probability }) => `${name} ${probability.toFixed(2)}`)
      .join(", ");
  }

  show({ classes }) {
    const rows = classes.map(({ id, name, probability }) =>
      barRow(name, probability, { detail: String(id) === name ? "" : String(id) }),
    );
    this.#list.replaceChildren(...rows);
  }

  clear() {
    this.#list.replaceChildren();
  }
}

const LIKELY = 0.5; // an attribute of at least this probability is said to be there
const FIRST = 8; // bars before the rest

class AttributesView {
  #chips = make("ul", { className: "chips" });
  #none = make("p", { className: "none" });
  #first = make("ol", { className: "bars" });
  #others = make("ol", { className: "bars" });
  #more = make("details", {}, make("summary"), this.#others);
  element = make("div", {}, this.#chips, this.#none, this.#first, this.#more);

  tell({ attributes }) {
    const likely = ranked(attributes).filter(([, p]) => p >= LIKELY);
    return likely.map(([name, p]) => `${spaced(name)} ${p.toFixed(2)}`).join(", ") || NONE;
  }

  show({ attributes }) {
    const rows = ranked(attributes);
    const likely = rows.filter(([, p]) => p >= LIKELY);
    this.#chips.replaceChildren(...likely.map(([name]) => make("li", {}, spaced(name))));
    this.#none.textContent = likely.length ? "" : `${NONE} is likely.`;
    const bars = rows.map(([name, p]) => barRow(spaced(name), p, { low: p < LIKELY }));
    this.#first.replaceChildren(...bars.slice(0, FIRST));
    this.#others.replaceChildren(...bars.slice(FIRST));
    this.#more.hidden = bars.length <= FIRST;
    this.#more.firstChild.textContent = `${bars.length - FIRST} less likely attributes`;
  }

  clear() {
    for (const list of [this.#chips, this.#first, this.#others]) list.replaceChildren();
    this.#none.textContent = "";
    this.#more.hidden = true;
  }
}

/** Outputs of a task that the page knows nothing of: names and numbers. */
class ValuesView {
  #rows = make("dl");
  element = this.#rows;

  tell(answer) {
    return Object.keys(answer)
      .map((name) => `${spaced(name)} ${inShort(answer[name])}`)
      .join(", ");
  }

  show(answer) {
    const parts = Object.entries(answer).flatMap(([name, value]) => [
      make("dt", {}, spaced(name)),
      make("dd", {}, inShort(value)),
    ]);
    this.#rows.replaceChildren(...parts);
  }

  clear() {
    this.#rows.replaceChildren();
  }
}

function inShort(value) {
  const numbers = [value].flat(Infinity);
  const words = numbers.slice(0, 6).map(String).join(" ");
  return numbers.length > 6 ? `${words} … ${numbers.length} values` : words;
}

const NONE = "None of the attributes";

function ranked(attributes) {
  return Object.entries(attributes).sort(([, a], [, b]) => b - a);
}

function spaced(name) {
  return name.replaceAll("_", " ");
}
