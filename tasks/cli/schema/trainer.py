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
        "the kind of device; auto takes the fastest there is"
    )
    devices: Devices = option(
        "how many devices of a machine, -1 or auto for all; or which ones", unit="devices"
    )
    num_nodes: Count = option("machines", unit="machines")
    strategy: Strategy | Annotated[dict[str, Any], Said("a node with a _target_")] = option(
        "how several devices work together"
    )
    precision: Precision = option(
        "auto is bf16-mixed where the hardware gains by it, 16-mixed on older GPUs with tensor "
        "cores (V100, T4), else 32-true"
    )
    max_epochs: Whole = option(
        "passes over the training images; 0 trains nothing and scores the given weights",
        unit="epochs",
        hint="give a number: Lightning would take null for 1,000 and -1 for no end",
    )
    max_steps: Literal[-1] | Count = option(
        "optimizer steps after which a run ends, where it comes before max_epochs; -1: none",
        unit="steps",
    )
    accumulate_grad_batches: Count = option("batches for each optimizer step", unit="batches")
    gradient_clip_val: NotNegative | None = option("greatest norm of the gradients; null: any")
    gradient_clip_algorithm: Literal["norm", "value"] | None = option(
        "clip the norm of all gradients, or each value", None
    )
    check_val_every_n_epoch: Count = option("epochs from one validation to the next", unit="epochs")
    val_check_interval: Count | Share | None = option(
        "validate within an epoch too: after so many batches, or a share of them", None
    )
    log_every_n_steps: Count = option("steps from one row of metrics.csv to the next", unit="steps")
    limit_train_batches: TrainBatches | None = option(
        "batches of an epoch: a whole number, or a share such as 0.1; null: all"
    )
    limit_val_batches: EvaluationBatches | None = option(
        "the same for validation; at 0 there is none, and the last weights are scored, not the best"
    )
    limit_test_batches: TrainBatches | None = option(
        "the same for the test that ends a run",
        hint="a run ends with its scores, so it needs one batch at least",
    )
    enable_progress_bar: bool = option(
        "show the progress within an epoch, on a terminal; each epoch has a line in any case"
    )
    checkpoint_minutes: float = option(
        "last.ckpt is written this often within an epoch, and at its end",
        unit="minutes", gt=0, le=10080,
    )  # fmt: skip
    deterministic: bool | Literal["warn"] | None = option(
        "only algorithms that give the same result each time; slower on a GPU", None
    )
    benchmark: bool | None = option("let cuDNN try for its fastest algorithms", None)
    detect_anomaly: bool = option("find the operation whose gradient is not a number; slow", False)
    inference_mode: bool = option("score in torch's inference mode", True)
    sync_batchnorm: bool = option("batch norm over the batches of all devices", False)


# Lightning's options that a run cannot honour: why, and what there is in their place.
REFUSED = {
    "trainer.logger": "metrics.csv in the run directory is always written; add others with logger=",
    "trainer.callbacks": "a run has its own callbacks; a task's hooks are the place for more",
    "trainer.plugins": "a run has its own plugins",
    "trainer.profiler": "nothing reads its report; python -m tasks.bench measures speed",
    "trainer.fast_dev_run": "it keeps no checkpoint to score; use mode=smoke",
    "trainer.overfit_batches": "use mode=overfit",
    "trainer.min_epochs": "only early_stop.patience ends a run early; use trainer.max_epochs",
    "trainer.min_steps": "only early_stop.patience ends a run early; use trainer.max_steps",
    "trainer.max_time": "the learning-rate schedule needs to know the end: use trainer.max_epochs "
    "or trainer.max_steps; a run that is stopped goes on with the same command",
    "trainer.enable_checkpointing": "best.ckpt and last.ckpt are always written",
    "trainer.enable_model_summary": "a run's first lines state the network's cost",
    "trainer.enable_autolog_hparams": "config.yaml in the run directory has every option",
    "trainer.num_sanity_val_steps": "use mode=smoke to try everything first",
    "trainer.use_distributed_sampler": "the suite's loaders share the images out themselves",
    "trainer.reload_dataloaders_every_n_epochs": "the loaders draw each epoch anew already",
    "trainer.limit_predict_batches": "python -m tasks.predict takes the images to answer for",
    "trainer.default_root_dir": "use paths.runs",
    "trainer.barebones": "it keeps no checkpoint to score; python -m tasks.bench measures speed",
    "trainer.model_registry": "checkpoints stay in the run directory",
    **dict.fromkeys(
        ("ckpt_path", "trainer.ckpt_path", "trainer.resume_from_checkpoint"),
        "a run goes on from its own last.ckpt with the same command, and from another checkpoint "
        "with resume=PATH; to start from other weights use backbone.weights=FILE",
    ),
    "data.annotations": "a detector's are named by data.train and data.val; others lie where the "
    "data set's layout has them, below data.root",
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
