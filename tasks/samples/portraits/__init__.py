"""Drawn people.

`identity` invents a person, `look` how they look in one picture, and `portrait` draws it: the head,
features, hair and clothes from their modules, with a `face_pen` in space and the shading of
`light`. `attributes` tells which of CelebA's attributes the picture shows.
"""
