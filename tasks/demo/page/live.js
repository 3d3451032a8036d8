"use strict";
// The camera: each frame is answered as soon as the one before it is.

let frames = []; // when the camera's last ones were answered, in milliseconds
let announced = 0; // when the last of them was told

const FRAMES = 20; // over which the speed is measured
const PAUSE = 5000; // milliseconds between announcements while the camera runs

/** Start the camera, or stop it. */
async function toggleCamera() {
  if (camera.running) {
    await leaveCamera();
    return;
  }
  at("camera").disabled = true; // while a person is asked
  try {
    await camera.start();
  } finally {
    at("camera").disabled = false;
  }
  complain("");
  turn++;
  shown = null;
  clear();
  stage.camera();
  cameraButton(true);
  markShown();
  say("Loading the network …");
  try {
    await engine.load(model);
    say("The camera is on.");
    busy(false);
    [frames, announced] = [[], performance.now()];
    await camera.each(answerFrame);
  } catch (error) {
    complain(error.message);
    await leaveCamera();
  }
}

/** Stop the camera, and show the last photograph in its place. */
async function leaveCamera() {
  stopCamera();
  await (photographs.length ? show(photographs.at(-1)) : leave());
}

/** Show the answer for a frame. */
async function answerFrame(bitmap) {
  const number = model;
  await engine.load(number);
  const reply = await engine.ask("answer", { number, bitmap }, [bitmap]);
  const others = panel().compares ? photographs : [];
  for (const other of others) await replyFor(other, number);
  if (!camera.running || number !== model) return;
  present(reply, othersOf(null));
  frames.push(performance.now());
  if (frames.length > FRAMES) frames.shift();
  const seconds = (frames.at(-1) - frames[0]) / 1000;
  if (seconds > 0)
    at("timing").append(`; ${((frames.length - 1) / seconds).toFixed(1)} per second`);
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
