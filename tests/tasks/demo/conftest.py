"""One page with a model of each kind, open in one Chromium for all tests of this folder."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from PIL import Image, ImageFilter

from tasks.demo.assembly import page
from tasks.demo.earth import earth_paths
from tasks.demo.models import shown_model
from tasks.demo.runtime import read_runtime
from tasks.join import join
from tasks.training.model import Model
from tests.conftest import ROOT
from tests.tasks.demo.browsing import Browser, node_modules, start_browser
from tests.tasks.joint.conftest import NAMES
from tests.tasks.joint.parts import write_part

CHECKPOINTS = ROOT / "tests" / "data" / "0.1.0"
KINDS = ("image_folder", "face_attributes", "face_embedding", "planet", "ssd_coco")
SEVERAL = len(KINDS)  # number of the model with two answers
JOINT = SEVERAL + 1  # of the joint network
BOXES, PLACES, EMBEDDING = map(KINDS.index, ("ssd_coco", "planet", "face_embedding"))
LOWEST = 0.05  # score of a box: the lowest that the slider gives
TITLE = 'Tom & "Jerry" <b>'
HOSTILE = "</script><img src=x onerror=document.title='broken'> & \"so\" on"
READY = "document.querySelector('main').ariaBusy === 'false'"


def picture(width: int, height: int, seed: int = 0) -> Image.Image:
    """Coloured noise, coarse enough to look like something."""
    cells = np.random.default_rng(seed).integers(0, 256, (9, 9, 3), np.uint8)
    enlarged = Image.fromarray(cells).resize((width, height), Image.Resampling.NEAREST)
    return enlarged.filter(ImageFilter.GaussianBlur(2))


@pytest.fixture(scope="session")
def photographs(tmp_path_factory) -> list[Path]:
    """A JPEG, one turned by its EXIF orientation, a small upright PNG, and a see-through one."""
    folder = tmp_path_factory.mktemp("photographs")
    files = [folder / name for name in ("wide.jpg", "turned.jpg", "tall.png", "glass.png")]
    picture(150, 110).save(files[0], quality=90)
    exif = Image.Exif()
    exif[0x0112] = 6
    picture(140, 90, seed=1).save(files[1], quality=90, exif=exif)
    picture(37, 61, seed=2).save(files[2])
    glass = picture(120, 100, seed=3)
    glass.putalpha(Image.linear_gradient("L").resize(glass.size))
    glass.save(files[3])
    return files


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    started = start_browser()
    yield started
    started.close()


class Opened(NamedTuple):
    """The page in the browser, and the models in it."""

    browser: Browser
    checkpoints: list[Path]
    file: Path

    def model(self, number: int) -> Model:
        return Model.load(self.checkpoints[number])

    def __call__(self, command: str, **given: Any) -> Any:
        return self.browser(command, **given)

    def value(self, code: str) -> Any:
        return self.browser("evaluate", code=code)

    def choose(self, number: int) -> None:
        """Choose a model, as a person does."""
        self.browser(
            "evaluate", code=f"document.querySelectorAll('[name=model]')[{number}].click()"
        )
        self.browser("until", code=f"{READY} && model === {number}")

    def show(self, *paths: Path) -> dict[str, Any]:
        """Choose files; what the page answers for the last one."""
        count = self.value("photographs.length") + len(paths)
        self.browser("choose", paths=[str(path) for path in paths])
        self.browser("until", code=f"photographs.length === {count} && last !== null && {READY}")
        return self.answer()

    def slide(self, value: float) -> None:
        """Move the slider of the boxes' score."""
        self.value(
            "{const slider = document.querySelector('[type=range]');"
            f"slider.value = {value}; slider.dispatchEvent(new Event('input')); 1}}"
        )

    def answer(self) -> dict[str, Any]:
        return self.value("panel().plain(last.said)")

    def text(self, name: str) -> str:
        return self.value(f"document.getElementById('{name}').innerText")


@pytest.fixture(scope="session")
def opened(browser, tmp_path_factory) -> Opened:
    """The page, once for all tests; each chooses the model that it is about."""
    pytest.importorskip("onnxscript")
    folder = tmp_path_factory.mktemp("demo")
    checkpoints = [CHECKPOINTS / f"{kind}.ckpt" for kind in KINDS]
    checkpoints[0] = hostile(checkpoints[0], folder / "hostile.ckpt")
    models = [shown_model(path, k, (), "float32") for k, path in enumerate(checkpoints)]
    # a model with two heads: the attributes, and once more as plain values
    (attributes,) = models[1].description["answers"]
    answers = [attributes, attributes | {"kind": "values", "title": "Numbers", "place": "9-1"}]
    several = models[1].description | {"answers": answers, "title": "several"}
    models.append(replace(models[1], description=several))
    singles = [str(write_part(folder / f"{name}.ckpt", name)) for name in NAMES]
    join(singles, joint := folder / "joint.ckpt", None, ())
    checkpoints += [checkpoints[1], joint]
    models.append(shown_model(joint, JOINT, (), "float32"))
    file = folder / "page.html"
    text = page(TITLE, models, read_runtime(node_modules(), folder), earth_paths())
    file.write_text(text, encoding="utf-8")
    browser("open", address=file.as_uri())
    browser("until", code=READY)
    return Opened(browser, checkpoints, file)


def hostile(checkpoint: Path, copy: Path) -> Path:
    """A checkpoint whose classes have names that are no plain words."""
    content = torch.load(checkpoint, weights_only=True)
    labels = content["labels"]
    labels["names"] = [f"{HOSTILE} {k}" for k in range(len(labels["names"]))]
    torch.save(content, copy)
    return copy
