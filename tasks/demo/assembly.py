"""The page: its template with style, scripts, runtime and models inside."""

import base64
import gzip
import hashlib
import html
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

from tasks.demo.runtime import Runtime

# in this order: a script uses what stands before it
ENGINE = ("resampling.js", "view.js", "engine.js")  # run in the worker
SCRIPTS = (
    "unpacking.js",
    "elements.js",
    "answers.js",
    "boxes.js",
    "bars.js",
    "similarity.js",
    "map.js",
    "client.js",
    "position.js",
    "photographs.js",
    "camera.js",
    "stage.js",
    "panel.js",
    "page.js",
    "album.js",
    "live.js",
    "listening.js",
)
STYLES = (
    "colours.css",
    "layout.css",
    "picture.css",
    "answers.css",
    "widths.css",
    "contrast.css",
)


@dataclass(frozen=True)
class Shown:
    """A model in the page.

    Args:
        content: its ONNX file.
        description: what the page must know of it, plain values; see `shown_model`.
        rasters: of maps, the bytes of the element that each name is for.
    """

    content: bytes
    description: Mapping[str, Any]
    rasters: Mapping[str, bytes] = field(default_factory=dict)


def page(title: str, models: Sequence[Shown], runtime: Runtime, earth: Mapping[str, Any]) -> str:
    """The whole page as HTML.

    Args:
        title: shown above it.
        models: the first is chosen at the beginning.
        runtime: that runs them.
        earth: see `earth_paths`; empty where no answer is a place.
    """
    scripts = [("", name, _source(name)) for name in SCRIPTS]
    engine = [(' type="text/plain" data-engine', name, _source(name)) for name in ENGINE]
    style = "\n".join(map(_source, STYLES))
    data = [
        _packed("earth", _json_text(earth).encode()),
        _packed("runtime-script", runtime.script),
        _packed("runtime-wasm", runtime.wasm),
    ]
    for number, model in enumerate(models):
        data.append(_packed(f"model-{number}", model.content))
        data += [_packed(name, content) for name, content in model.rasters.items()]
    notice = (
        f"Run by ONNX Runtime Web {runtime.version}, copyright Microsoft Corporation, under the "
        "MIT License."
    )
    if earth:
        notice += " Coastlines: GSHHG (Wessel and Smith 1996), under the LGPL."
    return _filled(
        _source("page.html"),
        policy=_policy([text for _, _, text in scripts], style),
        title=html.escape(title),
        style=style,
        models=_json_text([model.description for model in models]),
        notice=html.escape(notice),
        data="\n".join(data),
        scripts="\n".join(
            f"<script{kind}>{_harmless(name, text)}</script>"
            for kind, name, text in [*engine, *scripts]
        ),
    )


def _policy(scripts: Sequence[str], style: str) -> str:
    """The Content-Security-Policy: nothing is fetched, and only these scripts are run."""
    hashes = " ".join(_hash(text) for text in scripts)
    return "; ".join(
        [
            "default-src 'none'",
            # blob: the worker, and the runtime that it imports
            f"script-src {hashes} blob: 'wasm-unsafe-eval'",
            "worker-src blob:",
            f"style-src {_hash(style)}",
            # photographs, and the icon
            "img-src blob: data:",
            "media-src blob:",
            "connect-src 'none'",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )


def _hash(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"


def _source(name: str) -> str:
    return (files("tasks.demo") / "page" / name).read_text(encoding="utf-8")


def _harmless(name: str, text: str) -> str:
    """A script that the element around it holds whole."""
    assert "</script" not in text.lower(), name
    assert "<!--" not in text, name
    return text


def _filled(template: str, **parts: str) -> str:
    """The template with every part in its place; a part's own braces are left alone."""
    pieces = template.split("{{")
    filled = [pieces[0]]
    for piece in pieces[1:]:
        name, _, rest = piece.partition("}}")
        filled += [parts[name], rest]
    return "".join(filled)


def _packed(name: str, content: bytes) -> str:
    """An element with bytes: gzip, without a time, in base64."""
    text = base64.b64encode(gzip.compress(content, 9, mtime=0)).decode()
    return f'<script type="text/plain" id="{name}">{text}</script>'


def _json_text(value: object) -> str:
    """JSON that cannot end the element around it."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
