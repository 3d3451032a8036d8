"""Image files to pixels: decoding, crops, preprocessing on the device, sheets of pictures."""
