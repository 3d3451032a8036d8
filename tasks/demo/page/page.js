"use strict";
// What happens when: a person chooses a model, gives a photograph, or starts the camera.

const descriptions = plainly("models");
const engine = new Engine(descriptions);
const stage = new Stage();
const camera = new Camera(document.getElementById("film"));
const panels = []; // one for each model, made when it is first chosen
const photographs = [];
let model = 0; // number of the chosen one
let shown = null; // the photograph on the stage; null while there is none, or the camera runs
let last = null; // the engine's last reply, and the size of its picture
let turn = 0; // counts what was asked for, so that a late answer is not shown
let frames = []; // when the camera's last ones were answered, in milliseconds
let announced = 0; // when the last of them was told

const FRAMES = 20; // over which the speed is measured
const PAUSE = 5000; // milliseconds between announcements while the camera runs

const at = (id) => document.getElementById(id);

function panel() {
  panels[model] ??= new Panel(descriptions[model], redraw);
  return panels[model];
}

/** Choose a model, and answer again with it. */
async function choose(number) {
  model = number;
  at("answers").replaceChildren(...panel().elements);
  document.querySelector("main").dataset.kinds = panel().kinds;
  stage.overlay(panel().overlays);
  clear();
  about();
  await attempt(async () => {
    if (!camera.running) await refresh();
  });
}

/** Answer for the photograph on the stage; without one, load the model and wait. */
async function refresh() {
  const [mine, number] = [++turn, model];
  say(shown ? "Answering …" : "Loading the network …");
  busy(true);
  try {
    await engine.load(number);
    if (mine !== turn) return;
    if (!shown) {
      say("Ready. Choose a photograph, drop one, or use the camera.");
      return;
    }
    const reply = await replyFor(shown, number);
    const wanted = panel().compares ? photographs.filter((other) => other !== shown) : [];
    for (const other of wanted) await replyFor(other, number);
    if (mine !== turn) return;
    present(reply, othersOf(shown));
    announce();
  } finally {
    if (mine === turn) busy(false);
  }
}

/** The engine's reply for a photograph, which is kept. */
async function replyFor(photograph, number) {
  if (!photograph.replies.has(number)) {
    const bitmap = await photograph.bitmap();
    photograph.replies.set(number, await engine.ask("answer", { number, bitmap }, [bitmap]));
  }
  return photograph.replies.get(number);
}

/** The other photographs with their embeddings, where the model gives embeddings. */
function othersOf(photograph) {
  if (!panel().compares) return [];
  return photographs
    .filter((other) => other !== photograph && other.replies.has(model))
    .map((other) => {
      const embedding = panel().embedding(panel().describe(other.replies.get(model)));
      return { name: other.name, address: other.address, embedding };
    });
}

function present(reply, others) {
  const said = panel().describe(reply);
  const [height, width] = reply.size;
  last = { reply, others, said };
  panel().show(said, { width, height }, others);
  stage.seen(reply.seen, reply.size);
  at("timing").textContent = timingOf(reply.milliseconds);
  if (at("json").closest("details").open) printJson();
}

/** Show the last reply again, as a control was moved. */
function redraw() {
  if (!last) return;
  present(last.reply, last.others);
  announce();
}

/** Tell the last answer to screen readers; everybody else sees it in the lists. */
function announce() {
  say(panel().tell(last.said, last.others));
  at("status").classList.add("unseen");
}

function timingOf({ pixels, network }) {
  const words = `${Math.round(pixels + network)} ms per frame`;
  return `${words}: pixels ${Math.round(pixels)}, network ${Math.round(network)}`;
}

function printJson() {
  const answer = last ? panel().plain(last.said) : {};
  at("json").textContent = JSON.stringify(shown ? { image: shown.name, ...answer } : answer, null, 2);
}

/** Add files; the last one that is a photograph is shown. */
async function add(files) {
  const faults = [];
  let added = null;
  for (const file of files) {
    try {
      added = await photographOf(file);
      photographs.push(added);
      at("strip").append(thumbnailOf(added));
    } catch (error) {
      faults.push(error.message);
    }
  }
  complain(faults.join(" "));
  if (added) await show(added);
}

/** Remove the photograph on the stage; the one before it is shown. */
async function remove() {
  const place = photographs.indexOf(shown);
  URL.revokeObjectURL(shown.address);
  photographs.splice(place, 1);
  at("strip").children[place].remove();
  at("file").focus(); // the button may go away
  if (photographs.length) await show(photographs[Math.max(place - 1, 0)]);
  else await leave();
}

/** Show neither a photograph nor the camera. */
async function leave() {
  shown = null;
  stage.empty();
  markShown();
  clear();
  await refresh();
}

async function show(photograph) {
  stopCamera();
  shown = photograph;
  markShown();
  stage.photograph(photograph);
  clear();
  await refresh();
}

/** Mark the thumbnail of the photograph on the stage, and offer what can be done with it. */
function markShown() {
  at("strip").hidden = photographs.length < 2;
  at("remove").hidden = shown === null;
  for (const button of at("strip").querySelectorAll("button")) {
    button.setAttribute("aria-pressed", String(button.photograph === shown));
  }
}

/** Forget the last answer. */
function clear() {
  last = null;
  panel().clear();
  stage.seen(null);
  at("timing").textContent = "";
  at("json").textContent = "";
}

function thumbnailOf(photograph) {
  const picture = make("img", { src: photograph.address, alt: photograph.name });
  const button = make("button", { type: "button", title: photograph.name, photograph }, picture);
  button.addEventListener("click", () => attempt(() => show(photograph)));
  return make("li", {}, button);
}

async function toggleCamera() {
  if (camera.running) {
    stopCamera();
    await (photographs.length ? show(photographs.at(-1)) : leave());
    return;
  }
  await camera.start();
  complain("");
  turn++;
  shown = null;
  clear();
  stage.camera();
  cameraButton(true);
  markShown();
  say("Loading the network …");
  await engine.load(model);
  say("The camera is on.");
  busy(false);
  [frames, announced] = [[], performance.now()];
  await camera.each(answerFrame);
}

async function answerFrame(bitmap) {
  const number = model;
  await engine.load(number);
  const reply = await engine.ask("answer", { number, bitmap }, [bitmap]);
  if (!camera.running || number !== model) return;
  const others = panel().compares ? photographs : [];
  for (const other of others) await replyFor(other, number);
  present(reply, othersOf(null));
  frames.push(performance.now());
  if (frames.length > FRAMES) frames.shift();
  const seconds = (frames.at(-1) - frames[0]) / 1000;
  if (seconds > 0) at("timing").append(`; ${((frames.length - 1) / seconds).toFixed(1)} per second`);
  if (performance.now() - announced > PAUSE) {
    announced = performance.now();
    announce();
  }
}

function stopCamera() {
  camera.stop();
  cameraButton(false);
}

function cameraButton(on) {
  at("camera").textContent = on ? "Stop the camera" : "Use the camera";
}

/** Do something that a person asked for, and tell what went wrong on the page. */
async function attempt(action) {
  try {
    await action();
  } catch (error) {
    complain(error.message);
    say("");
    busy(false);
  }
}

function say(words) {
  at("status").textContent = words;
  at("status").classList.remove("unseen");
}

function complain(words) {
  at("error").textContent = words;
}

function busy(on) {
  document.querySelector("main").setAttribute("aria-busy", String(on));
}

/** What the chosen model is, at the foot of the page. */
function about() {
  const rows = Object.entries(descriptions[model].about);
  const parts = rows.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]);
  at("about").replaceChildren(...parts);
}

function listModels() {
  const choices = descriptions.map(({ title, network }, number) => {
    const radio = make("input", { type: "radio", name: "model", checked: number === 0 });
    radio.addEventListener("change", () => choose(number));
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
  const needed = { DecompressionStream: 1, OffscreenCanvas: 1, createImageBitmap: 1, WebAssembly: 1 };
  return Object.keys(needed).filter((name) => !(name in globalThis));
}

if (lacks().length) {
  complain(`This browser lacks ${lacks().join(", ")}. Open the page in a newer one.`);
} else {
  listModels();
  listen();
  choose(0);
}
