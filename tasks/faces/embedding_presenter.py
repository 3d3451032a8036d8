"""Face embeddings in words and pictures."""

from collections.abc import Callable, Mapping

import numpy as np
from PIL import Image

from tasks.data.batches import Batch
from tasks.data.module import DataModule
from tasks.faces.embedding_data import FaceData
from tasks.faces.verification import VerificationResult
from tasks.faces.verification_plots import pair_pictures
from tasks.training.metric import Prediction
from tasks.training.presenter import Answer, Picture, Presenter


class EmbeddingPresenter(Presenter):
    """An embedding as a strip of colours."""

    def describe(self, prediction: Prediction, index: int) -> Answer:
        """One image's embedding, as plain values for JSON."""
        values = prediction["embedding"][index].tolist()
        return {"embedding": [round(value, 6) for value in values]}

    def tell(self, answer: Answer) -> str:
        """The first values of the embedding, in one line."""
        values = answer["embedding"]
        begin = " ".join(f"{value:+.3f}" for value in values[:4])
        return f"{begin} ... {len(values)} values of length {np.linalg.norm(values):.3f}"

    def draw(self, image: Image.Image, answer: Answer) -> Image.Image:
        """The image above a strip with one colour per value: red below 0, blue above."""
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
        """The ROC, the distances and the most wrong pairs, if there are pairs."""
        assert isinstance(data, FaceData)
        split = data.reported
        if split not in data.pairs:
            return {}
        return pair_pictures(result, data.pairs[split], data.indices[split])
