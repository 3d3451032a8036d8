"""Drawn people.

`identity` invents a person, `look` how they look in one picture, and `portrait` draws it: files of
`art/faces`, which a `face_pen` fits to the person and turns in space. `attributes` tells which of
CelebA's attributes the picture shows.
"""
