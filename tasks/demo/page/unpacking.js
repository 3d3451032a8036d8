"use strict";
// What the page carries: gzip in base64, in elements that are no scripts.

/** The bytes packed in an element, whose text is then given up. */
async function unpacked(id) {
  const element = document.getElementById(id);
  const packed = fromBase64(element.textContent.trim());
  element.remove();
  const plain = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(plain).arrayBuffer());
}

function fromBase64(text) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const characters = atob(text);
  const bytes = new Uint8Array(characters.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = characters.charCodeAt(i);
  return bytes;
}

/** The value of a JSON element. */
function plainly(id) {
  return JSON.parse(document.getElementById(id).textContent);
}
