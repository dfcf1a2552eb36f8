"""redun: a task for each node, which takes files and returns one. No task imports pandas early."""

from graph import CSV
from node import compute
from redun import File, task

redun_namespace = "twelve"


@task()
def readings(csv: File) -> File:
    return File(compute("readings"))


@task()
def valid_readings(readings: File) -> File:
    return File(compute("valid_readings"))


@task()
def rejected_readings(readings: File) -> File:
    return File(compute("rejected_readings"))


@task()
def samples(valid_readings: File) -> File:
    return File(compute("samples"))


@task()
def hourly_means(samples: File) -> File:
    return File(compute("hourly_means"))


@task()
def daily_means(samples: File) -> File:
    return File(compute("daily_means"))


@task()
def daily_extremes(samples: File) -> File:
    return File(compute("daily_extremes"))


@task()
def daily_counts(samples: File) -> File:
    return File(compute("daily_counts"))


@task()
def resting_rates(hourly_means: File) -> File:
    return File(compute("resting_rates"))


@task()
def daily_table(
    daily_means: File, daily_extremes: File, daily_counts: File, resting_rates: File
) -> File:
    return File(compute("daily_table"))


@task()
def weekly_table(daily_table: File) -> File:
    return File(compute("weekly_table"))


@task()
def books(weekly_table: File, rejected_readings: File) -> File:
    return File(compute("books"))


@task()
def main() -> File:
    """All of it."""
    rows = readings(File(CSV))
    kept = samples(valid_readings(rows))
    days = daily_table(
        daily_means(kept),
        daily_extremes(kept),
        daily_counts(kept),
        resting_rates(hourly_means(kept)),
    )
    return books(weekly_table(days), rejected_readings(rows))
