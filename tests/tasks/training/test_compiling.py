"""Compiled runs: the numbers of eager ones, the same files, and eager where compiling fails."""

import os
import subprocess
import sys
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from tasks.training import compiling
from tasks.training.compiling import (
    WORTHWHILE,
    Compilation,
    Compiled,
    in_one_line,
    keep_gradients,
    pays,
)
from tasks.training.progress import Throughput
from tasks.training.task import Task
from tests.conftest import ROOT, assert_same_weights, only_run, result_of

pytestmark = pytest.mark.slow


class Net(nn.Module):
    """Has what a trial could leave traces in: batch statistics, and random numbers."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.conv, self.bn = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)

    def forward(self, images: torch.Tensor) -> dict[str, torch.Tensor]:
        maps = torch.dropout(self.bn(self.conv(images)).relu(), 0.5, self.training)
        return {"mean": maps.mean(), "square": maps.square().mean()}


def images(count: int = 4) -> torch.Tensor:
    return torch.linspace(-1, 1, count * 3 * 64).sin().view(count, 3, 8, 8)


def step(net: Net, function) -> list[torch.Tensor]:
    """Terms, gradients, buffers and the random state after one step."""
    torch.manual_seed(3)
    terms = function(images())
    sum(terms.values()).backward()
    gradients = [p.grad for p in net.parameters()]
    return [*terms.values(), *gradients, *net.buffers(), torch.get_rng_state()]


@pytest.mark.parametrize("backend", ["eager", pytest.param("aot_eager", marks=pytest.mark.slow)])
def test_a_compiled_step_is_the_eager_one_and_its_trial_leaves_no_trace(backend, monkeypatch):
    monkeypatch.setattr(compiling, "BACKEND", backend)
    eager, net, reports = Net(), Net(), []
    compiled = Compiled(net.forward, net, "learn", lambda *report: reports.append(report))
    for found, expected in zip(step(net, compiled), step(eager, eager), strict=True):
        assert torch.equal(found, expected)
    ((name, seconds, reason),) = reports
    assert (name, reason) == ("the training step", None)
    assert seconds > 0
    assert list(net.state_dict()) == list(eager.state_dict())


@pytest.mark.slow
def test_inductor_agrees_within_rounding():
    eager, net = Net().eval(), Net().eval()
    reports = []
    compiled = Compiled(net.forward, net, "learn", lambda *report: reports.append(report))
    for found, expected in zip(step(net, compiled), step(eager, eager), strict=True):
        torch.testing.assert_close(found, expected)
    assert reports[0][2] is None


@pytest.mark.cuda
@pytest.mark.slow
def test_replayed_graphs_agree_step_by_step_and_own_none_of_their_outputs():
    """With gradients that add up over two batches, as under trainer.accumulate_grad_batches."""
    eager, net = Net().eval().cuda(), Net().eval().cuda()
    compiled = Compiled(net.forward, net, "learn", accumulates=True)
    kept = []
    for k in range(1, 7):
        batch = (images() * k).cuda()
        pair = [function(batch) for function in (compiled, eager)]
        for terms in pair:
            sum(terms.values()).backward()
        kept.append([terms["mean"].detach() for terms in pair])
        for found, expected in zip(net.parameters(), eager.parameters(), strict=True):
            torch.testing.assert_close(found.grad, expected.grad, rtol=1e-3, atol=1e-4)
        if k % 2 == 0:
            net.zero_grad()
            eager.zero_grad()
    for found, expected in kept:
        torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-4)


def test_parameters_own_the_gradients_that_add_up():
    """A replay, imitated here, writes over what a graph's backward pass has handed over."""
    net, plain, handed = Net().eval(), Net().eval(), []
    for parameter in net.parameters():
        parameter.register_post_accumulate_grad_hook(lambda p: handed.append(p.grad))
    keep_gradients(net)
    for k in (1, 2):
        for each in (net, plain):
            each(images() * k)["mean"].backward()
        if k == 1:
            for gradient in handed:
                gradient.zero_()
    for found, expected in zip(net.parameters(), plain.parameters(), strict=True):
        assert torch.equal(found.grad, expected.grad)


def test_only_whole_batches_are_compiled(monkeypatch):
    """The smaller one that ends an evaluation is not: nothing is compiled for it."""
    graphs = []

    def backend(graph, inputs):
        graphs.append(graph)
        return graph

    monkeypatch.setattr(compiling, "BACKEND", backend)
    net = Net().eval()
    compiled = Compiled(net.forward, net, "predict")
    with torch.no_grad():
        for count in (4, 4, 1, 4, 3):
            assert compiled(images(count))["mean"] == net(images(count))["mean"]
    assert len(graphs) == 1


@pytest.mark.parametrize("late", [False, True], ids=["forward", "backward"])
def test_what_does_not_compile_runs_as_it_is(late, monkeypatch, capsys):
    def fail(*_):
        raise RuntimeError("no compiler\non this machine")

    class Late(torch.autograd.Function):
        """Fails in its gradient."""

        @staticmethod
        def forward(ctx, x):
            return x.clone()

        @staticmethod
        def backward(ctx, gradient):
            fail()

    def backend(graph, inputs):
        return (lambda *x: [Late.apply(y) for y in graph(*x)]) if late else fail()

    monkeypatch.setattr(compiling, "BACKEND", backend)
    eager, net = Net(), Net()
    report = Compilation(True, Throughput()).on_compiled
    compiled = Compiled(net.forward, net, "learn", report)
    for _ in range(2):
        for found, expected in zip(step(net, compiled), step(eager, eager), strict=True):
            assert torch.equal(found, expected)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("warning: torch.compile failed on the training step")
    assert "no compiler on this machine" in line


def test_a_long_error_is_cut_at_a_word():
    said = in_one_line(ValueError("why " * 200))
    assert said.startswith("ValueError: why why")
    assert said.endswith("why ...")
    assert len(said) < 310


def test_auto_compiles_long_trainings_on_a_gpu(monkeypatch):
    gpu, cpu = (SimpleNamespace(device=torch.device(kind)) for kind in ("cuda", "cpu"))
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (7, 0))
    monkeypatch.setattr(compiling.importlib.util, "find_spec", lambda name: object())
    assert pays(WORTHWHILE, gpu)
    assert not pays(WORTHWHILE - 1, gpu)
    assert not pays(10 * WORTHWHILE, cpu)
    monkeypatch.setattr(compiling.importlib.util, "find_spec", lambda name: None)
    assert not pays(WORTHWHILE, gpu)


@pytest.fixture
def quick(folder, tmp_path) -> list[str]:
    """Three epochs of two steps; validation ends with a smaller batch."""
    return [
        *("task=image_folder", "optimizer=adamw", "optimizer.ema_decay=0.9", "size=32"),
        *("backbone.alpha=0.05", "backbone.body=shallow", "data.workers=0", "data.batch_size=3"),
        *("trainer.max_epochs=3", "trainer.log_every_n_steps=1", "trainer.checkpoint_minutes=1e-4"),
        *("trainer.enable_progress_bar=false", "trainer.accelerator=cpu", "compile=true"),
        *(f"data.root={folder}", f"paths.cache={tmp_path / 'cache'}"),
    ]


@pytest.mark.slow
def test_a_compiled_run_is_interrupted_continued_and_scored(run, quick, tmp_path, monkeypatch):
    """It ends with the eager run's weights, bit for bit, and under the same names."""
    monkeypatch.setattr(compiling, "BACKEND", "eager")
    whole, broken, eager = (tmp_path / name for name in ("whole", "broken", "eager"))
    answer = run(*quick, f"paths.runs={whole}")
    assert "compiled the training step in" in answer.out
    assert "compiled the answer in" in answer.out

    begin = Task.on_train_batch_start

    def stop(self, batch, batch_idx):
        if self.trainer.global_step == 3:
            raise KeyboardInterrupt
        begin(self, batch, batch_idx)

    with monkeypatch.context() as patch:
        patch.setattr(Task, "on_train_batch_start", stop)
        run(*quick, f"paths.runs={broken}", code=130)
    answer = run(*quick, f"paths.runs={broken}")
    assert "at step 3" in answer.out
    assert_same_weights(only_run(whole), only_run(broken))

    run(*quick, "compile=false", f"paths.runs={eager}")
    assert_same_weights(only_run(eager), only_run(whole))
    result, expected = (result_of(only_run(p)) for p in (whole, eager))
    assert result["metrics"] == expected["metrics"]
    assert result["throughput"]["compile_seconds"] > 0
    assert expected["throughput"]["compile_seconds"] is None


@pytest.mark.slow
def test_a_run_goes_on_where_nothing_compiles(run, quick, tmp_path, monkeypatch):
    def fail(graph, inputs):
        raise RuntimeError("no compiler")

    monkeypatch.setattr(compiling, "BACKEND", fail)
    answer = run(*quick, f"paths.runs={tmp_path / 'runs'}")
    assert "warning: torch.compile failed on the training step" in answer.err
    assert "warning: torch.compile failed on the answer" in answer.err


@pytest.mark.slow
def test_a_student_is_compiled_and_its_teacher_is_not(run, quick, tmp_path, monkeypatch):
    monkeypatch.setattr(compiling, "BACKEND", "eager")
    run(*quick, "compile=false", f"paths.runs={tmp_path / 'teacher'}")
    taught = [
        *quick,
        "distill=teacher",
        f"distill.teacher={only_run(tmp_path / 'teacher') / 'best.ckpt'}",
        "distill.tolerance=null",
    ]
    for wanted in ("true", "false"):
        answer = run(*taught, f"compile={wanted}", f"paths.runs={tmp_path / wanted}")
        assert ("compiled the network in" in answer.out) == (wanted == "true")
    assert_same_weights(only_run(tmp_path / "true"), only_run(tmp_path / "false"))


@pytest.mark.slow
@pytest.mark.usefixtures("alone")
def test_two_processes_compile(quick, tmp_path):
    """Each for itself; one of them says so, and their weights are those of two eager ones."""
    script = tmp_path / "train.py"
    script.write_text(
        "from tasks.cli.command import run_command\n"
        "from tasks.run import run\n"
        "from tasks.training import compiling\n"
        "compiling.BACKEND = 'eager'\nrun_command(run)\n"
    )
    for wanted in ("true", "false"):
        options = [*quick, f"compile={wanted}", f"paths.runs={tmp_path / wanted}"]
        options += ["trainer.devices=2", "trainer.strategy=ddp", "data.batch_size=2"]
        done = subprocess.run(
            [sys.executable, script, *options],
            cwd=ROOT,
            env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=150,
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.count("compiled the training step in") == (wanted == "true")
    assert_same_weights(only_run(tmp_path / "true"), only_run(tmp_path / "false"))
