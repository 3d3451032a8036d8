"""Every drawn set: repeatable, drawn once, and complete or absent."""

import pytest

from backbone.errors import InputError
from tests.tasks.samples.sets import SETS, digests

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", SETS)
def test_a_seed_gives_the_same_bytes(name, drawn_set, tmp_path):
    made, root = SETS[name], drawn_set(name)
    made.draw(tmp_path / "same", **made.small)
    made.draw(tmp_path / "other", **made.small, seed=1)
    assert digests(tmp_path / "same") == digests(root)
    pictures, others = (
        {
            digest
            for path, digest in digests(folder).items()
            if path.lower().endswith((".jpg", ".jpeg"))
        }
        for folder in (root, tmp_path / "other")
    )
    assert len(pictures) == len(others) > 0
    assert not pictures & others


@pytest.mark.parametrize("name", SETS)
def test_a_second_call_draws_nothing_and_a_new_version_draws_anew(name, drawn_set, monkeypatch):
    made, root = SETS[name], drawn_set(name)

    def stop(*job):
        raise KeyboardInterrupt

    before = {path: path.stat().st_mtime_ns for path in root.rglob("*")}
    made.draw(root, **made.small)
    assert {path: path.stat().st_mtime_ns for path in root.rglob("*")} == before
    monkeypatch.setattr(made.module, "draw_picture", stop)
    with pytest.raises(KeyboardInterrupt):
        made.draw(root, **made.small, seed=5)
    monkeypatch.setattr(made.module, "VERSION", made.module.VERSION + 1)
    with pytest.raises(KeyboardInterrupt):
        made.draw(root, **made.small)
    # the old set stays until the new one is complete
    assert {path: path.stat().st_mtime_ns for path in root.rglob("*")} == before
    assert [path.name for path in root.parent.iterdir()] == [name]


@pytest.mark.parametrize(
    ("name", "wrong"), [(name, wrong) for name, made in SETS.items() for wrong in made.impossible]
)
def test_impossible_sets_are_refused(name, wrong, tmp_path):
    with pytest.raises(InputError):
        SETS[name].draw(tmp_path / name, **SETS[name].small | wrong)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", SETS)
def test_another_set_is_never_touched(name, drawn_set):
    root = drawn_set("dogs" if name == "coco" else "coco")
    before = digests(root)
    with pytest.raises(InputError, match="something other than a drawn"):
        SETS[name].draw(root, **SETS[name].small)
    assert digests(root) == before
