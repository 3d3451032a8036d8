"""The command line: what it takes, and what it says of the rest."""

from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from backbone.errors import InputError
from tasks.export import formats
from tasks.export.formats import FORMATS
from tasks.export.options import parse_options

CHECKPOINT = Path("runs/best.ckpt")


def test_options_have_defaults():
    options = parse_options(CHECKPOINT, [])
    assert options.form.name == "onnx"
    assert options.batch is None
    assert options.photos is None
    assert options.output == Path("runs/onnx")


def test_every_option_can_be_given():
    given = ["format=onnx", "batch=4", "photos=a=b", "output=out"]
    options = parse_options(CHECKPOINT, given)
    assert (options.batch, options.photos, options.output) == (4, Path("a=b"), Path("out"))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("onnx", "KEY=VALUE"),
        ("format=", "KEY=VALUE"),
        ("formt=onnx", "did you mean format="),
        ("x=1", "no option"),
        ("format=tflite", "give one of onnx, executorch, litert"),
        ("batch=0", "from 1 to"),
        ("batch=1.5", "from 1 to"),
        ("batch=²", "from 1 to"),
        ("batch=many", "from 1 to"),
    ],
)
def test_what_is_no_option(given, said):
    with pytest.raises(InputError, match=said):
        parse_options(CHECKPOINT, [given])


def test_a_format_with_a_fixed_batch():
    assert parse_options(CHECKPOINT, ["format=executorch"]).batch == 1
    with pytest.raises(InputError, match="takes a fixed number of images"):
        parse_options(CHECKPOINT, ["batch=dynamic", "format=executorch"])


def test_an_option_that_is_given_twice():
    with pytest.raises(InputError, match="batch= is given twice"):
        parse_options(CHECKPOINT, ["batch=1", "batch=2"])


@pytest.mark.parametrize("name", FORMATS)
def test_a_runtime_that_is_missing_or_too_old(monkeypatch, name):
    def missing(package):
        raise PackageNotFoundError(package)

    monkeypatch.setattr(formats, "version", missing)
    advice = rf"pip install 'mobilenet-suite\[{name}\]'"
    with pytest.raises(InputError, match=f"not installed.*{advice}"):
        FORMATS[name].require()
    monkeypatch.setattr(formats, "version", lambda package: "0.1")
    with pytest.raises(InputError, match=f"or newer, and 0.1 is installed.*{advice}"):
        FORMATS[name].require()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["int8=a", "photos=b"], "photos= has no use beside int8="),
        (["photos=a", "data.root=b"], "leave data.root= out"),
    ],
)
def test_options_that_would_do_nothing(given, said):
    with pytest.raises(InputError, match=said):
        parse_options(CHECKPOINT, given)
