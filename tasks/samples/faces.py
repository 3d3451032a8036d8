"""Draws a small set of faces in CelebA's own file format, and pairs of faces in LFW's.

    img_align_celeba/000001.jpg ...    list_attr_celeba.txt    list_eval_partition.txt
    identity_CelebA.txt    list_landmarks_align_celeba.txt    list_bbox_celeba.txt
    lfw/Amina_Alder/Amina_Alder_0001.jpg ...    lfw/pairs.txt

What belongs to a person is in `portraits/identity.py`, what belongs to one picture in
`portraits/look.py`. Every attribute is a property of the drawing that a viewer can see; where
CelebA's labellers had to judge, `portraits/attributes.py` gives the rule.

As in CelebA, the eyes lie at about (69.5, 111) and (107.5, 111) of 178 x 218 pixels, and nobody is
in two partitions. Necklaces and neckties begin in the lowest fifth, so a tight crop loses them.
Boxes enclose the head in the aligned picture, since there is no unaligned one. LFW's people are the
first of the test partition in other, less exactly aligned pictures of 128 x 128 pixels, with the
eyes about 38 pixels apart, near (45, 44) and (83, 44). Both pictures of a pair are from one fold,
and no person is in two folds.
"""

from itertools import combinations
from pathlib import Path
from typing import TypeVar

import numpy as np
from PIL import Image

from backbone.errors import InputError
from tasks.samples.drawing.colors import Rng, any_of
from tasks.samples.drawing.pen import Size
from tasks.samples.portraits import identity, look
from tasks.samples.portraits.attributes import ATTRIBUTES, attributes
from tasks.samples.portraits.identity import Identity
from tasks.samples.portraits.look import Look
from tasks.samples.portraits.portrait import Framing, compose
from tasks.samples.publishing import draw_all, publish

VERSION = 3  # of the drawings: raise it when a picture changes, so that samples are redrawn
FOLDS = 10
LANDMARKS = ("lefteye", "righteye", "nose", "leftmouth", "rightmouth")

# CelebA's frame, and the midpoint and distance of the eyes in it
_FRAME, _EYES, _APART = (178, 218), (88.5, 111.0), 38.0
_LFW_FRAME, _LFW_EYES = (128, 128), (64.0, 44.0)
_PICTURES = ((4, 9), (2, 4), (2, 3))  # fewest and most per person, by partition
_TEST, _LFW = 2, 3  # CelebA's number for the test partition, and one for LFW's pictures
_AT_ONCE = 24  # people whose pictures are shuffled together
_IDENTITIES = 10177  # as many as in CelebA

_WOMEN = ("Amina", "Beatriz", "Chiyo", "Dagny", "Esi", "Farida", "Greta", "Hana", "Ines", "Jamila")
_MEN = ("Abel", "Bashir", "Carlos", "Dmitri", "Emeka", "Finn", "Goran", "Hiro", "Ivo", "Jamal")
_FAMILIES = ("Alder", "Birch", "Cedar", "Elder", "Fern", "Ginkgo", "Hazel", "Juniper", "Laurel")

T = TypeVar("T")


def draw_faces(
    root: Path | str,
    train: int = 1600,
    val: int = 300,
    test: int = 300,
    *,
    people: int = 120,
    size: Size = _FRAME,
    seed: int = 0,
    workers: int | None = None,
) -> None:
    """Draw `train` + `val` + `test` aligned faces and LFW's pairs under `root`, if not yet there.

    A person has four to nine pictures in the training partition, two to four in the validation
    partition and two or three in the test partition. LFW's folder holds `people` people (a multiple
    of 10, at least 20) with two to four pictures each. `size` (width, height) is the size of the
    aligned pictures; the eyes move in proportion if it is not 178 x 218. See
    `tasks.samples.coco.draw_coco` for `seed`, `workers` and what happens to an older drawing.

    Raises:
        InputError: `root` holds something this function did not draw, a count is too small,
            `people` is not a multiple of 10, or a side of `size` is below 64 pixels.
    """
    if test < 1:
        raise InputError(f"test={test}: ask for at least one picture.")
    if people < 2 * FOLDS or people % FOLDS:
        raise InputError(
            f"people={people}: LFW's {FOLDS} folds hold equally many people, at least two each; "
            f"ask for {2 * FOLDS}, {3 * FOLDS} and so on."
        )
    stamp = {"sample": "celeba", "version": VERSION, "seed": seed, "train": train, "val": val}
    stamp |= {"test": test, "people": people, "size": list(size)}

    def draw_set(folder: Path) -> None:
        _draw_aligned(folder, (train, val, test), size, seed, workers)
        _draw_lfw(folder / "lfw", people, seed, workers)

    publish(root, "CelebA", stamp, draw_set)


def _draw_aligned(
    folder: Path, counts: tuple[int, ...], size: Size, seed: int, workers: int | None
) -> None:
    (folder / "img_align_celeba").mkdir(parents=True)
    people = [(s, person) for s, n in enumerate(counts) for person in _in_turn(seed, s, n)]
    names = [f"{n + 1:06d}.jpg" for n in range(len(people))]
    own = [i for count in counts for i in range(count)]
    jobs = [
        (folder / "img_align_celeba" / name, seed, *person, i, size)
        for name, person, i in zip(names, people, own, strict=True)
    ]
    rows = list(draw_all(draw_picture, jobs, workers))
    everyone = sorted(set(people))
    numbers = np.random.default_rng((seed, 4)).permutation(max(len(everyone), _IDENTITIES)) + 1
    number = dict(zip(everyone, numbers.tolist(), strict=False))
    marks = [f"{mark}_{axis}" for mark in LANDMARKS for axis in "xy"]
    places = np.rint([places for _, places in rows]).astype(int)
    first, last = np.clip(places[:, 5:], 0, size).swapaxes(0, 1)
    boxes = np.hstack([first, last - first])
    for file, header, values in (
        ("list_attr_celeba.txt", ATTRIBUTES, [labels for labels, _ in rows]),
        ("list_landmarks_align_celeba.txt", marks, places[:, :5].reshape(len(rows), -1).tolist()),
        ("list_bbox_celeba.txt", ("image_id", "x_1", "y_1", "width", "height"), boxes.tolist()),
        ("list_eval_partition.txt", (), [[split] for split, _ in people]),
        ("identity_CelebA.txt", (), [[number[person]] for person in people]),
    ):
        # those with a header begin with a count and pad their numbers
        lines = [str(len(names)), " ".join(header)] if header else []
        for name, row in zip(names, values, strict=True):
            lines.append(" ".join([name, *(f"{value:{2 if header else 0}d}" for value in row)]))
        (folder / file).write_text("\n".join(lines) + "\n")


def _in_turn(seed: int, split: int, count: int) -> list[int]:
    """Return the number of the person in each of a partition's `count` pictures."""
    rng, first = np.random.default_rng((seed, split, 3)), 0
    order: list[int] = []
    least, most = _PICTURES[split]
    while len(order) < count:
        group = np.arange(first, first + _AT_ONCE)
        pictures = np.repeat(group, rng.integers(least, most + 1, _AT_ONCE))
        order += rng.permutation(pictures).tolist()
        first += _AT_ONCE
    return order[:count]


def sitting(seed: int, split: int, person: int, index: int) -> tuple[Identity, Look, Rng]:
    """Return who is in picture `index` of a partition, how they look, and the picture's rng.

    `split` is 0, 1 or 2 as in CelebA's list, or 3 for LFW's folder, whose people are the test
    partition's; `person` is a number within the partition.
    """
    rng = np.random.default_rng((seed, split, 0, index))
    face = identity.invent(seed, min(split, _TEST), person)
    return face, look.invent(face, rng), rng


def draw_picture(
    path: Path, seed: int, split: int, person: int, index: int, size: Size
) -> tuple[list[int], np.ndarray]:
    """Draw picture `index` of a partition; return its attributes (-1 or 1) and points [7, 2]."""
    face, today, rng = sitting(seed, split, person, index)
    scale = np.divide(size, _FRAME)
    x, y = np.multiply(_EYES, scale) + rng.normal(0, 0.5, 2) * scale.min()
    apart = _APART * scale.min() * (1 + rng.normal(0, 0.012))
    framing = Framing(size, (float(x), float(y)), float(apart), rng.normal(0, 0.6))
    picture, places = compose(face, today, framing, rng)
    Image.fromarray(picture).save(path, quality=90)
    return [1 if seen else -1 for seen in attributes(face, today).values()], places


def draw_lfw_picture(path: Path, seed: int, person: int, index: int) -> None:
    """Draw picture `index` of LFW's folder, which shows test person `person`, to `path`."""
    face, today, rng = sitting(seed, _LFW, person, index)
    x, y = _LFW_EYES + rng.normal(0, 2.5, 2)
    apart = _APART * float(np.exp(rng.normal(0, 0.05)))
    framing = Framing(_LFW_FRAME, (float(x), float(y)), apart, rng.normal(0, 4))
    Image.fromarray(compose(face, today, framing, rng)[0]).save(path, quality=90)


def _draw_lfw(folder: Path, people: int, seed: int, workers: int | None) -> None:
    rng = np.random.default_rng((seed, _LFW, 3))
    names, in_fold = _names(people, seed, rng), people // FOLDS
    shots = [(p, n + 1) for p in range(people) for n in range(2 + p % in_fold % 3)]
    jobs = []
    for index, (person, n) in enumerate(shots):
        name = names[person]
        (folder / name).mkdir(parents=True, exist_ok=True)
        jobs.append((folder / name / f"{name}_{n:04d}.jpg", seed, person, index))
    for _ in draw_all(draw_lfw_picture, jobs, workers):
        pass
    lines = []
    for first in range(0, people, in_fold):
        fold = [shot for shot in shots if first <= shot[0] < first + in_fold]
        both = list(combinations(fold, 2))
        same = [pair for pair in both if pair[0][0] == pair[1][0]]
        different = [pair for pair in both if pair[0][0] != pair[1][0]]
        count = max(1, 3 * len(same) // 4)
        for (person, i), (_, j) in _some(same, count, rng):
            lines.append(f"{names[person]}\t{i}\t{j}")
        for (person, i), (other, j) in _some(different, count, rng):
            lines.append(f"{names[person]}\t{i}\t{names[other]}\t{j}")
    header = f"{FOLDS}\t{len(lines) // FOLDS // 2}"  # all folds are alike
    (folder / "pairs.txt").write_text("\n".join([header, *lines]) + "\n")


def _some(pairs: list[T], count: int, rng: Rng) -> list[T]:
    """Pick `count` of `pairs` without repetition, in their order."""
    return [pairs[k] for k in sorted(rng.choice(len(pairs), count, replace=False))]


def _names(people: int, seed: int, rng: Rng) -> list[str]:
    """Return a unique invented name for each of the first `people` of the test partition."""
    names: list[str] = []
    for person in range(people):
        first = any_of(rng, _MEN if identity.invent(seed, _TEST, person).male else _WOMEN)
        name = f"{first}_{any_of(rng, _FAMILIES)}"
        while name in names:
            name += f"_{any_of(rng, _FAMILIES)}"
        names.append(name)
    return names
