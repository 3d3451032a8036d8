"""A small model of the Earth and of what it looks like.

`gazetteer` lists the places, `climate` and `moment` give their climate, season, weather and light,
`flora` and `peoples` say what grows and what is built there. `views` draws a picture of it on a
`stage`: `ground`, `relief`, `roadside` and `street` with the things in `things`.
"""
