"""TensorFlow's released SSD detectors, converted to this suite's layout.

The TensorFlow detection models of 2017 and later are the network of `tasks.detection.ssd`: a
MobileNet under `FeatureExtractor/MobilenetV1` or `V2`, extra maps after its last one, and
`BoxPredictor_k/BoxEncodingPredictor` and `ClassPredictor` for map k. Properties that no tensor's
shape shows are declared here and compared with what a file says about itself: the order of a cell's
anchors, the code of boxes, sigmoid scores, pixels from -1 to 1, and output k for category k with
the background at 0.
"""

import re
from collections.abc import Mapping

import torch
from torch import Tensor

from backbone.errors import InputError
from backbone.folded import unfolded
from backbone.weight_files import WeightsFile
from tasks.detection.boxes import BoxCoder

# The order of a cell's anchors on maps after the finest: the file's number of each of ours, which
# are (s, 1), (sqrt(s s'), 1), (s, 2), (s, 1/2), (s, 3), (s, 1/3).
ORDERS = {
    "2017": (0, 1, 2, 3, 4, 5),
    "2018": (0, 5, 1, 2, 3, 4),  # (sqrt(s s'), 1) comes last
}
POSTPROCESS = "TFLite_Detection_PostProcess"
FINEST = 3  # anchors of a cell of the finest map
COCO_OUTPUTS = 91  # COCO's ids up to 90, and the background
EXACT = 1e-4  # largest difference between equal anchors, relative to the image

EXTRA = re.compile(
    r"(?:MobilenetV1/Conv2d_13_pointwise|MobilenetV2/layer_19)"
    r"_(?P<part>[12])_Conv2d_(?P<map>\d+)_(?:1x1|3x3_s2)_\d+(?P<depthwise>_depthwise)?"
    r"(?P<norm>/BatchNorm)?"
)
PREDICTOR = re.compile(
    r"BoxPredictor_(?P<map>\d+)/(?P<kind>BoxEncoding|Class)Predictor(?P<depthwise>_depthwise)?"
    r"(?P<norm>/BatchNorm)?"
)
KINDS = {"BoxEncoding": "box_predictors", "Class": "class_predictors"}


def released_state(
    file: WeightsFile, separable: bool, separable_predictors: bool
) -> dict[str, Tensor]:
    """A released detector's tensors under the names of `SSD`, with the anchors in its own order.

    Names that no such detector has are not changed.

    Args:
        file: with TensorFlow's names.
        separable: whether the extra maps are SSDLite's.
        separable_predictors: whether the predictors are SSDLite's.
    """

    def ours(module: str) -> str:
        if found := EXTRA.fullmatch(module):
            place = f"extras.{int(found['map']) - 2}.{int(found['part']) - 1}"
            if found["part"] == "2" and separable:
                place += ".depthwise" if found["depthwise"] else ".pointwise"
            return place + (".bn" if found["norm"] else ".conv")
        if found := PREDICTOR.fullmatch(module):
            place = f"{KINDS[found['kind']]}.{found['map']}"
            if found["depthwise"]:
                return f"{place}.depthwise" + (".bn" if found["norm"] else ".conv")
            return f"{place}.pointwise" if separable_predictors else place
        trunk = file.scheme.modules.get(module)
        return module if trunk is None else f"trunk.{trunk}"

    state = {}
    for key, value in file.state.items():
        module, _, tensor = key.rpartition(".")
        state[f"{ours(module)}.{tensor}"] = value
    return unfolded(state, file.options["bn_eps"])


def reordered(state: Mapping[str, Tensor], order: tuple[int, ...]) -> dict[str, Tensor]:
    """Predictors with the anchors of each cell in this suite's order.

    Args:
        state: tensors of an `SSD`, with any number of classes.
        order: the file's number of each of our anchors.
    """
    made = dict(state)
    for key, value in state.items():
        kind, _, rest = key.partition(".")
        number, _, layer = rest.partition(".")
        # the finest map has other anchors, in the same order in all files; a depthwise convolution
        # has no outputs per anchor
        if kind in KINDS.values() and number != "0" and not layer.startswith("depthwise."):
            made[key] = value.unflatten(0, (len(order), -1))[list(order)].flatten(0, 1)
    return made


def anchor_order(
    file: WeightsFile, origin: str, anchors: Tensor, finest: int, size: tuple[int, int]
) -> tuple[str, tuple[int, ...]]:
    """The order of a file's anchors, from the anchors in it: (a note on it, the order).

    Args:
        file: with an array `anchors` [A, 4] of (y, x, height, width) relative to the image, or an
            array `anchor_order` of six numbers as in `ORDERS`.
        origin: name of the file, for the message.
        anchors: float[A, 4] xyxy, the network's own at `size`.
        finest: how many of them belong to the finest map.
        size: (height, width) of the network's input.

    Raises:
        InputError: the file does not say, or has other anchors than the network.
    """
    theirs, tolerance = _own_anchors(file)
    if theirs is None:
        stated = file.others.get("anchor_order")
        if stated is not None:
            for year, order in ORDERS.items():
                if tuple(stated.int().tolist()) == order:
                    return f"anchors in the order of {year}, as the file states", order
        raise InputError(
            f"{origin} does not say in which order the anchors of a cell are, and a wrong order "
            "gives wrong boxes without an error: add to the file an array anchors [A, 4] of "
            "(y, x, height, width) relative to the image, or anchor_order: "
            + ", or ".join(f"{list(o)} for releases of {y}" for y, o in ORDERS.items())
            + " (2018 means that year and later)"
        )
    ours = _centre_form(anchors, size)
    if theirs.shape != ours.shape:
        raise InputError(
            f"{origin} has {len(theirs):,} anchors, but this network has {len(ours):,} at "
            f"{size[0]}x{size[1]}: set size as the file was made for"
            + (f" ({file.tflite.size[0]}x{file.tflite.size[1]})" if file.tflite else "")
        )
    apart = {year: _furthest(theirs, ours, finest, order) for year, order in ORDERS.items()}
    year = min(apart, key=apart.__getitem__)
    if apart[year] > tolerance:
        raise InputError(
            f"{origin} has other anchors than this network: they differ by up to {apart[year]:.4f} "
            f"of the image (in the order of {year}), but at most {tolerance:.4f} is allowed: set "
            "task.head.scales and size as it was trained with"
        )
    note = f"its anchors are in the order of {year}, within {apart[year]:.4f} of ours"
    return note, ORDERS[year]


def _own_anchors(file: WeightsFile) -> tuple[Tensor | None, float]:
    if file.tflite is None:
        return file.others.get("anchors"), EXACT
    # half a step of the integers, and a little for the rounding of the step itself
    step = file.tflite.steps.get("anchors", 0.0)
    return file.tflite.constants.get("anchors"), step / 2 + EXACT


def _centre_form(anchors: Tensor, size: tuple[int, int]) -> Tensor:
    """Boxes xyxy in pixels as (y, x, height, width) relative to the image."""
    height, width = size
    x0, y0, x1, y1 = (anchors / torch.tensor([width, height, width, height])).unbind(-1)
    return torch.stack([(y0 + y1) / 2, (x0 + x1) / 2, y1 - y0, x1 - x0], -1)


def _furthest(theirs: Tensor, ours: Tensor, finest: int, order: tuple[int, ...]) -> float:
    """The largest difference between two sets of anchors, the first in its own order."""
    rest = theirs[finest:].unflatten(0, (-1, len(order)))[:, list(order)].flatten(0, 1)
    return float((torch.cat([theirs[:finest], rest]) - ours).abs().max())


def check_declared(file: WeightsFile, origin: str, coder: BoxCoder) -> None:
    """Compare what a TensorFlow Lite file says about itself with what this network computes.

    Raises:
        InputError: the file has another box code or activation, scores that are not sigmoids,
            pixels in another range, or outputs that do not begin with the background.
    """
    model = file.tflite
    if model is None:
        return
    faults = []
    odd = sorted(
        module
        for module, activation in model.activations.items()
        if activation != ("NONE" if _is_linear(module) else "RELU6")
    )
    if odd:
        faults.append(f"{odd[0]} is followed by {model.activations[odd[0]]}")
    if "SOFTMAX" in model.operators:
        faults.append("its scores are softmax over the classes, not sigmoids")
    if model.input_range is not None:
        low, high = model.input_range
        if max(abs(low + 1), abs(high - 1)) > 0.02:
            faults.append(f"it reads pixels from {low:.3g} to {high:.3g}, not from -1 to 1")
    said = model.custom.get(POSTPROCESS)
    if said is not None:
        theirs = tuple(said[f"{name}_scale"] for name in "yxhw")
        ours = (coder.centre, coder.centre, coder.side, coder.side)
        if theirs != ours:
            faults.append(f"its box code is scaled by {theirs}, not by {ours}")
    if faults:
        raise InputError(f"{origin} is another network than this suite's SSD: {'; '.join(faults)}")


def categories(file: WeightsFile, state: Mapping[str, Tensor], origin: str) -> list[int] | None:
    """The category id of each output, 0 for the background; None if the file does not say.

    A detector with 91 outputs is one for COCO, whose ids they are.

    Raises:
        InputError: the file's outputs do not begin with the background.
    """
    place = "class_predictors.0"
    bias = state.get(f"{place}.bias", state.get(f"{place}.pointwise.bias"))
    outputs = 0 if bias is None else len(bias) // FINEST
    said = {} if file.tflite is None else file.tflite.custom.get(POSTPROCESS, {})
    if said and said["num_classes"] + 1 != outputs:
        raise InputError(
            f"{origin} has {outputs} outputs for {said['num_classes']} categories, but should "
            "have one more, the background"
        )
    return list(range(outputs)) if outputs == COCO_OUTPUTS else None


def _is_linear(module: str) -> bool:
    """Whether a module of a detector has no activation."""
    found = PREDICTOR.fullmatch(module)
    if found is not None:
        return found["depthwise"] is None
    return module.endswith("/project")
