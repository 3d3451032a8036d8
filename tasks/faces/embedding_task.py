"""Training and scoring a network that tells whether two faces are of one person."""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from backbone.errors import InputError
from tasks.data.module import Batch, Labels
from tasks.faces.embedding import Embedding
from tasks.faces.embedding_data import FaceData
from tasks.faces.embedding_presenter import EmbeddingPresenter
from tasks.faces.margin import MarginSoftmax
from tasks.faces.verification import Verification
from tasks.training.metric import Prediction
from tasks.training.task import Task

TEACHER_COSINE = "teacher_cosine"


class FaceEmbedding(Task[FaceData]):
    """Unit-length embeddings, near each other for faces of one person.

    FaceNet's answer (arXiv 1503.03832), learnt from a teacher's embeddings as in the MobileNet
    paper (arXiv 1704.04861, section 4.7, Table 14), or from identities with a margin softmax.
    Scored by LFW's protocol, see `verification`.

    Args:
        head: images -> float[B, D] of unit length; see `embedding.Embedding`.
        labels: how many people the training data knows; no names.
        margin: (dimension=, num_classes=) -> the loss of identities, see `margin`.
        teacher_weight: the teacher's share of the loss. At 1 no identity is looked at, and the task
            has no class centres.
        monitor: the score that picks the best checkpoint: `accuracy` where the validation images
            make pairs, `teacher_cosine` where a teacher is all there is.
        flip_test: answer with the mean of a face's and its mirror image's embeddings, brought to
            unit length: twice the cost.
        options: see Task.

    Raises:
        InputError: images without identities, and no teacher.
    """

    outputs_are_labels = False

    head: Embedding
    presenter = EmbeddingPresenter

    def __init__(
        self,
        head: Embedding,
        labels: Labels,
        margin: Callable[..., MarginSoftmax],
        teacher_weight: float = 0.0,
        monitor: str = "accuracy",
        flip_test: bool = False,
        **options: Any,
    ):
        super().__init__(head, labels, **options)
        self.monitor, self.flip_test = monitor, flip_test
        self.margin: MarginSoftmax | None = None
        if teacher_weight < 1:
            if not labels.num_classes:
                raise InputError(
                    "the training images have no identities, so a teacher must say where each "
                    "belongs: distill=cached distill.outputs=FILE.npz, or distill=teacher "
                    "distill.teacher=best.ckpt, with distill.weight=1"
                )
            self.margin = margin(dimension=head.dimension, num_classes=labels.num_classes)

    def terms(self, outputs: Tensor, batch: Batch) -> dict[str, Tensor]:
        """The margin softmax of the images with an identity, `label` int64[B] that is not -1."""
        return {"margin": self.margin(outputs, batch["label"])}

    def network(self, images: Tensor) -> Tensor:
        """The embeddings float[B, D] of normalised images, those of their mirror images in it where
        `flip_test` says so."""
        embedding = self.head(images)
        if not self.flip_test:
            return embedding
        return F.normalize(embedding + self.head(images.flip(3)), dim=1)

    def predict(self, batch: Batch) -> Prediction:
        """The `embedding` float[B, D] of each image, of unit length."""
        return {"embedding": self.network(self.preprocess(batch["image"]))}

    def scored(self, batch: Batch) -> Prediction:
        """The answer, and the embeddings of a teacher that knows these images."""
        prediction, taught = self.predict(batch), self.teacher_outputs(batch)
        return prediction if taught is None else prediction | {"teacher": taught}

    def baselines(self, data: FaceData) -> dict[str, dict[str, float]]:
        """The teacher's own scores on the reported pairs, where it knows all their images."""
        return {} if self.result.teacher is None else {"teacher": self.result.teacher}

    def make_metric(self, data: FaceData, split: str) -> Verification:
        """LFW's protocol on a split's pairs, and the agreement with a teacher."""
        return Verification(data.pairs.get(split))

    def on_fit_start(self) -> None:
        """Make the teacher ready, and see that the score that picks the best weights can be had.

        Raises:
            InputError: no pairs to be scored on, or no teacher's answers.
        """
        super().on_fit_start()
        data = self.data
        if self.monitor == TEACHER_COSINE:
            one = {
                "image": torch.zeros(1, 3, *data.size, dtype=torch.uint8, device=self.device),
                "image_id": torch.zeros(1, dtype=torch.int64, device=self.device),
            }
            if self.teacher_outputs(one) is None:
                raise InputError(
                    "data.monitor=teacher_cosine compares with a teacher on the validation images, "
                    "and there is none that knows them all: add them to distill.outputs, or use "
                    "data.monitor=accuracy with validation pairs"
                )
        elif "val" not in data.pairs:
            raise InputError(
                f"data.monitor={self.monitor} is a score of pairs, and the validation images have "
                "no identities: use data.monitor=teacher_cosine, or name pairs with "
                "data.verification.val_pairs="
            )
