"""The row of the paper that is shown next to a run's scores."""

from typing import Any

from omegaconf import DictConfig, OmegaConf

from tasks.tables.counting import compose_row, network_of
from tasks.tables.reading import Row, Table, read_tables

# Modes that use the row's own network; mode=sample uses another size.
MODES = ("full", "evaluate")


def row_beside(config: DictConfig) -> dict[str, Any] | None:
    """The row with a run's task, metric and network; without one, the task's own row.

    Args:
        config: the run's, resolved.

    Returns:
        `task.paper` with the row's cells; None if the task is not in the paper.
    """
    task: dict[str, Any] = dict(OmegaConf.to_container(config.task))  # type: ignore[arg-type]
    paper: dict[str, Any] | None = task.get("paper")
    if paper is None or paper["table"] is None or config.mode not in MODES:
        return paper
    # a network that occurs in several tables is shown as in the task's own table
    for table in sorted(read_tables([]), key=lambda table: table.number != paper["table"]):
        for row in table.rows:
            if fits(row, config, paper["metric"]):
                return paper | paper_values(row, table)
    return paper


def fits(row: Row, config: DictConfig, metric: str) -> bool:
    """Whether a row has this metric and a run's network."""
    if row.overrides is None or row.metric != metric:
        return False
    if f"task={config.task.name}" not in row.overrides:  # quick: nothing is composed
        return False
    return network_of(compose_row(*row.overrides)) == network_of(config)


def paper_values(row: Row, table: Table) -> dict[str, Any]:
    """A row's cells under their names in `task.paper`."""
    counted = " (body)" if table.body else ""
    return {
        "table": table.number,
        "row": row.name,
        "value": row.paper.metric,
        "mult_adds": f"{row.paper.mult_adds}{counted}",
        "parameters": f"{row.paper.parameters}{counted}",
    }
