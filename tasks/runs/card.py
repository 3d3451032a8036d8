"""card.md: a description of a trained model for anybody who finds it, as a Hugging Face card."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from huggingface_hub import EvalResult, ModelCardData

from backbone.errors import number_of
from tasks.runs.card_facts import DRAWN_TERMS, LIMITS, OWN_TERMS, PIPELINES, TERMS
from tasks.runs.directory import write_whole
from tasks.runs.names import BUILT, STABLE, at
from tasks.runs.parts import PARTS, with_shared
from tasks.runs.report import by_category, format_interval, format_score

FILE = "card.md"


def write_card(folder: Path, result: Mapping[str, Any], config: Mapping[str, Any]) -> None:
    """Write the card of a finished run beside its best.ckpt.

    Args:
        folder: the run directory.
        result: what result.json holds.
        config: the run's, in plain values.
    """
    write_whole(folder / FILE, card_text(folder.name, result, config))


def card_text(name: str, result: Mapping[str, Any], config: Mapping[str, Any]) -> str:
    """The card: Hugging Face's metadata between lines of dashes, then a page in Markdown."""
    mode = str(config.get("mode"))
    title, terms = data_terms(config)
    header = card_data(name, result, config).to_yaml().strip()
    network = network_words(config)
    cost, size = result["cost"], config["size"]
    lines = [
        f"# {result['task']}: {name}",
        "",
        f"{network}, with an input of {size} pixels: {cost['parameters'] / 1e6:.2f} million "
        f"parameters, {cost['mult_adds'] / 1e6:.0f} million mult-adds per image.",
        "",
        "## Training",
        "",
        f"- Data: {title}. {_sentence(result['data'])}",
        f"- Terms of these images, which may also apply to the weights: {terms}.",
        f"- {_sentence(result['trunk'])}",
        f"- {number_of(result['steps'], 'optimizer step')}, seed {result['seed']}"
        + (f", mode={mode}" if mode != "full" else "")
        + ". Every option is in `config.yaml`.",
    ]
    if result.get("continued_from"):
        lines.append(f"- Training continued from `{result['continued_from']}`.")
    if result.get("teacher"):
        lines.append(f"- It learnt from a teacher: {result['teacher']}.")
    lines += ["", "## Scores", "", *score_table(result), ""]
    groups = by_category(dict(result))
    own = own_modules(config)
    trust = f", trust={own}" if own else ""
    flags = "".join(f" --trust {module}" for module in own)
    runs_code = f"imports {' and '.join(own)}" if own else "runs no code from it"
    if groups:
        lines += ["By category, best first:", "", "```", *filter(None, groups), "```", ""]
    lines += ["## Limits", "", *(f"- {limit}" for limit in limits(config, mode, result)), ""]
    lines += [
        "## Use",
        "",
        "```python",
        "import tasks",
        "",
        f'model = tasks.load("best.ckpt"{trust})',
        'print(model.answer("photo.jpg"))',
        "```",
        "",
        f"or `python -m tasks.predict best.ckpt photo.jpg{flags}`. The checkpoint holds only "
        f"tensors and plain values; loading it {runs_code}.",
    ]
    return f"---\n{header}\n---\n\n" + "\n".join(lines) + "\n"


def card_data(name: str, result: Mapping[str, Any], config: Mapping[str, Any]) -> ModelCardData:
    """Hugging Face's metadata, with each defined score; shares in percent."""
    pipelines = {name: pipeline(part) for name, part in tasks_of(config).items()}
    scores = [
        EvalResult(
            task_type=pipelines[name],
            dataset_type=f"{at(part, ('data', 'name'))}{'-sample' if is_drawn(part) else ''}",
            dataset_name=data_terms(part)[0],
            metric_type=metric,
            metric_name=_metric_name(metric, result),
            metric_value=round(value if _unit(metric, result) else 100 * value, 2),
        )
        for name, part in tasks_of(config).items()
        for metric, value in defined_scores(result).items()
        if metric.startswith(f"{name}/" if name else "")
    ]
    return ModelCardData(
        model_name=name,
        license="other",
        license_name="terms-of-the-training-data",
        library_name="mobilenet-suite",
        # a network with several answers has none of Hugging Face's tags
        pipeline_tag=pipelines.popitem()[1] if len({*pipelines.values()}) == 1 else None,
        tags=["mobilenet", "pytorch", str(result["task"])],
        metrics=list(defined_scores(result)),
        eval_results=scores or None,
    )


def pipeline(config: Mapping[str, Any]) -> str:
    """Hugging Face's name for the kind of a task."""
    return PIPELINES.get(str(at(config, ("task", "kind"))), "image-feature-extraction")


def defined_scores(result: Mapping[str, Any]) -> dict[str, float]:
    """The scores that could be measured."""
    return {n: v for n, v in result["metrics"].items() if math.isfinite(v) and v >= 0}


def score_table(result: Mapping[str, Any]) -> list[str]:
    """A table of the scores with their intervals, and what they were measured on."""
    baselines, intervals = result.get("baselines", {}), result.get("intervals", {})
    rows = [
        "| " + " | ".join(["score", "this model", "95% interval", *baselines]) + " |",
        "|---" * (3 + len(baselines)) + "|",
    ]
    for name, value in defined_scores(result).items():
        unit = _unit(name, result)
        plain = (format_score(b[name], unit) if name in b else "" for b in baselines.values())
        cells = [f"`{name}`", format_score(value, unit), format_interval(intervals.get(name), unit)]
        rows.append("| " + " | ".join([*cells, *plain]) + " |")
    about = sorted(set(result.get("bootstrap", {}).get("units", {}).values()))
    said = f" The intervals are bootstrapped over {' and '.join(about)}." if about else ""
    return [*rows, "", f"{_sentence(result['data'])}{said}"]


def limits(config: Mapping[str, Any], mode: str, result: Mapping[str, Any]) -> list[str]:
    """What users of the model must know; if it has several parts, of each of them."""
    found = []
    if all(map(is_drawn, tasks_of(config).values())):
        found.append("It has only seen drawn pictures, and is of no use on photographs.")
    if mode == "overfit":
        found.append("It was scored on the images that it was trained on.")
    kinds = dict.fromkeys(str(at(part, ("task", "kind"))) for part in tasks_of(config).values())
    found += [limit for kind in kinds for limit in LIMITS.get(kind, [])]
    found.append("The scores are valid for images like those that it was scored on.")
    if not result.get("per_category"):
        found.append("How its errors differ between groups was not measured.")
    return found


def data_terms(config: Mapping[str, Any]) -> tuple[str, str]:
    """The title and the terms of the training images; if there are several parts, of each."""
    if all(map(is_drawn, tasks_of(config).values())):
        return DRAWN_TERMS
    titles, terms = [], []
    for name, part in tasks_of(config).items():
        known = TERMS.get(str(at(part, ("data", "name"))), OWN_TERMS)
        title, own = DRAWN_TERMS if is_drawn(part) else known
        titles.append(f"{name}: {title}" if name else title)
        terms.append(f"{name}: {own}" if name else own)
    return "; ".join(titles), "; ".join(terms)


def is_drawn(config: Mapping[str, Any]) -> bool:
    """Whether a task was trained and scored on drawn pictures; data.root may name others."""
    sample = at(config, ("data", "sample", "root"))
    return config.get("mode") in ("sample", "smoke") and at(config, ("data", "root")) == sample


def tasks_of(config: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The parts of a configuration by name; without parts, itself under the empty name."""
    parts = config.get(PARTS) or {"": config}
    return {name: with_shared(config, part) for name, part in parts.items()}


def network_words(config: Mapping[str, Any]) -> str:
    """The trunk and the head, in words."""
    trunk = config["backbone"]
    network = str(trunk.get("name") or str(trunk.get("_target_", "")).rpartition(".")[2])
    alpha = f" of width {trunk['alpha']}" if trunk.get("alpha") is not None else ""
    head = str(at(config, ("task", "head", "_target_"))).rpartition(".")[2]
    return f"{network}{alpha} with the head {head}"


def own_modules(config: Mapping[str, Any]) -> list[str]:
    """The modules outside the suite that a model of this configuration is built from."""
    found: dict[str, None] = {}  # in order, each once
    for part in tasks_of(config).values():
        for place in BUILT:
            path = at(part, (*place, "_target_"))
            if path is not None and path not in STABLE:
                found[str(path).rpartition(".")[0]] = None
    return [*found]


def _unit(name: str, result: Mapping[str, Any]) -> str | None:
    unit = result.get("units", {}).get(name)
    return None if unit is None else str(unit)


def _metric_name(name: str, result: Mapping[str, Any]) -> str:
    """A score's name with its interval; Hugging Face's metadata has no place for intervals."""
    ends = format_interval(result.get("intervals", {}).get(name), _unit(name, result))
    return f"{name} (95% interval {ends})" if ends else name


def _sentence(text: str) -> str:
    """A text with a full stop at its end."""
    return f"{text.rstrip('.')}."
