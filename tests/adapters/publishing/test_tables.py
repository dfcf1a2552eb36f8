"""A publication is one generation's tables, whole or of some dates."""

from datetime import date

import pyarrow as pa
import pytest

from adapters.profile import Profile
from adapters.publishing.tables import NoDatesError, publication_of, within
from adapters.reader import NothingPublishedError, UnknownOutputError


@pytest.fixture
def demo(demo_home):
    return Profile(demo_home, "demo", leaves_no_trace=True)


def test_the_tables_of_a_publication_are_those_of_the_current_generation(history_home):
    me = Profile(history_home, "me", leaves_no_trace=True)
    source = publication_of(me, ["daily_metrics"], optional=["rejected_rows", "not_yet_made"])
    assert (source.profile, source.generation) == ("me", 3)
    assert list(source.tables) == ["daily_metrics", "rejected_rows"]
    assert source.published_utc in str(source)


def test_where_nothing_was_published_the_next_command_is_named(tmp_path):
    with pytest.raises(NothingPublishedError, match="run python cli") as caught:
        publication_of(Profile(tmp_path, "demo", leaves_no_trace=True), ["daily_metrics"])
    assert caught.value.exit_code == 2
    assert not any(tmp_path.iterdir())


def test_an_unknown_output_is_refused_with_the_nearest_name(demo):
    with pytest.raises(UnknownOutputError, match="did you mean daily_metrics"):
        publication_of(demo, ["daily_metric"])


def test_what_is_no_table_cannot_be_asked_for(demo):
    with pytest.raises(UnknownOutputError):
        publication_of(demo, ["books"])


def test_both_ends_of_a_time_are_included():
    days = pa.table({"local_date": [date(2026, 1, day) for day in (1, 2, 3, 4)]})
    found = within("days", days, date(2026, 1, 2), date(2026, 1, 3))
    assert found["local_date"].to_pylist() == [date(2026, 1, 2), date(2026, 1, 3)]


def test_a_period_counts_when_it_touches_the_time_and_an_open_one_goes_on():
    starts = [date(2026, 1, 1), date(2026, 1, 5), date(2026, 1, 20), date(2025, 1, 1)]
    ends = [date(2026, 1, 4), date(2026, 1, 12), date(2026, 1, 30), None]
    table = pa.table({"start_date": starts, "end_date": ends})
    found = within("annotations", table, date(2026, 1, 10), date(2026, 1, 19))
    assert found["start_date"].to_pylist() == [date(2026, 1, 5), date(2025, 1, 1)]


def test_rows_without_dates_are_not_cut_to_some():
    table = pa.table({"raw_row": [1]})
    assert within("rejected_rows", table, None, None) is table
    with pytest.raises(NoDatesError, match="rejected_rows"):
        within("rejected_rows", table, date(2026, 1, 1), None)
