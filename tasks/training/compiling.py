"""Runs that compile: a task's step and its answer through torch.compile, where that saves time.

The network and its loss, which includes matching, mining and coding of boxes, become one graph. On
a GPU each half of a step is replayed as a CUDA graph. Random augmentation stays outside, so a
compiled step sees the same images as an eager one. No module is wrapped, so checkpoints keep their
names.
"""

import importlib.util
import sys
import textwrap
import time
import warnings
from collections.abc import Callable
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves, tree_map_only

from backbone.folding import keep_casts
from tasks.runs.processes import is_main_process
from tasks.training.learner import Learner
from tasks.training.progress import Throughput

BACKEND: Any = "inductor"
# With compile=auto, a training on a GPU of at least so many batches is compiled. Compiling a
# classifier took 35 s and saved 10 ms per batch (H200, batch 256), which pays off from 3,500
# batches; a detector takes longer.
WORTHWHILE = 10_000
NAMES = {
    "learn": "the training step",
    "scored": "the answer",
    "predict": "the answer",
    "forward": "the network",
}


class Compilation(Callback):
    """Compiles a task's step and its answer before a run uses them.

    Args:
        wanted: whether to compile; "auto": where it saves time, see `pays`.
        throughput: of the run; the time of compiling is left out of it.
    """

    def __init__(self, wanted: bool | str, throughput: Throughput):
        self.wanted, self.throughput = wanted, throughput
        self.installed = self.accumulates = False

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Compile for a training."""
        assert isinstance(pl_module, Learner)
        self.accumulates = trainer.accumulate_grad_batches > 1
        if self.wanted is True or (self.wanted == "auto" and pays(batches(trainer), pl_module)):
            self.install(pl_module)

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Compile for an evaluation without a training, with compile=true."""
        assert isinstance(pl_module, Learner)
        if self.wanted is True:
            self.install(pl_module)

    def install(self, task: Learner[Any]) -> None:
        """Replace the task's functions by compiled ones, once."""
        if self.installed:
            return
        self.installed, methods = True, task.compiled_methods()
        task.is_compiled = any(name != "learn" for _, name in methods)
        for owner, name in methods:
            function = Compiled(
                getattr(owner, name), task, name, self.on_compiled, self.accumulates
            )
            setattr(owner, name, function)

    def on_compiled(self, name: str, seconds: float, reason: str | None) -> None:
        """Report how long it took, or why it failed."""
        self.throughput.leave_out_compiling(seconds)
        if not is_main_process():
            return
        if reason is None:
            print(f"compiled {name} in {seconds:.1f} s, which counts in no throughput")
        else:
            print(
                f"warning: torch.compile failed on {name}, which runs without it: {reason}",
                file=sys.stderr,
            )


def batches(trainer: Trainer) -> int:
    """The number of training batches of a whole run on each process, with those already done."""
    data: Any = trainer.datamodule  # type: ignore[attr-defined]
    assert trainer.max_epochs is not None
    steps = trainer.max_epochs * data.steps_per_epoch()
    if trainer.max_steps >= 0:
        steps = min(steps, trainer.max_steps)
    return int(steps * trainer.accumulate_grad_batches)


def pays(count: int, task: LightningModule) -> bool:
    """Whether so many batches make up for the time of compiling, on the device of a task.

    A CPU gains little, and needs a C++ compiler. A GPU needs Triton, and Triton a GPU of compute
    capability 7 (V100, T4) or newer.
    """
    device = task.device
    return (
        device.type == "cuda"
        and count >= WORTHWHILE
        and importlib.util.find_spec("triton") is not None
        and torch.cuda.get_device_capability(device) >= (7, 0)
    )


class Compiled:
    """A function of one batch that runs compiled, or unchanged where that is not possible.

    Shapes are fixed, as in the batches of a run. A batch with another number of images, such as the
    last one of an evaluation, runs uncompiled: compiling for it would take longer than it saves.

    A new shape is tried first, with its backward pass. The trial changes nothing: batch statistics
    and random numbers stay as before. So a failure to compile, which torch may report as late as in
    the backward pass, is found before it can stop a step half-way. A detector's batches differ in
    the number of boxes that they are padded to. torch compiles for the first number, and for the
    second one a graph that takes any number, so later trials compile nothing.

    Args:
        function: of tensors and dictionaries of tensors.
        module: whose parameters get the gradients.
        name: of the function, one of `NAMES`.
        report: called with the name, the seconds and the reason of each trial that failed, or
            that compiled something; then the reason is None.
        accumulates: whether gradients of several calls are added up. In that case the gradients of
            a CUDA graph are copied, since its next replay overwrites them.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        module: nn.Module,
        name: str,
        report: Callable[[str, float, str | None], None] = lambda *_: None,
        accumulates: bool = False,
    ):
        self.function, self.module, self.report = function, module, report
        self.accumulates = accumulates
        self.name = NAMES[name]
        self.graphs = False  # whether CUDA graphs own the outputs
        self.compiled: Callable[..., Any] | None = None
        self.kind: tuple[int, torch.device] | None = None  # images and device it is compiled for
        self.tried: set[Any] = set()
        self.failed = False
        # listed once: going through a detector takes as long as a hundred kernel launches
        self.modules, self.parameters = [*module.modules()], [*module.parameters()]

    def __call__(self, *inputs: Any) -> Any:
        """What the function returns."""
        first = next(leaf for leaf in tree_leaves(inputs) if isinstance(leaf, Tensor))
        kind = len(first), first.device
        if self.kind is None:
            self.kind = kind
        if self.failed or kind != self.kind:
            return self.function(*inputs)
        if self.compiled is None:
            self.compiled = self._compile(first.device)
        situation = self._situation(inputs)
        if situation not in self.tried:
            self.tried.add(situation)
            self.failed = not self._works(inputs, first.device)
            if self.failed:
                return self.function(*inputs)
        return self._run(inputs)

    def _compile(self, device: torch.device) -> Callable[..., Any]:
        self.graphs = device.type == "cuda" and BACKEND == "inductor"
        mode = "reduce-overhead" if self.graphs else None
        keep_casts(self.module, device)
        if self.graphs and self.accumulates:
            keep_gradients(self.module)
        compiled: Callable[..., Any] = torch.compile(self.function, backend=BACKEND, mode=mode)
        return compiled

    def _situation(self, inputs: Any) -> Any:
        """What a graph depends on: shapes, and what is trained (a trunk may be frozen at first)."""
        shapes = tuple(t.shape for t in tree_leaves(inputs) if isinstance(t, Tensor))
        modes = tuple([module.training for module in self.modules])
        learns = tuple([parameter.requires_grad for parameter in self.parameters])
        return torch.is_grad_enabled(), torch.is_inference_mode_enabled(), shapes, modes, learns

    def _run(self, inputs: Any) -> Any:
        assert self.compiled is not None
        if not self.graphs:
            return self.compiled(*inputs)
        # the next replay overwrites the outputs of this one
        torch.compiler.cudagraph_mark_step_begin()  # type: ignore[no-untyped-call]
        return tree_map_only(Tensor, Tensor.clone, self.compiled(*inputs))

    def _works(self, inputs: Any, device: torch.device) -> bool:
        """Compile forward and backward pass for these inputs by running both."""
        started, before = time.perf_counter(), graphs_compiled()
        learning = torch.is_grad_enabled()
        buffers = [(b, b.clone()) for b in self.module.buffers()] if learning else []
        gpus = [device] if device.type == "cuda" else []
        reason = None
        try:
            # the warnings are about the compiler's own internals
            with torch.random.fork_rng(gpus), warnings.catch_warnings(action="ignore"):
                outputs = self._run(inputs)
                if learning:
                    self._gradients(outputs)
        except Exception as error:  # a compiler fails in many ways
            reason = in_one_line(error)
        finally:
            with torch.no_grad():
                for buffer, value in buffers:
                    buffer.copy_(value)
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        if reason is not None or graphs_compiled() > before:
            self.report(self.name, time.perf_counter() - started, reason)
        return reason is None

    def _gradients(self, outputs: Any) -> None:
        """Run the backward pass without keeping gradients or synchronising processes."""
        leaves = [t for t in tree_leaves(outputs) if isinstance(t, Tensor) and t.requires_grad]
        total = torch.stack([leaf.float().sum() for leaf in leaves]).sum()
        learning = [p for p in self.module.parameters() if p.requires_grad]
        torch.autograd.grad(total, learning, allow_unused=True)


def graphs_compiled() -> int:
    """The number of graphs that torch.compile has made in this process."""
    return int(torch._dynamo.utils.counters["stats"]["unique_graphs"])


def keep_gradients(module: nn.Module) -> None:
    """Let every parameter own its gradient, as a copy of what the backward pass returned."""
    owned: dict[int, Tensor] = {}

    def own(parameter: Tensor) -> None:
        gradient = parameter.grad
        assert gradient is not None
        number = id(parameter)
        if gradient is not owned.get(number):  # the first gradient of those that are added up
            owned[number] = parameter.grad = gradient.clone()

    for parameter in module.parameters():
        if parameter.requires_grad:
            parameter.register_post_accumulate_grad_hook(own)  # type: ignore[no-untyped-call]


def in_one_line(error: Exception) -> str:
    """The kind of an error and the beginning of its message."""
    return textwrap.shorten(f"{type(error).__name__}: {error}", 300, placeholder=" ...")
