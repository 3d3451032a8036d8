"""What Hydra's launchers and sweepers are built with."""

from typing import Any, cast

from hydra.core.global_hydra import GlobalHydra
from hydra.types import HydraContext


class NoCallbacks:
    """The callbacks that a launcher calls at the start and the end of a job; they do nothing."""

    def on_job_start(self, config: object, **facts: Any) -> None:
        """Do nothing."""

    def on_job_end(self, config: object, **facts: Any) -> None:
        """Do nothing."""


def hydra_context() -> HydraContext:
    """The context of a launcher or a sweeper, for the composition that is under way."""
    return HydraContext(GlobalHydra.instance().config_loader(), cast(Any, NoCallbacks()))
