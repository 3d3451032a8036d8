"""An annotation file damaged at random is refused by a message, or all of it is accounted for."""

import json
from copy import deepcopy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backbone.errors import InputError
from tasks.detection.coco.splits import BoxSets
from tests.tasks.conftest import REPEATABLE
from tests.tasks.detection.conftest import content

pytestmark = pytest.mark.slow

KEYS = ("id", "image_id", "category_id", "bbox", "area", "iscrowd", "name")
KEYS += ("file_name", "width", "height", "images", "annotations", "categories", "coco_url")
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 100),
    st.integers(),
    st.floats(),
    st.sampled_from([2**63, -1, 0, 1.0, "1", "", "1.5", "000000000001.jpg", "x/000000000002.JPG"]),
    st.sampled_from([10**400, "a\0b", "..", "/", "é", "\ud800", "https://h/000000000003.jpg"]),
    st.text(max_size=5),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(KEYS), inner, max_size=3)
        | st.lists(st.floats(), min_size=4, max_size=4)
    ),
    max_leaves=6,
)


def places(value, path=()):
    """The paths to all values inside of a value."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in items:
        yield (*path, key)
        if isinstance(inner, dict | list):
            yield from places(inner, (*path, key))


PLACES = [place for place in places(content()) if "segmentation" not in place]
KINDS = st.sampled_from(["set", "remove", "double"])
DAMAGE = st.lists(st.tuples(st.sampled_from(PLACES), KINDS, VALUES), min_size=1, max_size=3)


def damaged(damage) -> dict:
    changed = content()
    for (*path, last), kind, value in damage:
        owner = changed
        try:
            for key in path:
                owner = owner[key]
            if kind == "remove":
                del owner[last]
            elif kind == "double" and isinstance(owner, list):
                owner.append(deepcopy(owner[last]))
            else:
                owner[last] = value
        except (LookupError, TypeError):  # an earlier change took the place away
            continue
    return changed


@pytest.fixture
def load(coco_files, tmp_path):
    def load(raw: bytes, skip: bool):
        coco_files.annotations.write_bytes(raw)
        options = {"num_classes": None, "skip_unreadable": skip}
        sets = BoxSets(coco_files.images.parent, tmp_path / "cache", **options)
        try:
            return sets.load("train")
        except InputError:
            return None

    return load


@settings(REPEATABLE, max_examples=150)
@given(damage=DAMAGE, skip=st.booleans())
def test_every_image_and_box_is_used_or_counted(load, damage, skip):
    changed = damaged(damage)
    loaded = load(json.dumps(changed).encode(errors="surrogatepass"), skip)
    if loaded is None:
        return
    index, counts = loaded
    assert counts.images == len(index)
    assert counts.images + sum(counts.left_out.values()) == len(changed["images"])
    if not counts.left_out:
        assert counts.boxes == len(changed["annotations"])
    without_place = sum(
        counts.faults[name].count for name in ("not given", "not finite") if name in counts.faults
    )
    assert len(index.xywh) == counts.boxes - without_place
    truth = index.ground_truth()
    assert len(truth.boxes) == len(index.xywh)
    assert counts.trainable_boxes == index.trainable.sum()
    assert (index.widths > 0).all()
    assert (index.heights > 0).all()


@settings(REPEATABLE, max_examples=150)
@given(
    cut=st.integers(0, 1000),
    at=st.integers(0, 900),
    noise=st.binary(max_size=6),
    encoding=st.sampled_from(["utf-8", "utf-16", "latin-1"]),
)
def test_a_file_whose_bytes_are_damaged_is_refused_or_read(load, cut, at, noise, encoding):
    raw = json.dumps(content()).encode(encoding)
    load(raw[:at] + noise + raw[at + cut % 7 : at + 900 + cut], skip=True)
