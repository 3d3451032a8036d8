"use strict";
// The answers of one model: a view for each head, and all of them together in words and as JSON.

const VIEWS = {
  boxes: BoxesView,
  classes: ClassesView,
  attributes: AttributesView,
  embedding: EmbeddingView,
  places: PlacesView,
  values: ValuesView,
};

class Panel {
  #heads;

  /**
   * @param {object} description of the model; it may have several answers
   * @param {() => void} changed called when a person moves a control
   */
  constructor(description, changed) {
    this.#heads = description.answers.map((answer) => ({
      answer,
      view: new VIEWS[answer.kind](answer, { changed }),
    }));
    const several = this.#heads.length > 1;
    this.elements = this.#heads.map(({ answer, view }) => {
      const parts = several ? [make("h3", {}, answer.title), view.element] : [view.element];
      return make("section", { className: `answer ${answer.kind}` }, ...parts);
    });
    this.overlays = this.#heads.flatMap(({ view }) => view.overlay ?? []);
    this.compares = this.#heads.some(({ answer }) => answer.kind === "embedding");
    this.clear();
  }

  /** The kinds of the answers, such as "boxes places". */
  get kinds() {
    return this.#heads.map(({ answer }) => answer.kind).join(" ");
  }

  /** What each head says of a picture; see the engine's `answer`. */
  describe(reply) {
    return this.#heads.map(({ answer, view }) => describe(answer, reply, view.threshold));
  }

  /** The same in one object: of several heads by their names. */
  plain(said) {
    if (said.length === 1) return said[0];
    return Object.fromEntries(this.#heads.map(({ answer }, i) => [answer.title, said[i]]));
  }

  /** The embedding among what the heads say. */
  embedding(said) {
    return said[this.#heads.findIndex(({ answer }) => answer.kind === "embedding")].embedding;
  }

  /** Show what the heads say of a picture of a size, beside others to compare it with. */
  show(said, size, others) {
    this.#heads.forEach(({ view }, i) => view.show(said[i], size, others));
  }

  /** All of it in one line. */
  tell(said, others) {
    return this.#heads.map(({ view }, i) => view.tell(said[i], others)).join(". ");
  }

  clear() {
    for (const { view } of this.#heads) view.clear();
  }
}
