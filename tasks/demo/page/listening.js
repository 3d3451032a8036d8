"use strict";
// What a person does: chooses a model, gives files in any way, starts the camera. This is the last
// script, and it starts the page.

function listModels() {
  const choices = descriptions.map(({ title, network }, number) => {
    const radio = make("input", { type: "radio", name: "model", checked: number === 0 });
    radio.addEventListener("change", () => {
      radio.parentElement.scrollIntoView({ block: "nearest", inline: "nearest" }); // on a phone
      choose(number);
    });
    return make("label", {}, radio, make("span", {}, title, make("small", {}, network)));
  });
  at("models-list").append(...choices);
  at("choice").hidden = descriptions.length < 2;
}

function listen() {
  at("file").addEventListener("change", () => {
    const files = Array.from(at("file").files);
    at("file").value = ""; // the same file can be chosen again
    attempt(() => add(files));
  });
  at("camera").addEventListener("click", () => attempt(toggleCamera));
  at("remove").addEventListener("click", () => attempt(remove));
  at("json").closest("details").addEventListener("toggle", printJson);
  let depth = 0; // of the elements that something is dragged over
  const mark = (change) => {
    depth = Math.max(0, depth + change);
    document.body.classList.toggle("dragging", depth > 0);
  };
  addEventListener("dragenter", () => mark(1));
  addEventListener("dragleave", () => mark(-1));
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => {
    event.preventDefault();
    mark(-depth);
    attempt(() => add(filesOf(event.dataTransfer)));
  });
  addEventListener("paste", (event) => attempt(() => add(filesOf(event.clipboardData))));
}

function lacks() {
  const needed = {
    DecompressionStream: 1,
    OffscreenCanvas: 1,
    createImageBitmap: 1,
    WebAssembly: 1,
  };
  return Object.keys(needed).filter((name) => !(name in globalThis));
}

if (lacks().length) {
  complain(`This browser lacks ${lacks().join(", ")}. Open the page in a newer one.`);
} else {
  listModels();
  listen();
  choose(0);
}
