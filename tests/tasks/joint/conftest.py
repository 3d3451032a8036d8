"""Four heads on one trunk, each in a checkpoint of its own."""

from pathlib import Path

import pytest

from tests.tasks.joint.parts import write_part

NAMES = ("ssd_coco", "image_folder", "face_attributes", "planet")


@pytest.fixture(scope="session")
def singles(tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("singles")
    return {name: write_part(folder / f"{name}.ckpt", name) for name in NAMES}


@pytest.fixture(scope="session")
def joint(singles, tmp_path_factory) -> Path:
    from tasks.join import join

    path = tmp_path_factory.mktemp("joint") / "joint.ckpt"
    join([str(single) for single in singles.values()], path, None, ())
    return path
