"use strict";
// The page's side of the engine: what it is asked, and what it has loaded.

class Engine {
  #worker = null;
  #waiting = new Map(); // ticket -> what to do with the reply
  #tickets = 0;
  #started = null;
  #loaded = new Map(); // number of a model -> promise that it is loaded

  constructor(descriptions) {
    this.descriptions = descriptions;
  }

  /** Load a model, the first time that it is wanted. */
  load(number) {
    if (!this.#loaded.has(number)) this.#loaded.set(number, this.#load(number));
    return this.#loaded.get(number);
  }

  /** Ask for one of the engine's tasks; see engine.js. */
  ask(task, given, moved = []) {
    const ticket = this.#tickets++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(ticket, { resolve, reject });
      this.#worker.postMessage({ ticket, task, given }, moved);
    });
  }

  async #load(number) {
    this.#started ??= this.#start();
    await this.#started;
    const bytes = await unpacked(`model-${number}`);
    const given = { number, description: this.descriptions[number], bytes };
    await this.ask("load", given, [bytes.buffer]);
  }

  /** Answer everybody who waits that there will be no answer. */
  #fail(message) {
    for (const { reject } of this.#waiting.values()) reject(new Error(message));
    this.#waiting.clear();
  }

  async #start() {
    const sources = document.querySelectorAll("script[data-engine]");
    const code = Array.from(sources, (source) => source.textContent).join("\n");
    const address = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
    this.#worker = new Worker(address);
    URL.revokeObjectURL(address);
    this.#worker.onerror = (event) => this.#fail(event.message || "the engine cannot be started");
    this.#worker.onmessage = ({ data: { ticket, result, error } }) => {
      const { resolve, reject } = this.#waiting.get(ticket);
      this.#waiting.delete(ticket);
      if (error === undefined) resolve(result);
      else reject(new Error(error));
    };
    const [script, wasm] = await Promise.all([
      unpacked("runtime-script"),
      unpacked("runtime-wasm"),
    ]);
    await this.ask("start", { script, wasm }, [script.buffer, wasm.buffer]);
  }
}
