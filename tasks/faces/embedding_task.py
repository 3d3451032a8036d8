"""Training and scoring a network whose embeddings tell whether two faces show the same person."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from backbone.errors import InputError
from tasks.data.batches import Batch
from tasks.data.labels import Labels
from tasks.faces.embedding import Embedding
from tasks.faces.embedding_data import FaceData
from tasks.faces.embedding_presenter import EmbeddingPresenter
from tasks.faces.margin import MarginSoftmax
from tasks.faces.verification import Verification, VerificationResult
from tasks.training.metric import Prediction
from tasks.training.task import Task

TEACHER_COSINE = "teacher_cosine"


class FaceEmbedding(Task[FaceData]):
    """Unit-length embeddings that are close together for faces of the same person.

    They are FaceNet's (arXiv 1503.03832), learnt from a teacher's embeddings as in the MobileNet
    paper (arXiv 1704.04861, section 4.7, Table 14), or from identities with a margin softmax. They
    are scored by LFW's protocol, see `verification`.

    Args:
        head: images -> float[B, D] of unit length; see `embedding.Embedding`.
        labels: the number of people in the training data, without names.
        margin: (dimension=, num_classes=) -> the loss for identities, see `margin`.
        teacher_weight: the teacher's share of the loss. At 1 identities are ignored, and the task
            has no class centres.
        monitor: the score that picks the best checkpoint: `accuracy` if pairs can be made from the
            validation images, or `teacher_cosine` to compare them with a teacher.
        flip_test: answer with the normalised mean of the embeddings of a face and its mirror image,
            at twice the cost.
        options: see Task.

    Raises:
        InputError: there are neither identities nor a teacher.
    """

    outputs_are_labels = False
    falling = frozenset({"eer", "accuracy_stderr"})

    head: Embedding
    presenter = EmbeddingPresenter
    deploys: ClassVar[Mapping[str, str]] = {
        "embedding": "of unit length; the product of two faces' is their cosine"
    }

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
                    "the training images have no identities, so a teacher must give their "
                    "embeddings: distill=cached distill.outputs=FILE.npz, or distill=teacher "
                    "distill.teacher=best.ckpt, with distill.weight=1"
                )
            self.margin = margin(dimension=head.dimension, num_classes=labels.num_classes)

    def terms(self, outputs: Tensor, batch: Batch) -> dict[str, Tensor]:
        """The margin softmax of images with an identity, whose `label` int64[B] is not -1."""
        assert self.margin is not None  # not called if the teacher has the whole weight
        return {"margin": self.margin(outputs, batch["label"])}

    def network(self, images: Tensor) -> Tensor:
        """The embeddings float[B, D] of normalised images; see `flip_test`."""
        embedding = self.head(images)
        if not self.flip_test:
            return embedding
        return F.normalize(embedding + self.head(images.flip(3)), dim=1)

    def predict(self, batch: Batch) -> Prediction:
        """The `embedding` float[B, D] of each image, of unit length."""
        return {"embedding": self.network(self.preprocess(batch["image"]))}

    def scored(self, batch: Batch) -> Prediction:
        """The answer, with the embeddings of a teacher if it has these images."""
        prediction, taught = self.predict(batch), self.teacher_outputs(batch)
        return prediction if taught is None else prediction | {"teacher": taught}

    def baselines(self, data: FaceData) -> dict[str, dict[str, float]]:
        """The teacher's own scores on the reported pairs, if it has all their images."""
        result = self.result
        assert isinstance(result, VerificationResult)
        return {} if result.teacher is None else {"teacher": result.teacher}

    def make_metric(self, data: FaceData, split: str) -> Verification:
        """LFW's protocol on the pairs of a split, and the agreement with a teacher."""
        return Verification(data.pairs.get(split))

    def on_fit_start(self) -> None:
        """Get the teacher ready, and check that the monitored score can be computed.

        Raises:
            InputError: there are no validation pairs, or no outputs of a teacher.
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
                    "but no teacher has outputs for all of them: add them to distill.outputs, or "
                    "use data.monitor=accuracy with validation pairs"
                )
        elif "val" not in data.pairs:
            raise InputError(
                f"data.monitor={self.monitor} is a score of pairs, but the validation images have "
                "no identities: use data.monitor=teacher_cosine, or name pairs with "
                "data.verification.val_pairs="
            )
