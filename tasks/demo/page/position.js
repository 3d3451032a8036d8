"use strict";
// Where a photograph was taken, by the EXIF data of a JPEG file: tasks/geolocation/exif.py.

const [LATITUDE_REF, LATITUDE, LONGITUDE_REF, LONGITUDE] = [1, 2, 3, 4]; // GPS tags
const GPS_DIRECTORY = 0x8825; // the tag that points to it
const [TEXT, RATIONAL] = [2, 5]; // types of values
const HEADER = 2 ** 18; // bytes: EXIF is in one of the first segments, of at most 64 KiB

/** [latitude, longitude] in degrees; null for a file that does not say. */
async function positionOf(file) {
  const view = new DataView(await file.slice(0, HEADER).arrayBuffer());
  try {
    const exif = exifOf(view);
    return exif && gpsOf(exif);
  } catch (error) {
    if (error instanceof RangeError) return null; // it points past its own end
    throw error;
  }
}

/** The TIFF structure in a JPEG's segment APP1; null if there is none. */
function exifOf(view) {
  if (view.getUint16(0) !== 0xffd8) return null;
  for (let at = 2; view.getUint8(at) === 0xff && view.getUint8(at + 1) !== 0xda;) {
    const length = view.getUint16(at + 2);
    // "Exif" and two zeros
    const named = view.getUint32(at + 4) === 0x45786966 && view.getUint16(at + 8) === 0;
    if (view.getUint8(at + 1) === 0xe1 && named) {
      return new DataView(view.buffer, at + 10, length - 8);
    }
    at += 2 + length;
  }
  return null;
}

function gpsOf(exif) {
  const little = exif.getUint16(0) === 0x4949; // "II"
  const pointer = entries(exif, exif.getUint32(4, little), little).get(GPS_DIRECTORY);
  if (pointer === undefined) return null;
  const gps = entries(exif, exif.getUint32(pointer + 8, little), little);
  const latitude = degrees(exif, gps.get(LATITUDE), gps.get(LATITUDE_REF), "NS", little);
  const longitude = degrees(exif, gps.get(LONGITUDE), gps.get(LONGITUDE_REF), "EW", little);
  const outside = Math.abs(latitude) > 90 || Math.abs(longitude) > 180;
  // 0, 0 is what cameras without a fix write
  if (latitude === null || longitude === null || outside || (!latitude && !longitude)) return null;
  return [latitude, longitude];
}

/** The entries of a directory: tag -> where the entry begins. */
function entries(exif, start, little) {
  const found = new Map();
  for (let i = 0; i < exif.getUint16(start, little); i++) {
    const entry = start + 2 + 12 * i;
    found.set(exif.getUint16(entry, little), entry);
  }
  return found;
}

/** One signed angle, from degrees, minutes and, where they are given, seconds; null for none. */
function degrees(exif, angle, hemisphere, signs, little) {
  if (angle === undefined || hemisphere === undefined) return null;
  const count = exif.getUint32(angle + 4, little);
  const letter = String.fromCharCode(exif.getUint8(hemisphere + 8)).toUpperCase();
  const textual = exif.getUint16(hemisphere + 2, little) === TEXT && signs.includes(letter);
  if (!textual || exif.getUint16(angle + 2, little) !== RATIONAL || count < 2 || count > 3)
    return null;
  const values = exif.getUint32(angle + 8, little);
  let sum = 0;
  for (let k = 0; k < count; k++) {
    const [over, under] = [0, 4].map((offset) => exif.getUint32(values + 8 * k + offset, little));
    if (under === 0) return null;
    sum += over / under / 60 ** k;
  }
  return letter === signs[0] ? sum : -sum;
}

/** The length of the shortest way on the Earth between two positions, in km. */
function greatCircle(from, to) {
  const [phi, other] = [from[0], to[0]].map((angle) => (angle * Math.PI) / 180);
  const turn = ((to[1] - from[1]) * Math.PI) / 180;
  const across = Math.hypot(
    Math.cos(other) * Math.sin(turn),
    Math.cos(phi) * Math.sin(other) - Math.sin(phi) * Math.cos(other) * Math.cos(turn),
  );
  const along = Math.sin(phi) * Math.sin(other) + Math.cos(phi) * Math.cos(other) * Math.cos(turn);
  return EARTH_RADIUS * Math.atan2(across, along);
}

const EARTH_RADIUS = 6371.0088; // km, the mean
