"use strict";
// Files to photographs, and words for those that are none.

/** A photograph that the browser can decode. */
class Photograph {
  /** @param {number[] | null} taken where, latitude and longitude */
  constructor(file, width, height, taken) {
    this.file = file;
    this.taken = taken;
    this.name = file.name;
    this.address = URL.createObjectURL(file);
    this.width = width;
    this.height = height;
    this.replies = new Map(); // number of a model -> what the engine said
  }

  bitmap() {
    return decoded(this.file);
  }
}

/** Decode a file as the suite does: turned by its EXIF orientation, colours as they are stored. */
function decoded(source) {
  return createImageBitmap(source, {
    imageOrientation: "from-image",
    colorSpaceConversion: "none",
  });
}

/**
 * The photograph in a file.
 *
 * @throws {Error} with words for the person who chose it
 */
async function photographOf(file) {
  if (file.size === 0) throw new Error(`${file.name} is empty (0 bytes).`);
  let bitmap;
  try {
    bitmap = await decoded(file);
  } catch {
    throw new Error(await fault(file));
  }
  const photograph = new Photograph(file, bitmap.width, bitmap.height, await positionOf(file));
  bitmap.close();
  return photograph;
}

const FORMATS = "JPEG, PNG, WebP, AVIF or GIF";

/** Why a file cannot be decoded. */
async function fault(file) {
  let head;
  try {
    head = new Uint8Array(await file.slice(0, 512).arrayBuffer());
  } catch {
    return `${file.name} cannot be read: it is a folder, or it is gone. Choose the photographs.`;
  }
  const begins = String.fromCharCode(...head.subarray(0, 12));
  if (/^....ftyp(hei|hev|mif|msf)/s.test(begins)) {
    return `${file.name} is a HEIC photograph, which this browser cannot decode. Save it as JPEG.`;
  }
  if (/^(\xff\xd8\xff|\x89PNG|RIFF....WEBP|GIF8|BM)/s.test(begins)) {
    return `${file.name} is damaged or cut short and cannot be decoded. Get it again.`;
  }
  if (/^(II\*\0|MM\0\*)/.test(begins)) {
    return `${file.name} is a TIFF photograph, which this browser cannot decode. Save it as JPEG.`;
  }
  const text = head.every((byte) => byte >= 32 || [9, 10, 12, 13].includes(byte));
  const kind = text ? "a text file" : file.type || "a file of an unknown kind";
  return `${file.name} is ${kind}, not a photograph. Choose a ${FORMATS} file.`;
}

/** The files that were dropped or pasted. */
function filesOf(transfer) {
  const files = Array.from(transfer?.files ?? []);
  if (files.length) return files;
  throw new Error(
    "That was no file. This page fetches nothing from the network: save the photograph first, " +
      "then choose the file.",
  );
}
