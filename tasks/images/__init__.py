"""From image files to pixels: decoding, crops, preprocessing on the device, contact sheets."""
