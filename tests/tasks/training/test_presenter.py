"""What a task without a presenter of its own says and draws."""

import json

import pytest
import torch
from PIL import Image

from backbone.errors import InputError
from tasks.classification.image_folder import ImageFolder
from tasks.data.image_data import ImageData
from tasks.data.labels import Labels
from tasks.detection.presenter import BoxPresenter
from tasks.images.view import View
from tasks.training.presenter import Presenter, spread
from tests.tasks.conftest import LOADING


@pytest.fixture
def presenter() -> Presenter:
    return Presenter(Labels(2, [0, 1], ["ant", "bee"], ["ant", "bee"]))


@pytest.fixture
def prediction() -> dict[str, torch.Tensor]:
    return {
        "share": torch.tensor([0.123456, float("nan")]),
        "count": torch.tensor([3, 4]),
        "vector": torch.arange(20.0).view(2, 10),
    }


def test_an_answer_is_plain_values_of_one_image(presenter, prediction):
    answer = presenter.describe(prediction, 0)
    assert answer == {"share": 0.1235, "count": 3, "vector": [float(i) for i in range(10)]}
    assert json.loads(json.dumps(answer)) == answer


def test_answers_that_are_no_boxes_have_no_place_in_cocos_list(presenter):
    with pytest.raises(InputError, match="--format coco is for detectors"):
        presenter.require_boxes()
    BoxPresenter(presenter.labels).require_boxes()


def test_half_precision_answers_are_described_too(presenter):
    answer = presenter.describe({"share": torch.tensor([0.5], dtype=torch.bfloat16)}, 0)
    assert answer == {"share": 0.5}


def test_an_answer_in_one_line(presenter, prediction):
    told = presenter.tell(presenter.describe(prediction, 0))
    assert told == "share 0.1235; count 3; vector 0 1 2 3 4 5 ... 10 values"
    assert presenter.tell(presenter.describe(prediction, 1)).startswith("share nan; count 4; ")


def test_an_answer_is_drawn_below_its_image(presenter, prediction):
    image = Image.new("RGB", (64, 48), "red")
    drawn = presenter.draw(image, presenter.describe(prediction, 1) | {"name": "$x_{ é"})
    assert drawn.width >= 64
    assert drawn.height > 48


def test_nothing_is_compared_by_default(presenter, prediction, tmp_path):
    assert presenter.compare(presenter.describe(prediction, 0), tmp_path / "x.jpg") == {}


def test_a_sheet_of_the_reported_split(presenter, folder, tmp_path):
    data = ImageData(ImageFolder(str(folder)), crop_scale=[0.08, 1], view=View(), **LOADING)
    data.setup("test")
    asked = []

    def predict(batch):
        asked.append(batch["image_id"].tolist())
        return {"mean": batch["image"].float().mean((1, 2, 3))}

    pictures = presenter.pictures(None, data, predict, {})
    assert list(pictures) == ["predictions.png"]
    pictures["predictions.png"](tmp_path / "plots" / "predictions.png")
    assert asked == [[0, 1, 2, 3]]
    with Image.open(tmp_path / "plots" / "predictions.png") as sheet:
        assert sheet.width == 4 * 320


def test_rows_are_spread_evenly():
    assert spread(100, 3) == [0, 49, 99]
    assert spread(2, 12) == [0, 1]
    assert spread(1, 12) == [0]
