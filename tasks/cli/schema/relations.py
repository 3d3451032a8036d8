"""Checks of options against each other, once each is valid by itself."""

from collections.abc import Iterator, Mapping
from typing import Any

from backbone.forms import NO_WEIGHTS
from tasks.runs.parts import PARTS

OF_THE_TRUNK = 3  # maps of a pyramid if task.head.taps is null: those of stride 8, 16 and 32


def relations(config: Mapping[str, Any]) -> Iterator[str]:
    """One line for each combination of options that is not allowed."""
    task, data = config["task"], config["data"]
    if task["kind"] != data["kind"]:
        yield (
            f"task={task['name']} needs data of kind '{task['kind']}', but "
            f"data={data['name']} is of kind '{data['kind']}'"
        )
    if (
        data.get("train", "") is None
        and config["trainer"]["max_epochs"] > 0
        and not any(data.get(name) for name in ("labels", "unlabelled", "val_fraction"))
    ):
        yield "data.train=null: without training images a run can only score: add mode=evaluate"
    trunk, whole = config["backbone"].get("weights"), task["head"].get("weights")
    if trunk not in NO_WEIGHTS and whole not in NO_WEIGHTS:
        yield (f"task.head.weights={whole} loads the trunk too: leave out backbone.weights={trunk}")
    view = data["view"]
    if view["keep_aspect"] and (view["crop_fraction"] is not None or view["box"] is not None):
        yield (
            "data.view.keep_aspect=true shows the whole image: leave out "
            "data.view.crop_fraction and data.view.box"
        )
    yield from _maps(task["head"])
    yield from _augmentation(config)
    if PARTS in config:
        yield from _parts(config)
    yield from _teacher(config)
    yield from _integers(config)
    yield from _places(task, data)
    yield from _trainer(config["trainer"])
    if config.get("extend") and config["trainer"]["max_epochs"] == 0:
        yield (
            f"extend={config['extend']}: trainer.max_epochs=0 trains nothing; leave one of them out"
        )
    if config.get("extend") and config.get("resume") == "none":
        yield (
            f"extend={config['extend']} goes on with a finished run, and resume=none begins anew; "
            "leave one of them out"
        )
    if config["mode"] == "evaluate" and config["trainer"]["max_epochs"] > 0:
        yield (
            f"mode=evaluate scores without training: leave out "
            f"trainer.max_epochs={config['trainer']['max_epochs']}, or mode=evaluate"
        )
    patience = (config.get("early_stop") or {}).get("patience")
    if patience is not None and config["trainer"]["max_epochs"] == 0:
        cause = "mode=evaluate" if config["mode"] == "evaluate" else "trainer.max_epochs=0"
        yield f"early_stop.patience={patience}: {cause} trains nothing; leave one of them out"
    elif patience is not None and config["trainer"]["limit_val_batches"] == 0:
        yield (
            f"early_stop.patience={patience} counts validations, but there are none with "
            "trainer.limit_val_batches=0"
        )
    chosen = config["optimizer"]["optimizer"]
    if chosen.get("nesterov") is True and not (
        chosen.get("momentum") and not chosen.get("dampening")
    ):
        yield (
            "optimizer.optimizer.nesterov=true needs optimizer.optimizer.momentum above 0, "
            "and no dampening"
        )
    if chosen.get("foreach") and chosen.get("fused"):
        yield "optimizer.optimizer.foreach=true: torch takes foreach or fused, not both"


def _maps(head: Mapping[str, Any]) -> Iterator[str]:
    maps, taps = head.get("maps"), head.get("taps")
    least = OF_THE_TRUNK if taps is None else len(taps)
    if maps is not None and maps < least:
        yield (
            f"task.head.maps={maps}: all of the trunk's {least} maps have anchors, so it must be "
            f"at least {least}; for fewer, name some with task.head.taps"
        )


def _parts(config: Mapping[str, Any]) -> Iterator[str]:
    task, parts = config["task"], config[PARTS]
    for key in ("weights", "references"):
        for name in task[key] if isinstance(task[key], Mapping) else ():
            if name not in parts:
                yield f"task.{key}.{name}: there is no such part, only {', '.join(parts)}"
    for name, part in parts.items():
        if part["data"].get("batch_size") == "auto":
            yield (
                f"parts.{name}.data.batch_size=auto: give a number, since all parts share the "
                "memory"
            )
    weights = config["backbone"].get("weights"), task["head"].get("weights")
    for name, part in parts.items():
        own = part["task"]["head"].get("weights")
        if own not in NO_WEIGHTS and weights[0] in NO_WEIGHTS:
            yield (
                f"parts.{name}.task.head.weights={own} loads only the part's head: name the "
                "weights of the shared trunk with backbone.weights="
            )
    extends = task["extends"]
    if extends is not None:
        if str(weights[0]) != str(extends):
            yield (
                f"task.extends={extends}: the trunk is that checkpoint's; leave out "
                f"backbone.weights={weights[0]}"
            )
        if config["optimizer"].get("freeze_trunk"):
            yield (
                f"task.extends={extends}: with optimizer.freeze_trunk=true no answer changes: "
                f"train the new task alone, with backbone.weights={extends} and "
                "optimizer.freeze_trunk=true, and add it with python -m tasks.join"
            )
    if task["statistics"] == "frozen" and all(source in NO_WEIGHTS for source in weights):
        yield (
            "task.statistics=frozen keeps the statistics of random weights: give "
            "backbone.weights, or use task.statistics=shared"
        )
    if config.get("distill") is not None:
        yield (
            "distill: each part has its own teacher: set parts.NAME.distill=teacher "
            "parts.NAME.distill.teacher=best.ckpt"
        )


def _teacher(config: Mapping[str, Any]) -> Iterator[str]:
    data, distill = config["data"], config.get("distill")
    if config["task"]["kind"] == "detection" and data.get("unlabelled") is not None:
        share = 0 if distill is None else distill["weight"]
        if share != 1:
            yield (
                f"data.unlabelled={data['unlabelled']}: photographs without boxes need a teacher: "
                "add distill=teacher distill.teacher=best.ckpt"
                + ("" if distill is None else ", and leave distill.weight at 1")
            )
    objective = config["task"].get("distillation") or {}
    weights = [objective.get(name, 1) for name in ("classes", "boxes", "features")]
    if distill is not None and not any(weights):
        yield (
            "task.distillation.classes=0, with boxes=0 and features=0: nothing would be learnt "
            "from the teacher; give one of them a weight"
        )


def _augmentation(config: Mapping[str, Any]) -> Iterator[str]:
    module, data = config["task"]["module"], config["data"]
    operations = (config.get("preprocess") or {}).get("operations", 0)
    if config["task"]["kind"] == "detection" and operations:
        yield (
            f"preprocess.operations={operations}: RandAugment would move objects out of their "
            "boxes; set it to 0, and see data.scale_jitter and task.module.mosaic"
        )
    mixed = [name for name in ("mixup", "cutmix", "mosaic") if module.get(name)]
    if mixed and (config.get("distill") or {}).get("outputs") is not None:
        yield (
            f"task.module.{mixed[0]}={module[mixed[0]]}: distill=cached has the teacher's outputs "
            "only for single images, not for mixtures; set it to 0, or use distill=teacher"
        )
    if data.get("scale_jitter") is not None and not data["crop"]:
        yield (
            "data.scale_jitter replaces the random crop, which data.crop=false (or augment=false) "
            "turns off; set data.crop=true, or data.scale_jitter=null"
        )


def _integers(config: Mapping[str, Any]) -> Iterator[str]:
    if config.get("quantize") is None:
        return
    precision = config["trainer"]["precision"]
    if precision not in ("32-true", "32", 32):
        yield (
            f"trainer.precision={precision}: quantize=qat simulates 8-bit integers in float32; "
            "set trainer.precision=32-true"
        )
    sources = config["backbone"].get("weights"), config["task"]["head"].get("weights")
    if all(source in NO_WEIGHTS for source in sources):
        yield (
            "quantize=qat trains a trained network further: add task.head.weights= with its "
            "best.ckpt, or with another file of a whole network"
        )


def _places(task: Mapping[str, Any], data: Mapping[str, Any]) -> Iterator[str]:
    least, most = data.get("t_min"), data.get("t_max")
    if isinstance(least, int) and isinstance(most, int) and least > most:
        yield f"data.t_min={least}: must not be above data.t_max={most}"
    module = task["module"]
    radii, monitor = module.get("radii_km"), module.get("monitor_km")
    if isinstance(radii, list) and monitor is not None and monitor not in radii:
        yield (
            f"task.module.monitor_km={monitor:g}: must be one of task.module.radii_km="
            f"[{','.join(f'{radius:g}' for radius in radii)}], since its share picks the best "
            "checkpoint"
        )


def _trainer(trainer: Mapping[str, Any]) -> Iterator[str]:
    if trainer["accelerator"] == "cpu" and not (
        trainer["devices"] == "auto" or _is_count(trainer["devices"])
    ):
        yield (
            "trainer.devices: with trainer.accelerator=cpu, give a number of processes, at least "
            "1, or auto"
        )


def _is_count(devices: object) -> bool:
    return isinstance(devices, int) and devices > 0
