"""Options of Lightning's Trainer: its own values, and why some of its options are not taken."""

from typing import Annotated, Any, Literal

from tasks.cli.schema.node import Described, option
from tasks.cli.schema.types import (
    Count,
    Devices,
    EvaluationBatches,
    NotNegative,
    Said,
    Share,
    TrainBatches,
    Whole,
)

Precision = Literal[
    "auto", "32-true", "32", "bf16-mixed", "bf16", "16-mixed", "bf16-true", "16-true", "64-true",
    "64", "16", "transformer-engine", "transformer-engine-float16", 16, 32, 64,
]  # fmt: skip
Strategy = Literal[
    "auto",
    "ddp",
    "ddp_find_unused_parameters_true",
    "ddp_find_unused_parameters_false",
    "ddp_static_graph",
]


class TrainerOptions(Described):
    """Lightning's Trainer"""

    accelerator: Literal["auto", "cpu", "gpu", "cuda", "mps", "tpu"] = option(
        "the kind of device; auto: the fastest that is present"
    )
    devices: Devices = option(
        "number of devices per machine, -1 or auto for all of them; or a list of devices",
        unit="devices",
    )
    num_nodes: Count = option("number of machines", unit="machines")
    strategy: Strategy | Annotated[dict[str, Any], Said("a node with a _target_")] = option(
        "how several devices work together"
    )
    precision: Precision = option(
        "auto: bf16-mixed where the hardware gains by it, 16-mixed on older GPUs with tensor "
        "cores (V100, T4), and 32-true elsewhere"
    )
    max_epochs: Whole = option(
        "passes over the training images; 0: train nothing and score the given weights",
        unit="epochs",
        hint="give a number: Lightning would take null for 1,000 and -1 for no end",
    )
    max_steps: Literal[-1] | Count = option(
        "end the run after this many optimizer steps, unless max_epochs ends it earlier; -1: no "
        "limit",
        unit="steps",
    )
    accumulate_grad_batches: Count = option("batches for each optimizer step", unit="batches")
    benchmark: bool | None = option(
        "on a GPU, let cuDNN time its algorithms for each shape and take the fastest"
    )
    gradient_clip_val: NotNegative | None = option(
        "largest norm of the gradients, which are scaled down to it; null: no limit"
    )
    gradient_clip_algorithm: Literal["norm", "value"] | None = option(
        "clip the norm of all gradients, or each value", None
    )
    check_val_every_n_epoch: Count = option("epochs from one validation to the next", unit="epochs")
    val_check_interval: Count | Share | None = option(
        "validate within an epoch too, after this many batches or this share of them", None
    )
    log_every_n_steps: Count = option(
        "steps from one row of metrics.csv to the next, at most an epoch", unit="steps"
    )
    limit_train_batches: TrainBatches | None = option(
        "train on this many batches per epoch, or on a share of them such as 0.1; null: all"
    )
    limit_val_batches: EvaluationBatches | None = option(
        "the same for validation; 0: no validation, and the last weights are scored, not the best"
    )
    limit_test_batches: TrainBatches | None = option(
        "the same for the test at the end of a run",
        hint="a run ends with its scores, so it needs at least one batch",
    )
    enable_progress_bar: bool = option(
        "show progress within an epoch on a terminal; a line per epoch is printed in any case"
    )
    checkpoint_minutes: float = option(
        "write last.ckpt this often within an epoch; it is always written at the end of one",
        unit="minutes", gt=0, le=10080,
    )  # fmt: skip
    deterministic: bool | Literal["warn"] | None = option(
        "use only algorithms that give the same result each time; slower on a GPU", None
    )
    detect_anomaly: bool = option("find the operation whose gradient is not a number; slow", False)
    inference_mode: bool = option("score in torch's inference mode", True)
    sync_batchnorm: bool = option("compute batch norm over the batches of all devices", False)


CHECKPOINT_PATH = (
    "the same command continues a run from its last.ckpt; resume=PATH continues from another "
    "checkpoint; backbone.weights=FILE starts from other weights"
)
# Lightning's options that a run cannot honour: why, and what to use instead.
REFUSED = {
    "trainer.logger": "metrics.csv in the run directory is always written; add others with logger=",
    "trainer.callbacks": "a run has its own callbacks; add more in a task's hooks",
    "trainer.plugins": "a run has its own plugins",
    "trainer.profiler": "nothing reads its report; python -m tasks.bench measures speed",
    "trainer.fast_dev_run": "it keeps no checkpoint to score; use mode=smoke",
    "trainer.overfit_batches": "use mode=overfit",
    "trainer.min_epochs": "only early_stop.patience ends a run early; use trainer.max_epochs",
    "trainer.min_steps": "only early_stop.patience ends a run early; use trainer.max_steps",
    "trainer.max_time": "the learning-rate schedule must know the end of the run; use "
    "trainer.max_epochs or trainer.max_steps; the same command continues a run that was stopped",
    "trainer.enable_checkpointing": "best.ckpt and last.ckpt are always written",
    "trainer.enable_model_summary": "a run's first lines state the network's cost",
    "trainer.enable_autolog_hparams": "config.yaml in the run directory has every option",
    "trainer.num_sanity_val_steps": "use mode=smoke to try everything first",
    "trainer.use_distributed_sampler": "the suite's loaders already share the images among devices",
    "trainer.reload_dataloaders_every_n_epochs": "the loaders already draw each epoch anew",
    "trainer.limit_predict_batches": "a run predicts nothing; python -m tasks.predict answers for "
    "the images that it is given",
    "trainer.default_root_dir": "use paths.runs",
    "trainer.barebones": "it keeps no checkpoint to score; python -m tasks.bench measures speed",
    "trainer.model_registry": "checkpoints stay in the run directory",
    "ckpt_path": CHECKPOINT_PATH,
    "trainer.ckpt_path": CHECKPOINT_PATH,
    "trainer.resume_from_checkpoint": CHECKPOINT_PATH,
    "data.annotations": "name a detector's annotations with data.train and data.val; other data "
    "sets have their own files below data.root",
}
# What other suites call an option, and its name here, for suggestions.
ELSEWHERE = {
    "learning_rate": "optimizer.lr",
    "lr0": "optimizer.lr",
    "wd": "optimizer.weight_decay",
    "epochs": "trainer.max_epochs",
    "num_epochs": "trainer.max_epochs",
    "num_workers": "data.workers",
    "gpus": "trainer.devices",
    "num_gpus": "trainer.devices",
    "device": "trainer.accelerator",
    "amp": "trainer.precision",
    "imgsz": "size",
    "img_size": "size",
    "image_size": "size",
    "input_size": "size",
    "resolution": "size",
    "width_mult": "backbone.alpha",
    "pretrained": "backbone.weights",
    "checkpoint": "resume",
    "ckpt": "resume",
    "output_dir": "paths.runs",
    "out_dir": "paths.runs",
    "data_dir": "data.root",
    "data_root": "data.root",
}
# Options that were renamed: the old name, and the new.
MOVED = {
    **{
        f"task.module.{name}": f"preprocess.{name}"
        for name in ("flip", "brightness", "contrast", "saturation")
    },
    **{
        f"{node}.{name}": f"data.view.{name}"
        for node in ("data", "task.module")
        for name in ("crop_fraction", "box", "keep_aspect")
    },
}
