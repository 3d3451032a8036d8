"""The row of the paper that stands beside a run's scores."""

from typing import Any

from omegaconf import DictConfig, OmegaConf

from tasks.tables.counting import compose_row, network_of
from tasks.tables.reading import Row, Table, read_tables

# Modes with a row's own network; a sample's has another size.
MODES = ("full", "evaluate")


def row_beside(config: DictConfig) -> dict[str, Any] | None:
    """The row with a run's task, metric and network; where there is none, the task's own.

    Args:
        config: the run's, resolved.

    Returns:
        `task.paper` with the row's cells; None for a task that the paper knows nothing of.
    """
    paper = OmegaConf.to_container(config.task).get("paper")
    if paper is None or paper["table"] is None or config.mode not in MODES:
        return paper
    # a network that several tables have is shown as in the task's own table
    for table in sorted(read_tables([]), key=lambda table: table.number != paper["table"]):
        for row in table.rows:
            if fits(row, config, paper["metric"]):
                return paper | paper_values(row, table)
    return paper


def fits(row: Row, config: DictConfig, metric: str) -> bool:
    """Whether a row measures this of a run's network."""
    if row.overrides is None or row.metric != metric:
        return False
    if f"task={config.task.name}" not in row.overrides:  # before anything is composed
        return False
    return network_of(compose_row(*row.overrides)) == network_of(config)


def paper_values(row: Row, table: Table) -> dict[str, Any]:
    """A row's cells under the names that `task.paper` has for them."""
    counted = " (body)" if table.body else ""
    return {
        "table": table.number,
        "row": row.name,
        "value": row.paper.metric,
        "mult_adds": f"{row.paper.mult_adds}{counted}",
        "parameters": f"{row.paper.parameters}{counted}",
    }
