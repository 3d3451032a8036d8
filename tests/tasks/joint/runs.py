"""Options of a joint run that takes seconds: four parts on tiny data of their own."""

from pathlib import Path

from tests.tasks.training.every_task import TASKS

PARTS = ("ssd_coco", "image_folder", "face_attributes", "planet")


def joint_options(
    root: Path, sample: Path, *more: str, parts: tuple[str, ...] = PARTS
) -> list[str]:
    """Two epochs of a few steps, all written below `root`.

    Args:
        sample: the drawn detection set, see tests/conftest.py.
    """
    own = [
        f"parts.{name}.{option}"
        for name in parts
        for option in (
            *TASKS[name][1](root / "data" / name, sample),
            f"size={TASKS[name][0]}",
            "data.workers=0",
            "data.batch_size=4",
        )
    ]
    return [
        "task=joint",
        f"task.parts=[{','.join(parts)}]",
        *own,
        "backbone.alpha=0.25",
        "optimizer.ema_decay=0.9",
        "trainer.max_epochs=2",
        "trainer.log_every_n_steps=1",
        "trainer.enable_progress_bar=false",
        f"paths.runs={root / 'runs'}",
        f"paths.cache={root / 'cache'}",
        *more,
    ]
