"""The detectors in TensorFlow's model zoo that are networks of this suite, and their addresses.

Addresses and scores are from `research/object_detection/g3doc/tf1_detection_zoo.md` in
tensorflow/models; the scores there are rounded AP on a subset of COCO's validation images. The
sha256 are those that Open Model Zoo (`models/public/*/model.yml`) and ST's OpenEmbedded layer
record for the same addresses.

The zoo's SSD on MobileNetV2 has SSDLite's extra maps and full 3x3 predictors
(`samples/configs/ssd_mobilenet_v2_coco.config` there): 16.8 M parameters, as Open Model Zoo counts.
"""

import torch

from backbone.archive import PublishedArchive
from backbone.errors import InputError
from backbone.mobilenet_v1 import MobileNetV1
from backbone.mobilenet_v2 import MobileNetV2
from backbone.trunk import Trunk
from tasks.detection.released import ORDERS

FLOAT, INT8 = "tf_zoo", "tf_zoo_int8"
ADDRESS = "https://storage.googleapis.com/download.tensorflow.org/models"


def _frozen(folder: str, score: str, sha256: str | None, length: int | None) -> PublishedArchive:
    return PublishedArchive(
        f"{ADDRESS}/object_detection/{folder}.tar.gz",
        f"{folder}/frozen_inference_graph.pb",
        f"AP {score} on COCO minival",
        (300, 300),
        sha256=sha256,
        length=length,
        declared={"anchor_order": torch.tensor(ORDERS["2018"])},
    )


Key = tuple[str, type[Trunk], float, bool, int | None]
# (name in task.head.weights, trunk, alpha, `separable`, `kernel_size` of the predictors)
ZOO: dict[Key, PublishedArchive] = {
    (FLOAT, MobileNetV1, 1.0, False, None): _frozen(
        "ssd_mobilenet_v1_coco_2018_01_28",
        "21",
        "8788f89108519fd1102b8a5c2ac861cf6d86603571b6ce5bbd1c245b7fe005e3",
        76_541_073,
    ),
    (FLOAT, MobileNetV1, 0.75, False, None): _frozen(
        "ssd_mobilenet_v1_0.75_depth_300x300_coco14_sync_2018_07_03", "18", None, None
    ),
    (FLOAT, MobileNetV2, 1.0, True, 3): _frozen(
        "ssd_mobilenet_v2_coco_2018_03_29",
        "22",
        "b9380178b2e35333f1a735e39745928488bdabeb9ed20bc6fa07af8172cb5adc",
        187_925_923,
    ),
    (FLOAT, MobileNetV2, 1.0, True, None): _frozen(
        "ssdlite_mobilenet_v2_coco_2018_05_09",
        "22",
        "542445cce834dbfbb7df1991425d475e85a2d7ec68c60a4f262bb18aac10c8b2",
        None,
    ),
    (INT8, MobileNetV1, 0.75, False, None): PublishedArchive(
        f"{ADDRESS}/tflite/coco_ssd_mobilenet_v1_1.0_quant_2018_06_29.zip",
        "detect.tflite",
        "AP 16 on COCO minival in its own 8-bit arithmetic",
        (300, 300),
        sha256="a809cd290b4d6a2e8a9d5dad076e0bd695b8091974e0eed1052b480b2f21b6dc",
    ),
}


def published(
    source: str, trunk: Trunk, separable: bool, kernel_size: int | None = None
) -> PublishedArchive | None:
    """The zoo's detector under a name, for a network; None for a source that is not such a name.

    Raises:
        InputError: the zoo does not have this network.
    """
    if source not in (FLOAT, INT8):
        return None
    alpha = float(trunk.options.get("alpha", 0))  # networks from timm have none
    if not separable and kernel_size == 1:  # the same as without it
        kernel_size = None
    found = ZOO.get((source, type(trunk), alpha, separable, kernel_size))
    if found is None:
        kinds = [_kind(*key[1:]) for key in ZOO if key[0] == source]
        raise InputError(
            f"task.head.weights={source}: the zoo has {'; '.join(kinds)}; this is "
            f"{_kind(type(trunk), alpha, separable, kernel_size)}: set "
            "backbone, backbone.alpha, task.head.separable and +task.head.kernel_size"
        )
    return found


def _kind(trunk: type[Trunk], alpha: float, separable: bool, kernel_size: int | None) -> str:
    form = "SSDLite" if separable else "SSD"
    if kernel_size is not None:
        form += f" with task.head.kernel_size={kernel_size}"
    return f"{form} on {trunk.__name__} with alpha {alpha}"
