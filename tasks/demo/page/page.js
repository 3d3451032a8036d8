"use strict";
// What the page knows, and how it answers with the chosen model.

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
    const reply = await engine.ask("answer", { number, bitmap }, [bitmap]);
    photograph.replies.set(number, { ...reply, taken: photograph.taken });
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
  at("json").textContent = JSON.stringify(
    shown ? { image: shown.name, ...answer } : answer,
    null,
    2,
  );
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
