"use strict";
// Photographs: added, shown, removed.

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
  const strip = at("strip");
  for (const button of strip.querySelectorAll("button")) {
    const pressed = button.photograph === shown;
    button.setAttribute("aria-pressed", String(pressed));
    if (!pressed) continue;
    const place = button.offsetLeft - strip.offsetLeft;
    strip.scrollTo({ left: place - strip.clientWidth / 2 });
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
