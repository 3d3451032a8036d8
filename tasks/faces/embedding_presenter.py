"""What is said and shown of a face's embedding."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from PIL import Image

from tasks.data.module import Batch, DataModule
from tasks.faces.verification import VerificationResult
from tasks.faces.verification_plots import pair_pictures
from tasks.training.metric import Prediction
from tasks.training.presenter import Picture, Presenter


class EmbeddingPresenter(Presenter):
    """An embedding as a strip of colours."""

    def describe(self, prediction: Prediction, index: int) -> dict[str, Any]:
        """One image's embedding, as plain values for JSON."""
        values = prediction["embedding"][index].tolist()
        return {"embedding": [round(value, 6) for value in values]}

    def tell(self, answer: dict[str, Any]) -> str:
        """The embedding's beginning."""
        values = answer["embedding"]
        begin = " ".join(f"{value:+.3f}" for value in values[:4])
        return f"{begin} ... {len(values)} values of length {np.linalg.norm(values):.3f}"

    def draw(self, image: Image.Image, answer: dict[str, Any]) -> Image.Image:
        """The image above its embedding, a strip of one colour a value: red below 0, blue above."""
        values = np.array(answer["embedding"])
        strength = np.clip(values * len(values) ** 0.5 / 2, -1, 1)[:, None]  # 1: two deviations
        ends = np.where(strength < 0, (178, 24, 43), (33, 102, 172))
        colours = (245 + np.abs(strength) * (ends - 245)).astype(np.uint8)[None]
        height = max(image.height // 8, 16)
        strip = Image.fromarray(colours).resize((image.width, height), Image.Resampling.NEAREST)
        sheet = Image.new("RGB", (image.width, image.height + height))
        sheet.paste(image)
        sheet.paste(strip, (0, image.height))
        return sheet

    def pictures(
        self,
        result: VerificationResult,
        data: DataModule,
        predict: Callable[[Batch], Prediction],
        baselines: Mapping[str, Mapping[str, float]],
    ) -> dict[str, Picture]:
        """ROC, distances and the most wrong pairs, where there are pairs."""
        if result.pairs is None:
            return {}
        return pair_pictures(result, data.pairs[data.reported], data.indices[data.reported])
