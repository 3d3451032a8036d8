"""Tensors under TensorFlow's variable names, converted to PyTorch's form.

The names are those of TF-Slim and of the TensorFlow detection models, as in checkpoints and frozen
graphs: `FeatureExtractor/MobilenetV1/Conv2d_0/weights`, `.../BatchNorm/gamma`,
`BoxPredictor_0/BoxEncodingPredictor/biases`. This writes a file of arrays under these names:

    reader = tf.train.load_checkpoint("model.ckpt")
    names = reader.get_variable_to_shape_map()
    numpy.savez("model.npz", **{name: reader.get_tensor(name) for name in names})
"""

import re
from collections.abc import Iterable, Mapping

from torch import Tensor

# the last part of a variable's name -> PyTorch's name of the tensor
TENSORS = {
    "weights": "weight",
    "depthwise_weights": "weight",
    "biases": "bias",
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}
AVERAGE = "/ExponentialMovingAverage"
ROOTS = ("MobilenetV1/", "MobilenetV2/", "FeatureExtractor/", "BoxPredictor_")


def is_tensorflow(keys: Iterable[str]) -> bool:
    """Whether most of a file's names are variables of these networks."""
    names = list(keys)
    return 2 * sum(name.startswith(ROOTS) for name in names) > len(names)


def module_name(scope: str) -> str:
    """A scope without the prefixes that graphs and detectors add.

    `FeatureExtractor/MobilenetV1/MobilenetV1/Conv2d_0` becomes `MobilenetV1/Conv2d_0`.
    """
    return re.sub(r"\b(MobilenetV\d)/\1/", r"\1/", scope.removeprefix("FeatureExtractor/"))


def tensorflow_state(variables: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Variables as `<module>.<PyTorch's tensor name>`, in PyTorch's axis order.

    Averaged weights replace the raw ones. Variables that are not a layer's tensors, such as an
    optimizer's state, a counter or a range of quantisation-aware training, are left out.

    Args:
        variables: by name; kernels are [height, width, inputs, outputs].
    """
    state = {}
    for name, value in variables.items():
        scope, _, leaf = name.removesuffix(":0").rpartition("/")
        if leaf not in TENSORS or not value.is_floating_point():
            continue
        value = variables.get(name + AVERAGE, value)
        if value.ndim == 4:
            axes = (2, 3, 0, 1) if leaf == "depthwise_weights" else (3, 2, 0, 1)
            value = value.permute(axes).contiguous()
        state[f"{module_name(scope)}.{TENSORS[leaf]}"] = value
    return state
