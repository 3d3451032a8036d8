"""Checkpoints of heads on the same trunk become one checkpoint."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from backbone.cost import Cost, cost
from backbone.errors import InputError
from backbone.trunk import Trunk
from tasks.data.labels import Labels
from tasks.runs.names import NAME, at
from tasks.runs.one_pass import one_size, one_view
from tasks.runs.parts import OWN, PARTS, TRUNK, joint_state, prefixed
from tasks.training.checkpoints import FORMAT, Checkpoint, read_checkpoint
from tasks.training.restore import restore
from tasks.training.saving import AtomicCheckpointIO

# options of a trunk that do not influence what its trained weights compute
OF_TRAINING = ("bn_momentum", "initialisation", "weights")


@dataclass(frozen=True)
class JoinedNetwork:
    """A joint network, ready to be written.

    Args:
        content: of the checkpoint.
        parts: the checkpoints that it was made of, by name.
        notes: what a user should know of the one pass.
        trust: modules outside the suite that they may name.
    """

    content: dict[str, Any]
    parts: Mapping[str, Checkpoint]
    notes: Sequence[str]
    trust: Sequence[str]


def joined(
    named: Sequence[tuple[str, Path]], size: int | None, trust: Sequence[str]
) -> JoinedNetwork:
    """The joint network of some checkpoints.

    Args:
        named: name and file of each; an empty name is the task's own.
        size, trust: see `tasks.join`.

    Raises:
        InputError: see `tasks.join`.
    """
    parts = named_parts(named)
    require_one_trunk(parts, trust)
    first = next(iter(parts.values()))
    view, told = one_view({name: part.config for name, part in parts.items()})
    pixels, chosen = one_size({name: part.config for name, part in parts.items()}, size)
    config = {
        "size": pixels,
        "seed": first.config.get("seed", 0),
        "mode": "full",
        "backbone": dict(first.config["backbone"]),
        "task": {
            "name": "joint",
            "kind": "joint",
            "head": {NAME: "joint_head"},
            "module": {NAME: "joint"},
        },
        "data": {"name": "joint", "kind": "joint", "view": {NAME: "view", **view}},
        PARTS: {
            name: {key: part.config[key] for key in OWN if key in part.config}
            for name, part in parts.items()
        },
    }
    labels = Labels(0, [], [], [], {PARTS: {n: p.labels.to_dict() for n, p in parts.items()}})
    state: dict[str, Tensor] = {}
    scores: dict[str, float] = {}
    chosen_by: dict[str, float] = {}
    for name, part in parts.items():
        state |= joint_state(name, part.model_state())
        scores |= prefixed(name, part.scores or {})
        chosen_by |= prefixed(name, part.chosen)
    content = {
        "format": FORMAT,
        "config": config,
        "labels": labels.to_dict(),
        "state_dict": state,
        "scores": scores or None,
        "chosen": chosen_by,
    }
    return JoinedNetwork(content, parts, [*chosen, *told], trust)


def named_parts(named: Sequence[tuple[str, Path]]) -> dict[str, Checkpoint]:
    """The checkpoints to be joined, by name. The parts of a joint checkpoint keep their names.

    Raises:
        InputError: two parts have the same name, a name is not valid, or a joint checkpoint is
            given one.
    """
    found: dict[str, Checkpoint] = {}
    for name, path in named:
        checkpoint = read_checkpoint(path)
        if at(checkpoint.config, ("quantize",)) is not None:
            raise InputError(
                f"{path} was trained with quantize=qat, and a joint network has no fake "
                "quantisation: join the checkpoint that it was trained from"
            )
        inside = checkpoint.parts
        if inside and name:
            raise InputError(f"{name}={path}: it is a joint network, whose parts have names")
        for own, part in (inside or {name or checkpoint.task_name: checkpoint}).items():
            if not own.isidentifier():
                raise InputError(
                    f"{own}={path}: a part's name is letters, digits and _; give one as NAME={path}"
                )
            if own in found:
                raise InputError(
                    f"{found[own].path} and {part.path} are both called {own}: name one, as "
                    f"{own}_2={path}"
                )
            found[own] = part
    if len(found) < 2:
        raise InputError("there is nothing to join: name two checkpoints or more")
    return found


def require_one_trunk(parts: Mapping[str, Checkpoint], trust: Sequence[str]) -> None:
    """Raise InputError unless all parts have the same trunk.

    It names the option or the first tensor in which two differ, in the network's order.
    """
    first: tuple[Checkpoint, Trunk] | None = None
    for part in parts.values():
        trunk = restore(part, trust).head.trunk
        if first is None:
            first = part, trunk
            continue
        difference = differs(first[0], first[1], part, trunk)
        if difference:
            advice = "backbone.weights=FIRST/best.ckpt optimizer.freeze_trunk=true"
            if part.path.parent == first[0].path.parent and part.path.parent.is_file():
                advice = "task.statistics=shared, or frozen, and not per_part"
            raise InputError(
                f"{first[0].path} and {part.path} do not have the same trunk: {difference}. Train "
                f"each head on the same one: {advice}"
            )


def differs(first: Checkpoint, trunk: Trunk, second: Checkpoint, other: Trunk) -> str:
    """How two trunks differ, in words; empty if they are the same."""
    if trunk.normalization != other.normalization:
        return (
            f"pixels are normalised by mean and deviation {trunk.normalization} and "
            f"{other.normalization}"
        )
    if type(trunk) is not type(other):
        return f"a {type(trunk).__name__} and a {type(other).__name__}"
    there = second.state
    for key, tensor in first.state.items():
        if not key.startswith(TRUNK) or key.endswith(".num_batches_tracked"):
            continue
        name = key.removeprefix("head.")
        if key not in there:
            return f"the second has no tensor {name}"
        if tensor.shape != there[key].shape:
            return f"{name} is {list(tensor.shape)} and {list(there[key].shape)}"
        if not torch.equal(tensor, there[key]):
            off = float((tensor.double() - there[key].double()).abs().max())
            return f"the first tensor that differs is {name}, by up to {off:.3g}"
    for key in sorted(trunk.options.keys() | other.options.keys()):
        values = trunk.options.get(key), other.options.get(key)
        if key not in OF_TRAINING and values[0] != values[1]:
            return f"{key} is {values[0]} and {values[1]}"
    return ""


def write_joint(network: JoinedNetwork, output: Path) -> str:
    """Check that a joint network can be built and answers, write it, and say what it is."""
    content = network.content
    checkpoint = Checkpoint(
        path=output,
        config=content["config"],
        labels=Labels(**content["labels"]),
        state=content["state_dict"],
        scores=content["scores"],
        step=0,
        chosen=content["chosen"],
    )
    task = restore(checkpoint, network.trust)
    image = torch.zeros(1, 3, *checkpoint.size)
    whole = cost(task.head, image, method=task.network)
    singles = [restore(part, network.trust) for part in network.parts.values()]
    costs = [cost(single.head, image, method=single.network) for single in singles]
    alone = Cost(sum(of.mult_adds for of in costs), sum(of.parameters for of in costs))
    AtomicCheckpointIO().save_checkpoint(content, output)
    lines = [
        f"{name}: {part.path}, trained at {part.size[0]}x{part.size[1]}"
        for name, part in network.parts.items()
    ]
    height, width = checkpoint.size
    lines += [
        *network.notes,
        f"one pass at {height}x{width}: {whole}; the parts one by one: {alone}",
        f"written: {output}",
    ]
    return "\n".join(lines)
