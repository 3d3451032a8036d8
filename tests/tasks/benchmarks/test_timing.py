"""What a GPU did, from a profile; and the table of it."""

import pytest
import torch

from tasks.benchmarks.compiled import OURS_COMPILED, compile_both, time_compiled
from tasks.benchmarks.gpu import Load, load_of, profiled_load
from tasks.benchmarks.timing import Figures, comparison_table, timed_result
from tasks.training import compiling


def test_overlapping_kernels_keep_a_gpu_busy_once():
    spans = [("b", 5.0, 12.0), ("a", 0.0, 10.0), ("Memcpy HtoD", 20.0, 30.0), ("c", 21.0, 23.0)]
    assert load_of(spans, steps=1) == Load(22e-6, 3)
    assert load_of(spans, steps=2) == Load(pytest.approx(11e-6), 2)


def test_nothing_on_the_gpu():
    assert load_of([], steps=3) == Load(0.0, 0)


@pytest.mark.cuda
def test_a_profile_counts_the_kernels_of_a_step():
    x = torch.ones(1 << 20, device="cuda")
    found = profiled_load(lambda: x.mul(2).add(1))
    assert found.kernels == 2
    assert 0 < found.seconds < 1


@pytest.mark.skipif(torch.cuda.is_available(), reason="about machines without a GPU")
def test_a_cpu_has_no_kernels_to_count():
    assert profiled_load(lambda: 1 / 0) is None


def test_what_does_not_compile_is_left_out_by_name(capsys):
    found = time_compiled({"a peer": lambda: 1 / 0, "this suite": lambda: None}, 4, rounds=1)
    assert list(found) == ["this suite"]
    assert capsys.readouterr().out == (
        "a peer: not measured: ZeroDivisionError: division by zero\n"
    )


def test_what_falls_back_to_eager_is_not_timed_as_compiled(monkeypatch, capsys):
    def fail(graph, inputs):
        raise RuntimeError("no compiler")

    class Net(torch.nn.Module):
        def learn(self, images):
            return images.square()

        predict = learn

    monkeypatch.setattr(compiling, "BACKEND", fail)
    net = Net()
    compile_both(net, net, torch.nn.Linear(1, 1), graphs=False)
    assert not time_compiled({OURS_COMPILED: lambda: net.learn(torch.ones(3))}, 3, rounds=1)
    said = "torch.compile failed on the training step"
    assert f"{OURS_COMPILED}: not measured: RuntimeError: {said}" in capsys.readouterr().out


def figures() -> dict[str, Figures]:
    rows = Figures(images=16)
    rows.update({"a peer": [100.0, 120.0, 80.0], "this suite": [200.0, 200.0, 1.0]})
    rows.loads["this suite"] = Load(0.02, 1234)
    return {"training": rows, "from files": Figures(16)}


def test_a_table_has_medians_and_what_the_gpu_did():
    peer, ours = comparison_table("a card", figures()).splitlines()[-2:]
    assert peer.split()[2:] == ["100.0", "160.0", "2.00x", "-", "-"]
    assert ours.split()[2:] == ["200.0", "80.0", "1.00x", "25%", "1,234"]


def test_what_is_written_is_plain():
    found = timed_result("a card", figures())
    assert found["milliseconds"]["training"] == {"a peer": 160.0, "this suite": 80.0}
    assert found["gpu_busy"]["training"] == {"a peer": None, "this suite": 0.25}
    assert found["kernels"]["training"] == {"a peer": None, "this suite": 1234}
