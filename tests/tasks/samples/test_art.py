"""The pictures as data: every file is plain SVG that is drawn, and its variables work."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from tasks.samples.dogs import BREEDS
from tasks.samples.drawing.art import ART, UNIT, art
from tasks.samples.drawing.pen import ObjectPen
from tasks.samples.kinds import KINDS

FILES = sorted(str(path.relative_to(ART))[:-4] for path in ART.rglob("*.svg"))


def drawn(name: str, seed: int = 0, **options) -> np.ndarray:
    """A file of `art` drawn 60 pixels large, RGBA."""
    pen = ObjectPen((240, 240), 30 * np.eye(2), (120, 120), 2)
    art(name).draw(pen, np.random.default_rng(seed), **options)
    return np.asarray(pen.cutout()[0]).astype(int)


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_svg_that_a_browser_would_draw(name):
    root = ElementTree.parse(ART / f"{name}.svg").getroot()
    tags = {element.tag.partition("}")[2] for element in root.iter()}
    known = "svg desc style g defs use path ellipse"
    assert tags <= set(known.split())
    text = (ART / f"{name}.svg").read_text()
    declared = set(re.findall(r"--([\w-]+):", text))
    assert set(re.findall(r"var\(--([\w-]+)\)", text)) <= declared
    assert {key[5:] for key in root.attrib if key.startswith("data-")} <= declared
    everything = {g.get("id", ""): True for g in root.iter() if "data-chance" in g.attrib}
    assert (drawn(name, choices=everything)[..., 3] > 127).sum() > 60


def test_art_is_small_and_all_of_it_is_used():
    assert sum(path.stat().st_size for path in ART.rglob("*.svg")) <= 400_000
    objects = {f"objects/{name}" for kind in KINDS.values() for name in kind.pictures.split()}
    own = {"objects/taxi", "objects/sports-car"}  # of ImageNet's classes
    dogs = {f"dogs/{breed.picture}" for breed in BREEDS}
    assert {name for name in FILES if name.startswith(("objects", "dogs"))} == objects | dogs | own


def test_a_colour_is_one_of_the_palette_or_what_is_asked_for():
    pixels = [drawn("objects/apple", seed).reshape(-1, 4) for seed in range(12)]
    tones = [np.median(p[p[:, 3] > 250, :3], axis=0) for p in pixels]
    assert {"red" if tone[0] > tone[1] else "green" for tone in tones} == {"red", "green"}
    blue = drawn("objects/apple", colors={"skin": (40, 60, 200)}).reshape(-1, 4)
    red, _, deep = np.median(blue[blue[:, 3] > 250, :3], axis=0)
    assert deep > red + 60


def test_groups_are_drawn_by_chance_or_as_chosen():
    plain, striped = (drawn("objects/cat-sitting", choices={"tabby": t}) for t in (False, True))
    assert (plain != striped).any()
    poses = {drawn("dogs/pug", choices={"pose": p}).shape for p in ("standing", "portrait")}
    assert len(poses) == 2
    lit = [drawn("objects/traffic-light", seed)[..., :3].argmax() for seed in range(20)]
    assert len(set(lit)) >= 3


def test_a_mark_is_where_the_file_says_at_any_size():
    for size in (10, 40):
        pen = ObjectPen((6 * size, 6 * size), size * np.eye(2), (3 * size, 3 * size), 4)
        art("objects/basketball").draw(pen, np.random.default_rng(0))
        mask = np.asarray(pen.cutout()[1]) > 127
        assert np.sqrt(mask.sum() / np.pi) == pytest.approx(size, rel=0.05)
    mark = art("objects/basketball").root.children[0].children[0]
    assert np.abs(mark.points).max() == pytest.approx(UNIT, abs=1)
