"""Speed of this classifier and of timm's equivalent, and of Lightning's loop and a bare one."""

import time
import warnings
from collections.abc import Callable
from copy import deepcopy
from tempfile import TemporaryDirectory
from typing import Any

import lightning.pytorch as pl
import timm
import torch
import torch.nn.functional as F
from omegaconf import DictConfig, OmegaConf
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from backbone.errors import InputError
from tasks.benchmarks.timing import about, comparison_table, images_per_second, steps
from tasks.classification.task import Classification
from tasks.data.module import Batch, DataModule, Labels
from tasks.images.files import image_size
from tasks.runs.directory import RunDirectory
from tasks.training.build import build_task
from tasks.training.memory import keep_freed_memory
from tasks.training.progress import Throughput
from tasks.training.trainer import build_trainer, precision, silence_lightning

AS_USERS_RUN = "timm, as its users run it (fp32, contiguous)"
OURS = "this suite"
BARE = "a bare loop over the same step"
LIGHTNING = "this suite, Lightning's loop"
CLASSES = 1000
LOOP_STEPS = 8  # timed steps per round, in either loop
IDLE_STEPS = 2  # untimed steps before them, in which Lightning sets itself up


class SameBatch(DataModule):
    """The same batch over and over, from memory, so that only the loop takes time."""

    def __init__(self, batch: Batch, count: int):
        super().__init__(batch_size=len(batch["label"]), workers=0, seed=0)
        self.repeated, self.count = batch, count

    def train_dataloader(self) -> DataLoader[Any]:
        """The same batch, `count` times."""
        steps = TensorDataset(torch.arange(self.count))
        return DataLoader(steps, batch_size=1, collate_fn=lambda _: self.repeated)

    def steps_per_epoch(self) -> int:
        """One step per batch."""
        return self.count


class Clock(pl.Callback):
    """Times the steps of a fit after the first ones."""

    def __init__(self, wait: Callable[[], None]):
        self.wait, self.seconds = wait, 0.0

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: Any, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Start the clock after the idle steps, and stop it after the last step."""
        if batch_idx + 1 == IDLE_STEPS:
            self.wait()
            self.started = time.perf_counter()
        if batch_idx + 1 == IDLE_STEPS + LOOP_STEPS:
            self.wait()
            self.seconds = time.perf_counter() - self.started


def timm_model(task: Classification) -> nn.Module:
    """timm's network with the same layers as the task's, built from timm's own definition.

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
    model = timm.create_model(names[name, alpha], num_classes=CLASSES)
    ours, theirs = (sum(p.numel() for p in m.parameters()) for m in (task.head, model))
    if ours != theirs:
        raise InputError(f"timm's network has {theirs:,} parameters, but this one has {ours:,}")
    return model


def random_batch(count: int, size: tuple[int, int], device: torch.device) -> Batch:
    """Random images in the memory layout of the loaders."""
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (count, *size, 3), generator=generator).to(torch.uint8)
    batch = {
        "image": pixels.permute(0, 3, 1, 2),
        "label": torch.randint(0, CLASSES, (count,), generator=generator),
        "image_id": torch.arange(count),
    }
    return {name: tensor.to(device) for name, tensor in batch.items()}


def loops(
    config: DictConfig, task: Classification, batch: Batch, rounds: int
) -> dict[str, list[float]]:
    """Images per second of the same training step in Lightning's loop and in a bare one.

    The loops take turns. A step is forward, backward, clipping, optimizer and schedule; neither
    loop averages the weights. Lightning runs with the callbacks of a real run.
    """
    count, size = IDLE_STEPS + LOOP_STEPS, len(batch["label"])
    device, recipe = batch["image"].device, task.recipe
    assert recipe is not None  # it came from the configuration
    silence_lightning()
    # nothing is validated here, so the monitored score is missing
    warnings.filterwarnings("ignore", message=".*could not find the monitored key.*")
    overrides = {"max_epochs": 1, "enable_progress_bar": False, "limit_val_batches": 0}
    config = changed(config, {"trainer": overrides})
    clip, bf16 = config.trainer.gradient_clip_val, precision(config.trainer.precision)

    def wait() -> None:
        if device.type == "cuda":
            torch.cuda.synchronize()

    def bare() -> float:
        task.train()
        optimizer, schedule = recipe.build(task.head, size, count)
        for step in range(count):
            if step == IDLE_STEPS:
                wait()
                started = time.perf_counter()
            optimizer.zero_grad(set_to_none=True)
            with torch.autocast(device.type, torch.bfloat16, enabled=bf16 == "bf16-mixed"):
                loss = torch.stack(list(task.loss(batch).values())).sum()
            loss.backward()
            if clip is not None:
                nn.utils.clip_grad_norm_(task.parameters(), clip)
            optimizer.step()
            schedule.step()
        wait()
        return time.perf_counter() - started

    def lightning() -> float:
        clock = Clock(wait)
        with TemporaryDirectory() as folder:
            own = changed(config, {"paths": {"runs": folder}})
            trainer = build_trainer(own, RunDirectory(own), task, Throughput(), step=0)
            trainer.callbacks.append(clock)  # type: ignore[attr-defined]  # set at run time
            trainer.fit(task.train(), SameBatch(batch, count))
        return clock.seconds

    figures: dict[str, list[float]] = {BARE: [], LIGHTNING: []}
    for _ in range(rounds):
        for name, loop in ((BARE, bare), (LIGHTNING, lightning)):
            figures[name].append(size * LOOP_STEPS / loop())
    return figures


def changed(config: DictConfig, options: dict[str, Any]) -> DictConfig:
    """A configuration with some options changed."""
    merged = OmegaConf.merge(config, options)
    assert isinstance(merged, DictConfig)
    return merged


def benchmark_classifier(
    config: DictConfig, batch_size: int = 32, rounds: int = 5
) -> dict[str, Any]:
    """Images per second of training and inference, ours and timm's, and of the two loops.

    timm's model first runs as its users run it: fp32, contiguous, images normalised in advance, and
    the default allocator. It then runs with the settings of this suite (kept memory, channels_last,
    bf16 if the hardware computes in it), taking turns with this suite, which also normalises its
    uint8 images in every step.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    size = image_size(config.size)
    torch.manual_seed(0)
    names = [str(i) for i in range(CLASSES)]
    task, _ = build_task(config, Labels(CLASSES, list(range(CLASSES)), [*names], names))
    assert isinstance(task, Classification)
    assert task.recipe is not None
    task.recipe.ema_decay = None
    peer = timm_model(task).to(device)
    task.to(device)
    task.preprocess.augmentation = None  # timm's model has none either
    batch = random_batch(batch_size, size, device)
    normalised = task.preprocess(batch["image"])
    bf16 = precision(config.trainer.precision) == "bf16-mixed"

    def peer_steps(images: Tensor, bf16: bool) -> dict[str, Callable[[], object]]:
        def loss() -> Tensor:
            return F.cross_entropy(peer(images), batch["label"])

        return steps(peer, loss, lambda: peer(images).softmax(1), device.type, bf16)

    def our_loss() -> Tensor:
        return torch.stack(list(task.loss(batch).values())).sum()

    answering = deepcopy(task).eval()
    answering.fold()
    ours = steps(task.head, our_loss, lambda: answering.predict(batch), device.type, bf16)
    plain = peer_steps(normalised.contiguous(), bf16=False)
    figures = {}
    for kind, step in plain.items():
        figures[kind] = images_per_second({AS_USERS_RUN: step}, batch_size, rounds)
    kept = keep_freed_memory()
    layout = "bf16 + channels_last" if bf16 else "channels_last"
    peer.to(memory_format=torch.channels_last)
    same = peer_steps(normalised.contiguous(memory_format=torch.channels_last), bf16)
    for kind in plain:
        contenders = {f"timm, kept memory, {layout}": same[kind], OURS: ours[kind]}
        figures[kind] |= images_per_second(contenders, batch_size, rounds)
    figures["training loop"] = loops(config, task, batch, rounds)

    words = about(batch_size, size, kept, bf16)
    return {"about": words, "images_per_second": figures, "table": comparison_table(words, figures)}
