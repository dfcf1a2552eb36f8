"""The nodes with their module and what they need, for tools that are told so."""

NODES = {
    "readings": ("reading", []),
    "valid_readings": ("samples", ["readings"]),
    "rejected_readings": ("samples", ["readings"]),
    "samples": ("samples", ["valid_readings"]),
    "hourly_means": ("days", ["samples"]),
    "daily_means": ("days", ["samples"]),
    "daily_extremes": ("days", ["samples"]),
    "daily_counts": ("days", ["samples"]),
    "resting_rates": ("days", ["hourly_means"]),
    "daily_table": ("tables", ["daily_means", "daily_extremes", "daily_counts", "resting_rates"]),
    "weekly_table": ("tables", ["daily_table"]),
    "books": ("tables", ["weekly_table", "rejected_readings"]),
}
IMPORTED = {"samples": ["bounds.py"]}
CSV = "readings.csv"


def output(node: str) -> str:
    """Where a node's result is."""
    return f"out/{node}.parquet"


def sources(node: str) -> list[str]:
    """The source files that a node can use."""
    module, _ = NODES[node]
    return [f"{module}.py", *IMPORTED.get(module, [])]


def inputs(node: str) -> list[str]:
    """The data files that a node reads."""
    _, needs = NODES[node]
    return [output(need) for need in needs] or [CSV]
