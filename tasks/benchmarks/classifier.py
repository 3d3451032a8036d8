"""Speed of networks with one output compared with timm's; of two training loops; from files."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import timm
import torch
from omegaconf import DictConfig
from torch import Tensor, nn

from backbone.errors import InputError
from tasks.benchmarks.compiled import (
    OURS_COMPILED,
    compile_both,
    compiles,
    time_compiled,
)
from tasks.benchmarks.files import from_files
from tasks.benchmarks.loops import loops
from tasks.benchmarks.synthetic import synthetic
from tasks.benchmarks.timing import (
    Figures,
    about,
    as_a_run,
    images_per_second,
    steps,
    timed_result,
)
from tasks.images.files import image_size
from tasks.training.build import build_task
from tasks.training.task import Task
from tasks.training.trainer import precision

AS_USERS_RUN = "timm, as its users run it (fp32, contiguous)"
OURS = "this suite"


def timm_model(task: Task[Any]) -> nn.Module:
    """timm's network with the same layers as the task's, built from timm's own definition.

    The last of these layers is the classifier, or the linear layer of an embedding.

    Raises:
        InputError: timm has no such network.
    """
    alpha, name = task.head.trunk.options.get("alpha"), type(task.head.trunk).__name__
    names: dict[tuple[str, object], str] = {
        ("MobileNetV1", 1.0): "mobilenetv1_100",
        ("MobileNetV1", 1.25): "mobilenetv1_125",
    }
    names |= {("MobileNetV2", a): f"mobilenetv2_{round(100 * a):03}" for a in (0.35, 0.5, 1.0, 1.4)}
    if (name, alpha) not in names:
        known = ", ".join(f"{n} alpha={a}" for n, a in names)
        raise InputError(f"timm has no {name} with alpha={alpha} to compare with; it has {known}")
    with torch.no_grad():
        shape = task.head.eval()(torch.zeros(1, 3, 64, 64)).shape
    model = timm.create_model(names[name, alpha], num_classes=shape[1])
    ours, theirs = (sum(p.numel() for p in m.parameters()) for m in (task.head, model))
    if ours != theirs:
        raise InputError(f"timm's network has {theirs:,} parameters, but this one has {ours:,}")
    return model


def benchmark_classifier(
    config: DictConfig, batch_size: int = 32, rounds: int = 5
) -> dict[str, Any]:
    """Images per second of training and inference, ours and timm's; of two loops; and from files.

    timm's model first runs as its users run it: fp32, contiguous, images normalised in advance, and
    the default allocator. It then runs with the settings of this suite (kept memory, channels_last,
    bf16 if the hardware computes in it), taking turns with this suite, which also normalises its
    uint8 images in every step. Both learn with the task's own loss. Where a run would compile, both
    are compiled too.
    """
    words, figures = beside_timm(config, batch_size, rounds)
    return timed_result(words, figures)


def beside_timm(config: DictConfig, batch_size: int, rounds: int) -> tuple[str, dict[str, Figures]]:
    """The machine and the settings in words, and kind of work -> figures."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    size = image_size(config.size)
    torch.manual_seed(0)
    labels, batch = synthetic(config.task.kind, batch_size, size)
    task, _ = build_task(config, labels)
    assert isinstance(task, Task)
    task.recipe.ema_decay = None
    peer = timm_model(task).to(device)
    task.to(device)
    batch = {name: tensor.to(device) for name, tensor in batch.items()}
    task.preprocess.augmentation = None  # timm's model has none either
    normalised = task.preprocess(batch["image"])
    bf16 = precision(config.trainer.precision) == "bf16-mixed"
    finish = nn.functional.normalize if config.task.kind == "face_embedding" else nn.Identity()
    answer = torch.sigmoid if config.task.kind == "attributes" else nn.Softmax(1)

    def peer_steps(images: Tensor, bf16: bool) -> dict[str, Callable[[], object]]:
        def loss() -> Tensor:
            outputs = finish(peer(images).float())
            return torch.stack(list(task.terms(outputs, batch).values())).sum()

        return steps(peer, loss, lambda: answer(finish(peer(images))), device.type, bf16)

    def our_loss() -> Tensor:
        return torch.stack(list(task.loss(batch).values())).sum()

    answering = deepcopy(task).eval()
    answering.fold()
    ours = steps(task.head, our_loss, lambda: answering.predict(batch), device.type, bf16)
    plain = peer_steps(normalised.contiguous(), bf16=False)
    figures = {
        kind: images_per_second({AS_USERS_RUN: step}, batch_size, rounds)
        for kind, step in plain.items()
    }
    kept = as_a_run(config)
    layout = "bf16 + channels_last" if bf16 else "channels_last"
    peer.to(memory_format=torch.channels_last)
    same = peer_steps(normalised.contiguous(memory_format=torch.channels_last), bf16)
    for kind in plain:
        contenders = {f"timm, kept memory, {layout}": same[kind], OURS: ours[kind]}
        figures[kind].join(images_per_second(contenders, batch_size, rounds))
    if config.task.kind == "classification":
        figures["training loop"] = loops(config, task, batch, rounds)
    if compiles(config, device):
        compile_both(task, answering, peer, graphs=True)
        compiled = f"timm, kept memory, {layout}, compiled"
        for kind in plain:
            contenders = {compiled: same[kind], OURS_COMPILED: ours[kind]}
            figures[f"{kind}, compiled"] = time_compiled(contenders, batch_size, rounds)
    figures["from files"] = from_files(config)
    return about(batch_size, size, kept, bf16), figures
