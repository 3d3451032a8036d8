"use strict";
// Making elements. Text is always set as text, so a class named <b> is shown as <b>.

/** An element with properties and children; a property with a hyphen is set as an attribute. */
function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes("-") || name === "role") element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...children);
  return element;
}

/** A row of a list of bars: a name, its share as a bar, and the number in words. */
function barRow(name, share, { detail = "", swatch = null, low = false } = {}) {
  const filling = make("span", { className: "filling" });
  filling.style.width = `${Math.max(0, Math.min(1, share)) * 100}%`;
  const label = make("span", { className: "name" }, name);
  if (swatch) label.prepend(swatchOf(swatch));
  if (detail) label.append(make("span", { className: "detail" }, ` ${detail}`));
  return make(
    "li",
    { className: low ? "bar low" : "bar" },
    label,
    make("span", { className: "value" }, share.toFixed(2)),
    make("span", { className: "track", "aria-hidden": "true" }, filling),
  );
}

function swatchOf(colour) {
  const swatch = make("span", { className: "swatch", "aria-hidden": "true" });
  swatch.style.background = colour;
  return swatch;
}
