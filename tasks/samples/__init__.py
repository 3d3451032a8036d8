"""Drawn stand-ins for public data sets, each in the real set's file format and folder layout.

`coco`, `imagenet`, `dogs`, `faces` and `places` hold one `draw_*` function each, which draws a
whole set into a folder. `publishing` runs the drawing processes and moves a finished set into
place.

Pictures are data: `art` holds SVG files with variables, which `drawing.art` reads, and `tables`
what is particular to a set. `composition` places objects (`kinds`, `sprite`) in `scenes`, `single`
places one of them, and `landscapes` shows places on `earth`, all before the same `backdrop`.
`portraits` draws people.
"""
