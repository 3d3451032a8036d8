"""The table at the end of a run: what was measured, the cost, and the paper's row beside it."""

from typing import Any


def report(result: dict[str, Any]) -> str:
    """A few aligned lines of a result, as result.json holds it."""
    metrics, paper, cost = result["metrics"], result["paper"], result["cost"]
    throughput = result["throughput"]
    rows = [("", "this run", f"paper on {paper['data']}, {paper['row']}")]
    for name, value in metrics.items():
        theirs = f"{paper['value']:.1f}" if name == paper["metric"] else ""
        # pycocotools' -1: nothing to measure
        rows.append((name, "undefined" if value < 0 else f"{100 * value:.1f}", theirs))
    rows += [
        ("mult-adds", f"{cost['mult_adds'] / 1e9:.3f} G", paper["mult_adds"]),
        ("parameters", f"{cost['parameters'] / 1e6:.2f} M", paper["parameters"]),
    ]
    for name in ("train", "test"):
        speed = throughput[f"{name}_images_per_second"]
        if speed is not None:
            rows.append((f"{name} images/s", f"{speed:.1f}", ""))
    widths = [max(len(row[i]) for row in rows) for i in range(3)]
    lines = [f"{a:<{widths[0]}}  {b:>{widths[1]}}  {c:>{widths[2]}}".rstrip() for a, b, c in rows]
    hardware = f"{throughput['device']}, {throughput['precision']}"
    about = f"{result['data']}; {result['steps']} steps; {hardware}"
    return "\n".join(["", *lines, about, f"run directory: {result['run']}"])
