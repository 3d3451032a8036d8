"""The command, and the page's text."""

import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from tasks.data.labels import Labels
from tasks.demo import __main__ as command
from tasks.demo import assembly
from tasks.demo.assembly import Shown, page
from tasks.demo.earth import MAP_HEIGHT, MAP_WIDTH, earth_paths
from tasks.demo.models import describe_answer, parts_of_presenter, tell_apart
from tasks.demo.runtime import Runtime
from tasks.export.formats import Format
from tasks.faces.attribute_presenter import AttributePresenter
from tasks.training.presenter import Presenter
from tests.conftest import call

RUNTIME = Runtime(b"code()", b"\0asm", "1.2.3")
LABELS = Labels(2, [0, 1], ["a", "b"], ["A", "B"])


@pytest.fixture
def refused(monkeypatch, tmp_path):
    """What the command says about arguments that it refuses."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(command, "read_runtime", lambda given, cache: RUNTIME)
    return lambda *arguments: call(command.main, *arguments, code=2).err


def test_what_cannot_become_a_page_is_refused(refused, tmp_path):
    assert "missing.ckpt: no such checkpoint" in refused("missing.ckpt")
    file = tmp_path / "notes.ckpt"
    file.write_text("notes")
    assert "would replace the checkpoint" in refused(file, "--output", file)
    assert "it is a folder" in refused(file, "--output", tmp_path)
    assert "notes.ckpt" in refused(file)
    assert not (tmp_path / "page.html").exists()
    assert "notes.ckpt" in refused(file, "--output", "new/folder/page.html")
    assert not (tmp_path / "new").exists()


def test_models_of_one_task_and_network_are_told_apart():
    model = Shown(b"", {"title": "planet", "network": "0.5"})
    other = Shown(b"", {"title": "imagenet", "network": "0.5"})

    def networks(*paths):
        models = tell_apart([model, other, model], [Path(path) for path in paths])
        assert models[1] is other
        return [told.description["network"] for told in (models[0], models[2])]

    assert networks("a/best.ckpt", "b/best.ckpt", "c/best.ckpt") == ["0.5, a", "0.5, c"]
    assert networks("a/best.ckpt", "b/best.ckpt", "a/last.ckpt") == ["0.5, best", "0.5, last"]
    assert networks("a/x.ckpt", "b/x.ckpt", "a/x.ckpt") == ["0.5, number 1", "0.5, number 2"]


def test_a_missing_package_is_named(refused, tmp_path, monkeypatch):
    absent = Format("onnx", ".onnx", {"a-package-that-is-absent": "1.0"})
    monkeypatch.setitem(command.FORMATS, "onnx", absent)
    assert "pip install 'mobilenet-suite[onnx]'" in refused("x.ckpt")


def test_the_page_holds_all_it_needs():
    description = {"title": "</script><b>", "answers": []}
    text = page("<&>", [Shown(b"model", description, {"map-0": b"cells"})], RUNTIME, {"x": 1})
    assert "<title>&lt;&amp;&gt;</title>" in text
    assert "\\u003c/script\\u003e\\u003cb\\u003e" in text
    assert not re.search(r"\{\{\w+\}\}", text)  # every part of the template is filled
    # nothing is fetched: no address but those of the icon's own format
    assert not re.search(r'(src|href)="(?!data:)', text)
    assert set(re.findall(r"https?://[\w./]+", text)) <= {"http://www.w3.org/2000/svg"}
    for name in ("runtime-script", "runtime-wasm", "model-0", "map-0", "earth"):
        assert f'id="{name}"' in text
    # the same again, to the byte
    assert text == page(
        "<&>", [Shown(b"model", description, {"map-0": b"cells"})], RUNTIME, {"x": 1}
    )


def test_a_script_that_would_end_its_element_is_noticed():
    with pytest.raises(AssertionError):
        assembly._harmless("x.js", "'</SCRIPT>'")


def test_the_map_has_coastlines_inside_its_edges():
    earth = earth_paths()
    assert (earth["width"], earth["height"]) == (MAP_WIDTH, MAP_HEIGHT)
    for name in ("ring", "land", "lakes", "shores"):
        numbers = [float(n) for n in re.findall(r"-?[\d.]+", earth[name])]
        assert len(numbers) > 100
        assert min(numbers) >= 0
        assert max(numbers[::2]) <= MAP_WIDTH
        assert max(numbers[1::2]) <= MAP_HEIGHT + 0.5


def test_a_model_of_several_tasks_has_an_answer_for_each():
    alone = AttributePresenter(LABELS)
    assert parts_of_presenter(alone) == {"": alone}
    parts = {"one": alone, "two": Presenter(LABELS)}
    assert parts_of_presenter(SimpleNamespace(parts=parts)) == parts
    kinds = [describe_answer(p, "0-0", {"x": f"{name}.x"})["kind"] for name, p in parts.items()]
    assert kinds == ["attributes", "values"]
