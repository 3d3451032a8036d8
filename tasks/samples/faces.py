"""Draws a small set of faces in CelebA's own file format, and pairs of faces in LFW's.

    img_align_celeba/000001.jpg ...    list_attr_celeba.txt    list_eval_partition.txt
    identity_CelebA.txt    list_landmarks_align_celeba.txt    list_bbox_celeba.txt
    lfw/Amina_Alder/Amina_Alder_0001.jpg ...    lfw/pairs.txt

A picture shows a shaded head and shoulders in front of a background. What belongs to a person is in
`portraits/identity.py`: the outline of the face, skin, eyes, brows, nose, mouth, ears, hair, age,
moles and freckles. All of it is invented, and the features do not depend on the skin. What belongs
to one picture is in `portraits/look.py`: smile, pose, light, hairstyle, make-up, hat, glasses and
clothes. Every attribute in `list_attr_celeba.txt` is a property of the drawing that a viewer can
see. Where CelebA's labellers had to judge, `portraits/attributes.py` gives the rule.

As in CelebA, the eyes lie at about (69.5, 111) and (107.5, 111) of 178 x 218 pixels, and nobody is
in two partitions. Necklaces and neckties begin in the lowest fifth, so a tight crop loses them.
Boxes enclose the head in the aligned picture, since there is no unaligned one. LFW's people are the
first of the test partition in other, less exactly aligned pictures of 128 x 128 pixels, with the
eyes about 38 pixels apart, near (45, 44) and (83, 44). Both pictures of a pair are from one fold,
and no person is in two folds. The formats are the real ones: whatever reads CelebA and LFW reads
this. `sample.json` beside them records what was drawn.
"""

from itertools import combinations
from pathlib import Path
from typing import TypeVar

import numpy as np
from PIL import Image

from backbone.errors import InputError
from tasks.samples.drawing.colors import Rng, any_of
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
Row = tuple[list[int], np.ndarray]  # attributes (-1 or 1), and points in the picture [7, 2]


def draw_faces(
    root: Path | str,
    train: int = 1600,
    val: int = 300,
    test: int = 300,
    *,
    people: int = 120,
    size: tuple[int, int] = _FRAME,
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
    folder: Path,
    counts: tuple[int, int, int],
    size: tuple[int, int],
    seed: int,
    workers: int | None,
) -> None:
    (folder / "img_align_celeba").mkdir(parents=True)
    people = [
        (split, person) for split in range(3) for person in _in_turn(seed, split, counts[split])
    ]
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
    points = [np.rint(places[:5]).astype(int).ravel().tolist() for _, places in rows]
    boxes = [_box(places[5:], size) for _, places in rows]
    for file, header, values in (
        ("list_attr_celeba.txt", ATTRIBUTES, [labels for labels, _ in rows]),
        ("list_landmarks_align_celeba.txt", marks, points),
        ("list_bbox_celeba.txt", ("image_id", "x_1", "y_1", "width", "height"), boxes),
        ("list_eval_partition.txt", None, [[split] for split, _ in people]),
        ("identity_CelebA.txt", None, [[number[person]] for person in people]),
    ):
        _write_list(folder / file, header, names, values)


def sitting(seed: int, split: int, person: int, index: int) -> tuple[Identity, Look, Rng]:
    """Return who is in picture `index` of a partition, how they look, and the picture's rng.

    `split` is 0, 1 or 2 as in CelebA's list, or 3 for LFW's folder, whose people are the test
    partition's; `person` is a number within the partition.
    """
    rng = np.random.default_rng((seed, split, 0, index))
    face = identity.invent(seed, min(split, _TEST), person)
    return face, look.invent(face, rng), rng


def draw_picture(
    path: Path, seed: int, split: int, person: int, index: int, size: tuple[int, int]
) -> Row:
    """Draw picture `index` of a partition to `path`; return its attributes and points."""
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


def _box(corners: np.ndarray, size: tuple[int, int]) -> list[int]:
    """Return the box between two corners [2, 2] within the picture as x, y, width, height."""
    (x0, y0), (x1, y1) = np.clip(np.rint(corners), 0, size).astype(int).tolist()
    return [x0, y0, x1 - x0, y1 - y0]


def _write_list(
    path: Path, header: tuple[str, ...] | list[str] | None, names: list[str], rows: list[list[int]]
) -> None:
    """Write one of CelebA's lists; those with a header begin with a count and pad their numbers."""
    lines = [] if header is None else [str(len(names)), " ".join(header)]
    width = 0 if header is None else 2
    for name, values in zip(names, rows, strict=True):
        lines.append(" ".join([name, *(f"{value:{width}d}" for value in values)]))
    path.write_text("\n".join(lines) + "\n")


def _draw_lfw(folder: Path, people: int, seed: int, workers: int | None) -> None:
    rng = np.random.default_rng((seed, _LFW, 3))
    names = _names(people, seed, rng)
    in_fold = people // FOLDS
    counts = [2 + person % in_fold % 3 for person in range(people)]
    jobs: list[tuple[Path, int, int, int]] = []
    for person, name in enumerate(names):
        (folder / name).mkdir(parents=True)
        for n in range(1, counts[person] + 1):
            jobs.append((folder / name / f"{name}_{n:04d}.jpg", seed, person, len(jobs)))
    for _ in draw_all(draw_lfw_picture, jobs, workers):
        pass
    of_same = sum(count * (count - 1) // 2 for count in counts[:in_fold])
    pairs = max(1, 3 * of_same // 4)
    lines = [f"{FOLDS}\t{pairs}"]
    for first in range(0, people, in_fold):
        fold = range(first, first + in_fold)
        same, different = _pairs(fold, counts)
        for person, i, j in _some(same, pairs, rng):
            lines.append(f"{names[person]}\t{i}\t{j}")
        for person, i, other, j in _some(different, pairs, rng):
            lines.append(f"{names[person]}\t{i}\t{names[other]}\t{j}")
    (folder / "pairs.txt").write_text("\n".join(lines) + "\n")


def _pairs(
    fold: range, counts: list[int]
) -> tuple[list[tuple[int, int, int]], list[tuple[int, int, int, int]]]:
    """Return all pairs of pictures in a fold: those of one person, and those of two."""
    pictures = [(person, n) for person in fold for n in range(1, counts[person] + 1)]
    both = list(combinations(pictures, 2))
    same = [(one, i, j) for (one, i), (other, j) in both if one == other]
    return same, [(one, i, other, j) for (one, i), (other, j) in both if one != other]


def _some(pairs: list[T], count: int, rng: Rng) -> list[T]:
    """Pick `count` of `pairs` without repetition, in their order."""
    return [pairs[k] for k in sorted(rng.choice(len(pairs), count, replace=False))]


def _names(people: int, seed: int, rng: Rng) -> list[str]:
    """Return a unique invented name for each of the first `people` of the test partition."""
    names: dict[str, None] = {}
    for person in range(people):
        first = any_of(rng, _MEN if identity.invent(seed, _TEST, person).male else _WOMEN)
        family = any_of(rng, _FAMILIES)
        while f"{first}_{family}" in names:
            family += "_" + any_of(rng, _FAMILIES)
        names[f"{first}_{family}"] = None
    return list(names)
