"""Lightning's loggers, set up for a run directory. metrics.csv is always written as well.

All loggers get the same numbers: those of metrics.csv, under the same names and steps.
"""

import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

from hydra.utils import instantiate
from lightning.pytorch.loggers import Logger, TensorBoardLogger, WandbLogger
from omegaconf import DictConfig, OmegaConf

from backbone.errors import InputError, shortened
from tasks.runs.directory import RunDirectory, write_whole
from tasks.runs.metrics_csv import MetricsCsv
from tasks.runs.names import described
from tasks.runs.options import option_texts
from tasks.runs.processes import is_main_process
from tasks.training.sent import MlflowOnce, Sent, WandbOnce

# in the run directory: the ids that a continued run uses again, and what has been sent
MLFLOW_RUN, MLFLOW_SENT = "mlflow_run.txt", "mlflow_sent.json"
WANDB_RUN, WANDB_SENT = "wandb_run.txt", "wandb_sent.json"


def build_loggers(config: DictConfig, directory: RunDirectory, step: int) -> list[Logger]:
    """metrics.csv, and the loggers that `logger=` chooses.

    Args:
        step: optimizer steps that the continued run has already made.

    Raises:
        InputError: a logger's package is not installed.
    """
    loggers: list[Logger] = [MetricsCsv(directory.path / "metrics.csv", step)]
    for name, node in (OmegaConf.select(config, "logger") or {}).items():
        if name != "csv":
            loggers.append(instantiate(node, directory=directory, step=step))
    return loggers


def tensorboard(directory: RunDirectory, step: int) -> Logger:
    """Event files in the run directory's `tensorboard`.

    Entries of an interrupted run from `step` on are superseded, as in metrics.csv.
    """
    _require("tensorboard", "tensorboard>=2.18")
    return TensorBoardLogger(directory.path, "tensorboard", "", purge_step=step)


def wandb(
    directory: RunDirectory, step: int, project: str, entity: str | None, offline: bool
) -> Logger:
    """A run of Weights & Biases, continued under the id that was stored. See `Sent` on kills.

    Args:
        project, entity: where it is shown.
        offline: write only into the run directory.

    Raises:
        InputError: nobody is logged in, or the service does not answer.
    """
    _require("wandb", "wandb>=0.19")
    from wandb.errors import Error

    os.environ.setdefault("WANDB_SILENT", "true")
    noted = directory.path / WANDB_RUN
    if noted.exists():
        run = noted.read_text().strip()
    else:  # a run that starts over is another run there; before ids were stored, names were ids
        old = directory.last.exists()
        run = directory.path.name if old else f"{directory.path.name}-{secrets.token_hex(4)}"
        if is_main_process():
            write_whole(noted, f"{run}\n")
    logger = WandbOnce(
        name=directory.path.name,
        save_dir=directory.path,
        project=project,
        entity=entity,
        offline=offline,
        id=run,
        resume="allow",
    )
    logger.sent = Sent(directory.path / WANDB_SENT)
    advice = "log in with `wandb login`, or keep it here with logger.wandb.offline=true"
    with _starting("wandb", Error, advice):
        logger.log_hyperparams(_options(directory))
    return logger


def mlflow(directory: RunDirectory, step: int, tracking_uri: str | None, experiment: str) -> Logger:
    """A run of MLflow, continued under the id that was stored. See `Sent` on kills.

    Args:
        tracking_uri: address of the server; None: files in the run directory.
        experiment: the experiment that it belongs to.

    Raises:
        InputError: the server does not answer, or refuses.
    """
    _require("mlflow", "mlflow-skinny>=2.16")
    from mlflow.exceptions import MlflowException

    noted = directory.path / MLFLOW_RUN
    if tracking_uri is None:
        # plain files are all that a run directory needs; newer releases ask for consent
        os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")
        tracking_uri = (directory.path / "mlruns").absolute().as_uri()
    logger = MlflowOnce(
        experiment,
        run_name=directory.path.name,
        tracking_uri=tracking_uri,
        run_id=noted.read_text().strip() if noted.exists() else None,
    )
    logger.sent = Sent(directory.path / MLFLOW_SENT)
    if not noted.exists():
        advice = "see that the server runs, or leave out logger.mlflow.tracking_uri"
        with _starting("mlflow", MlflowException, advice):
            run = logger.run_id  # created now, in the main process
            if run is not None:
                write_whole(noted, f"{run}\n")
                logger.log_hyperparams(_options(directory))
    return logger


def close_loggers(loggers: Sequence[Logger]) -> None:
    """Close loggers that would otherwise stay open and receive the process's next run's numbers."""
    if any(isinstance(logger, WandbLogger) for logger in loggers):
        import wandb

        if wandb.run is not None:
            wandb.finish()


@contextmanager
def _starting(name: str, error: type[Exception], advice: str) -> Iterator[None]:
    """Turn a service's error into one that says what to do."""
    try:
        yield
    except error as failure:
        said = " ".join(str(failure).split())
        raise InputError(f"logger={name}: it cannot start ({shortened(said)}): {advice}") from None


def _options(directory: RunDirectory) -> dict[str, Any]:
    """The run's options as a flat dictionary."""
    return dict(option_texts(described(OmegaConf.to_container(directory.config))))


def _require(name: str, requirement: str) -> None:
    """Raise InputError unless a logger's package is installed."""
    if find_spec(name) is None:
        raise InputError(
            f"logger={name} needs the package {name}, which is not installed: "
            f'python -m pip install "{requirement}" (the extra {name}), or leave it out; '
            "metrics.csv is always written"
        )
