"""What several tests need: the tiny drawn set, the real data where it is, the command line."""

import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

import pytest

# Test processes share the cores, and threads that wait for each other on a busy core crawl.
# It must be set before torch is imported.
os.environ.setdefault("OMP_NUM_THREADS", "1")

ROOT = Path(__file__).resolve().parents[1]
# by which a launcher tells a process who it is
LAUNCHED = ("RANK", "LOCAL_RANK", "NODE_RANK", "WORLD_SIZE", "TORCHELASTIC_RUN_ID")

# Fixtures that train or draw: a test that uses one is slow.
SLOW = {"run", "detector", "quantised_detector", "tiny", "trained", "dogs"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests whose fixtures take long, and leave out those that lack a GPU."""
    import torch

    no_gpu = pytest.mark.skip(reason="needs an NVIDIA GPU")
    for item in items:
        if item.get_closest_marker("cuda") and not torch.cuda.is_available():
            item.add_marker(no_gpu)
        if SLOW & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(autouse=True)
def as_many_threads_as_before() -> Iterator[None]:
    """A test that leaves PyTorch more threads slows down all that come after it in its process."""
    torch = sys.modules.get("torch")
    before = torch and torch.get_num_threads()
    yield
    assert torch is None or torch.get_num_threads() == before


class Answer(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str


def start(options: list[str], launcher: Sequence[str] = ()) -> subprocess.Popen:
    """`python -m tasks.run ...` as a separate process."""
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    return subprocess.Popen(
        [sys.executable, *launcher, "-m", "tasks.run", *options],
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def assert_same_weights(first: Path, second: Path) -> None:
    """The last checkpoints of two run directories hold the same tensors, bit for bit."""
    import torch

    one, two = (torch.load(path / "last.ckpt", weights_only=True) for path in (first, second))
    for key in ("state_dict", "training_state_dict"):
        for name, tensor in one[key].items():
            assert torch.equal(tensor, two[key][name]), f"{key} {name}"


def wait_for(process: subprocess.Popen, condition: Callable[[], Any]) -> None:
    """Wait until a process that goes on has brought something about."""
    deadline = time.monotonic() + 150
    while not condition():
        assert time.monotonic() < deadline
        assert process.poll() is None, "it was over before"
        time.sleep(0.002)


def kill_at(process: subprocess.Popen, folder: Path, step: str) -> None:
    """SIGKILL a run below `folder` as soon as its metrics.csv has the rows of a step."""

    def there() -> bool:
        return any(f"\n{step}," in path.read_text() for path in folder.glob("*/*/metrics.csv"))

    wait_for(process, there)
    process.kill()
    process.wait()


@pytest.fixture(scope="session")
def sample(tmp_path_factory) -> Path:
    """A drawn detection set of 24 + 9 pictures, one for all test processes."""
    from tasks.samples.coco import draw_coco

    root = tmp_path_factory.getbasetemp().parent / "drawn-coco"
    draw_coco(root, train=24, val=9, workers=1)
    return root


@pytest.fixture
def shared() -> Path:
    """The folder of real data beside the checkout."""
    path = ROOT.parent / "shared" / "data"
    if not path.is_dir():
        pytest.skip("needs the real data beside the checkout")
    return path


def only_run(runs: Path) -> Path:
    """The one run directory below `runs`."""
    (path,) = runs.glob("*/*")
    return path


def result_of(run: Path) -> dict[str, Any]:
    """The content of a run's result.json."""
    return json.loads((run / "result.json").read_text())


def call(main: Callable[[], Any], *arguments: object, code: int | None = 0) -> Answer:
    """A command in this process; the test fails unless it ends with `code`. None: with any."""
    out, err, found = io.StringIO(), io.StringIO(), 0
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, "argv", ["command", *map(str, arguments)])
        try:
            main()
        except SystemExit as stop:
            found = stop.code or 0
    answer = Answer(found, out.getvalue(), err.getvalue())
    assert code in (None, found), answer.err
    return answer


@pytest.fixture(scope="session")
def run() -> Callable[..., Answer]:
    """`python -m tasks.run ...`, see `call`.

    Without the run's pictures, which take longer than a tiny training, unless `pictures`.
    """
    from tasks.cli.command import run_command
    from tasks.run import run as job

    def run(*arguments: str, pictures: bool = False, code: int | None = 0) -> Answer:
        with pytest.MonkeyPatch.context() as patch:
            if not pictures:
                patch.setattr("tasks.training.pictures.draw_pictures", lambda *_: None)
            return call(lambda: run_command(job), *arguments, code=code)

    return run


def quick_options(folder: Path) -> list[str]:
    """Options of a run in one process and without a word: all of its data, all below `folder`."""
    return [
        "data.prepare=null",
        "data.workers=0",
        "trainer.limit_train_batches=null",
        "trainer.limit_val_batches=null",
        "trainer.limit_test_batches=null",
        "trainer.enable_progress_bar=false",
        f"paths.runs={folder / 'runs'}",
        f"paths.cache={folder / 'cache'}",
    ]


def tiny_options(sample: Path, folder: Path) -> list[str]:
    """Options of a run that takes seconds: the tiny set, two epochs of six steps."""
    options = ["task=ssd_coco", "mode=smoke", "backbone.alpha=0.25", "size=96"]
    return [*options, f"data.root={sample}", "trainer.max_epochs=2", *quick_options(folder)]


@pytest.fixture
def tiny(sample, tmp_path) -> list[str]:
    """`tiny_options` in the test's own folder."""
    return tiny_options(sample, tmp_path)


class Detector(NamedTuple):
    """A finished run of `tiny_options`: its `runs` folder, its own in it, and what it said."""

    runs: Path
    path: Path
    answer: Answer


@pytest.fixture(scope="session")
def detector(run, sample, tmp_path_factory) -> Detector:
    """For tests that look at a finished run; one that changes it takes a copy of `runs`."""
    folder = tmp_path_factory.mktemp("detector")
    answer = run(*tiny_options(sample, folder), pictures=True)
    (path,) = folder.glob("runs/ssd_coco/*")
    return Detector(folder / "runs", path, answer)


def qat_options(sample: Path, detector: Detector, folder: Path) -> list[str]:
    """Options of a run that goes on with the tiny detector's weights under fake quantisation."""
    return [
        *tiny_options(sample, folder),
        "quantize=qat",
        "quantize.bits=7",  # with 8 a CPU without VNNI gives other answers
        f"task.head.weights={detector.path / 'best.ckpt'}",
        "optimizer=sgd",
        "optimizer.lr=1e-3",
    ]


@pytest.fixture(scope="session")
def quantised_detector(run, sample, detector, tmp_path_factory) -> Path:
    """The folder of a finished run of `qat_options`."""
    folder = tmp_path_factory.mktemp("quantised")
    run(*qat_options(sample, detector, folder))
    (path,) = folder.glob("runs/ssd_coco/*")
    return path


@pytest.fixture
def alone(monkeypatch) -> None:
    """The test is itself no process of a run, or a job of SLURM's; nor does it make the next one
    a process of another rank, which Lightning notes for good."""
    from lightning.pytorch.utilities import rank_zero_only

    monkeypatch.setattr(rank_zero_only, "rank", 0)
    for name in [*LAUNCHED, *(name for name in os.environ if name.startswith("SLURM_"))]:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def real_coco() -> Path:
    """The root of a small excerpt of COCO 2017, where the machine has it."""
    root = ROOT.parent / "shared/data/coco"
    if not root.is_dir():
        pytest.skip("needs the excerpt of COCO 2017 in ../shared/data/coco")
    return root
