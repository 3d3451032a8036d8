"""Drawn stand-ins for public data sets, each in the real set's file format and folder layout.

`coco`, `imagenet`, `dogs`, `faces` and `places` hold one `draw_*` function each, which draws a
whole set into a folder. `publishing` runs the drawing processes and moves a finished set into
place.

Pictures of objects are built from `objects`, `scenes` and `scenery` by `composition` (many
objects), `single` (one object), `crowd`, `sprite` and `rendering`. `portraits` draws people and
`landscapes` draws places on Earth. All of them use the pen, shapes and colours of `drawing`.
"""
