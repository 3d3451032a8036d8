"""A search by Optuna instead of all combinations: -m hydra/sweeper=optuna.

    python -m tasks.run -m hydra/sweeper=optuna hydra.sweeper.n_trials=20 task=ssd_coco \\
        'optimizer.lr=tag(log,interval(1e-4,1e-1))' optimizer.warmup=choice(0.0,0.1)

A trial is a run like any other, in its own run directory. The sampler is seeded, and the run
directories hold the results. So the same command asks for the same trials in the same order again,
reads the results of those that have finished, continues the interrupted one, and goes on from
there.
"""

import logging
import sys
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import yaml
from hydra.core.hydra_config import HydraConfig
from hydra.core.plugins import Plugins
from omegaconf import DictConfig, OmegaConf, open_dict

from backbone.errors import InputError, number_of
from backbone.files import make_folder
from tasks.cli.configuration import check_config, compose_config
from tasks.cli.context import hydra_context
from tasks.cli.overrides import SEARCHPATH, about_hydra, parse_overrides
from tasks.cli.parts import for_hydra, from_hydra
from tasks.runs.directory import RunDirectory
from tasks.runs.sweeps import leading_score_of

RESULTS = "optimization_results.yaml"  # written by Optuna's sweeper


@dataclass(frozen=True)
class TrialScore:
    """The value of a trial: its run's score, with the sign changed if less is better.

    Args:
        process: (configuration) -> exit code; runs a job to its end.
        shared: Hydra's own options of the search; its runs also get the search path.
    """

    process: Any
    shared: tuple[str, ...]

    def __call__(self, config: DictConfig) -> float:
        """Run the job and return its score. An error fails only this trial."""
        overrides = [*map(from_hydra, HydraConfig.get().overrides.task)]
        code = self.process(config)
        if code != 0:
            raise RuntimeError(f"the run ended with exit code {code}")
        given = [*overrides, *(o for o in self.shared if o.startswith(SEARCHPATH))]
        result = RunDirectory(check_config(compose_config(given), given)).result()
        if result is None:
            raise RuntimeError("the run ended without a result")
        name, falls = leading_score_of(result)
        value = float(result["metrics"][name])
        if not value >= 0:  # -1 or NaN: Optuna would take it for a number
            raise RuntimeError(f"its {name} is undefined")
        return -value if falls else value


def search(
    process: Any, overrides: Sequence[str], shared: Sequence[str], config: DictConfig
) -> None:
    """Let Optuna's sweeper choose and run the trials, and print the best one.

    Args:
        process: see TrialScore.
        overrides: those of the command line, including Hydra's own.
        config: composed with Hydra's own options.

    Raises:
        InputError: the sweeper is not installed, no option is searched, or an option is given that
            the search sets itself.
    """
    own = [override for override in overrides if not about_hydra(override)]
    if not any(override.is_sweep_override() for override in parse_overrides(own)):
        raise InputError(
            "hydra/sweeper=optuna: no option is searched; give one a range, such as "
            "'optimizer.lr=tag(log,interval(1e-4,1e-1))' or optimizer.warmup=choice(0.0,0.1)"
        )
    for override in overrides:
        if override.startswith(("hydra.sweeper.direction", "hydra.sweeper.storage")):
            raise InputError(
                f"{override}: the search itself sets the direction and keeps its results in the "
                "run directories; leave this option out"
            )
    for name in ("n_trials", "n_jobs"):
        value = OmegaConf.select(config, f"hydra.sweeper.{name}")
        if type(value) is not int or value < 1:
            raise InputError(f"hydra.sweeper.{name}={value}: must be a whole number from 1")
    given = parse_overrides(own)
    if any(o.key_or_group == "trainer.max_epochs" and o.is_sweep_override() for o in given) and (
        not any(o.key_or_group == "resume" for o in given)
    ):
        own.append("resume=none")  # or a longer trial would go on with a shorter one's training
    with open_dict(config):
        sweeper = config.hydra.sweeper
        sweeper.direction = "maximize"
        if OmegaConf.select(sweeper, "sampler.seed") is None:
            sweeper.sampler.seed = config.seed
        if not any(o.startswith("hydra.sweeper.max_failure_rate") for o in overrides):
            sweeper.max_failure_rate = 1.0
    make_folder(Path(config.hydra.sweep.dir))
    import optuna

    warnings.filterwarnings("ignore", module="optuna|hydra_plugins")
    optuna.logging.set_verbosity(logging.WARNING)
    made: Any = Plugins.instance().instantiate_sweeper(
        hydra_context=hydra_context(),
        task_function=TrialScore(process, tuple(shared)),
        config=config,
    )
    print(f"search of {number_of(config.hydra.sweeper.n_trials, 'trial')}", flush=True)
    try:
        made.sweep([*map(for_hydra, own)])
    except InputError:
        raise
    except ValueError as error:
        if "No trials are completed" not in str(error):
            raise InputError(
                f"hydra/sweeper=optuna: the search is not possible: {error}"
            ) from error
        print("no trial has finished")
        sys.exit(1)
    found = yaml.safe_load((Path(config.hydra.sweep.dir) / RESULTS).read_text())
    best = found["best_params"].items()
    chosen = " ".join(from_hydra(f"{name}={value}") for name, value in best)
    print(f"\nbest: {abs(found['best_value']):.4g} with {chosen}")
    print(f"all trials: python -m tasks.sweeps {config.hydra.sweep.dir}")


def require_optuna() -> None:
    """Raise InputError unless Optuna's sweeper is installed."""
    if find_spec("hydra_plugins.hydra_optuna_sweeper") is None:
        raise InputError(
            "hydra/sweeper=optuna: Optuna's sweeper is not installed: python -m pip install "
            '"hydra-optuna-sweeper>=1.3" (the extra optuna), or leave the option out to run all '
            "combinations"
        )
