"""The report for a doctor's visit: what it says, and pages that hold it."""

import re
import traceback
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pyarrow as pa
import pytest

from adapters.profile import Profile
from adapters.publishing import report
from adapters.publishing.report import EmptyReportError, TypesettingError, report_of
from adapters.publishing.report_chart import TimeAxis
from adapters.publishing.report_content import content_of, period_of
from adapters.publishing.tables import Publication, publication_of
from dataflows import records
from dataflows.blood_pressure_alerts import blood_pressure_alerts
from dataflows.blood_pressure_days import blood_pressure_days
from dataflows.guidelines import GUIDELINES
from dataflows.home_blood_pressure import home_blood_pressure
from dataflows.metric_series import DAILY_METRICS
from dataflows.period_comparisons import period_comparisons
from dataflows.personal_history import trends

LAST = date(2026, 6, 30)
WINDOWS = {"morning": "04:00-11:59", "evening": "17:00-23:59"}
NO_METRICS = pa.schema(
    {
        "local_date": pa.date32(),
        **{basis: pa.string() for basis in DAILY_METRICS.values() if basis},
        **{metric: pa.float64() for metric in DAILY_METRICS},
    }
).empty_table()
SOURCE = Publication("me", 12, "2026-07-01T06:30:00Z", {})
CANARY = "canary-4f1c"
METRICS = pa.schema(
    {
        "local_date": pa.date32(),
        "heart_rate_mean_bpm": pa.float64(),
        "heart_rate_min_bpm": pa.float64(),
        "heart_rate_max_bpm": pa.float64(),
        "resting_heart_rate_bpm": pa.float64(),
        "resting_heart_rate_method": pa.string(),
    }
)


def report_pdf(tables, source, **wishes):
    return report_of(tables, source, **wishes).pdf


def readings_of(days, *, hours=(6, 7, 18, 19), systolic=130.0, **rest):
    """Readings at these hours of the days up to the last one, each 1 mmHg above the one before."""
    rows = [
        {
            "source": "blood_pressure_sheet",
            "start_utc": datetime(2026, 6, 30, hour, tzinfo=UTC) - timedelta(days=day),
            "utc_offset_minutes": 60,
            "time_zone_source": "recorded",
            "local_date": LAST - timedelta(days=day),
            "raw_sha256": "a" * 64,
            "raw_row": 2 + 4 * day + number,
            "systolic_mmhg": systolic + number,
            "diastolic_mmhg": 80.0 + number,
            "pulse_bpm": 60.0 + number,
            **rest,
        }
        for day in reversed(range(days))
        for number, hour in enumerate(hours)
    ]
    return records.table_from_rows(records.BLOOD_PRESSURE_READINGS, rows)


def metrics_of(days):
    rows = [
        {
            "local_date": LAST - timedelta(days=day),
            "heart_rate_mean_bpm": 72.0,
            "heart_rate_min_bpm": 50.0,
            "heart_rate_max_bpm": 120.0,
            "resting_heart_rate_bpm": 56.0,
            "resting_heart_rate_method": "vendor:zepp" if day % 2 else "lowest_30_minutes",
        }
        for day in range(days)
    ]
    return pa.Table.from_pylist(rows, METRICS)


def nights_of(days):
    rows = [
        {
            "source": "zepp",
            "start_utc": datetime(2026, 6, 29, 22, tzinfo=UTC) - timedelta(days=day),
            "end_utc": datetime(2026, 6, 30, 5, 30, tzinfo=UTC) - timedelta(days=day),
            "utc_offset_minutes": 120,
            "time_zone_source": "recorded",
            "local_date": LAST - timedelta(days=day),
            "raw_sha256": "b" * 64,
            "raw_row": 2 + day,
            "is_nap": False,
            "asleep_minutes": 420.0 + day % 3,
            "efficiency_ratio": 0.9,
        }
        for day in range(days)
    ]
    return records.table_from_rows(records.SLEEP_SESSIONS, rows)


def annotations_of(*rows):
    names = ("kind", "label", "start_date", "end_date")
    found = [dict(zip(names, row, strict=True)) for row in rows]
    return records.table_from_rows(
        records.ANNOTATIONS,
        [
            {**row, "annotation": row["label"], "raw_sha256": "c" * 64, "raw_row": 2 + number}
            for number, row in enumerate(found)
        ],
    )


def tables_of(readings, metrics=None, **rest):
    """What the flow publishes of these readings."""
    days = readings["local_date"].to_pylist()
    return {
        "blood_pressure_readings": readings,
        "blood_pressure_days": blood_pressure_days(readings, WINDOWS),
        "home_blood_pressure": home_blood_pressure(readings, WINDOWS),
        "daily_metrics": metrics or metrics_of((LAST - min(days)).days + 1 if days else 0),
        "sleep_sessions": nights_of(3),
        **rest,
    }


def history_of(tables):
    """What the flow publishes of change."""
    days = tables["blood_pressure_days"]
    return {
        "period_comparisons": period_comparisons(tables["annotations"], days, NO_METRICS),
        "trends": trends(days, NO_METRICS),
        "blood_pressure_alerts": blood_pressure_alerts(
            tables["blood_pressure_readings"], "esc_2024"
        ),
    }


def said(tables, name="", guideline="esc_2024", first=None, last=None):
    period = period_of([tables["daily_metrics"]], first, last)
    return content_of(tables, SOURCE, name, guideline, period)


def pages_of(pdf):
    return len(re.findall(rb"/Type\s*/Page\b(?!s)", pdf))


def test_the_mean_of_the_guidelines_protocol_comes_first_with_its_days_and_its_guideline():
    content = said(tables_of(readings_of(7)))
    assert content["headline"] == {
        "label": "Home mean, ESC 2024 protocol",
        "value": "132/82",
        "result": "elevated (ESC 2024)",
        "of": "28 readings on 7 days, 24 to 30 Jun 2026",
    }
    assert content["guideline"] == "ESC 2024"
    assert content["generation"] == ("generation 12 of profile me, published 1 Jul 2026, 06:30 UTC")


def test_a_mean_just_below_a_line_keeps_its_decimal():
    content = said(tables_of(readings_of(7, systolic=133.1)))
    assert content["headline"]["value"] == "134.6/82"
    assert content["headline"]["result"] == "elevated (ESC 2024)"


def test_every_protocol_tells_what_it_makes_of_the_series():
    protocols = {row["title"]: row for row in said(tables_of(readings_of(7)))["protocols"]}
    assert protocols["ESC 2024"]["morning"] == "131/81"
    assert protocols["AHA/AMA 2020"]["result"] == "stage 1 hypertension (AHA/ACC 2025)"
    assert protocols["JSH 2019"]["result"] == "elevated (JSH 2019, morning and evening)"
    assert protocols["JABFM"]["result"].startswith("incomplete: 0 of 12 readings")
    assert protocols["JABFM"]["mean"] == ""


def test_an_incomplete_series_has_no_mean_and_says_what_is_missing():
    content = said(tables_of(readings_of(2)))
    assert content["headline"]["value"] == ""
    assert content["headline"]["result"].startswith("incomplete: 8 of 12 readings, 2 of 3 days")
    assert content["chart"]["series"] is None


def test_a_newer_incomplete_series_is_told_beside_an_older_complete_one():
    older = [LAST - timedelta(days=day) for day in range(10, 17)]
    readings = readings_of(17)
    days = readings["local_date"].to_pylist()
    kept = pa.array([day in older or day == LAST for day in days])
    content = said(tables_of(readings.filter(kept)))
    assert content["headline"]["of"] == "28 readings on 7 days, 14 to 20 Jun 2026"
    assert content["remarks"][0].startswith("A newer series, 30 Jun 2026, is incomplete: 4 of 12")


def test_a_series_that_is_not_wholly_within_the_period_is_not_told():
    content = said(tables_of(readings_of(7)), first=LAST - timedelta(days=2))
    assert (content["headline"], content["protocols"]) == (None, [])
    assert content["figures"][0]["note"] == "12 readings on 3 days"


def test_key_figures_are_of_all_readings_of_the_period():
    readings, parts, below = said(tables_of(readings_of(4, systolic=132.0)))["figures"]
    assert (readings["value"], readings["note"]) == ("134/82", "16 readings on 4 days")
    assert parts["value"] == "133/81 · 134.5/83"
    assert (below["label"], below["value"]) == ("Readings below 135/85", "75 %")


def test_cuffless_readings_enter_no_number_and_are_told():
    cuffless = readings_of(7, systolic=190.0, source="mi_fitness")
    both = pa.concat_tables([readings_of(7), cuffless])
    content = said(tables_of(both))
    assert content["figures"] == said(tables_of(readings_of(7)))["figures"]
    assert any("28 readings without a cuff left out" in line for line in content["quality"])
    alone = said(tables_of(cuffless))
    assert alone["no_pressure"] == "No blood pressure by a cuff from 24 to 30 Jun 2026."
    assert (alone["chart"], alone["figures"], alone["headline"]) == (None, [], None)


def test_without_blood_pressure_in_the_period_the_last_reading_before_is_named():
    content = said(tables_of(readings_of(3), metrics_of(3)), first=date(2026, 7, 5),
                   last=date(2026, 7, 9))  # fmt: skip
    assert content["no_pressure"] == (
        "No blood pressure by a cuff from 5 to 9 Jul 2026. "
        "The last reading before is of 30 Jun 2026."
    )
    assert {line["text"] for line in content["lines"]} == {"no data in this period"}


def test_methods_of_the_resting_heart_rate_are_never_mixed():
    content = said(tables_of(readings_of(4)))
    assert content["lines"][0]["text"] == (
        "median 56 bpm, half of the days 56 to 56 (2 days, lowest 30 minutes); "
        "median 56 bpm, half of the days 56 to 56 (2 days, as Zepp tells it)"
    )


def test_sleep_is_told_in_two_lines_by_the_local_clock():
    _, _, sleep, nights = (line["text"] for line in said(tables_of(readings_of(4)))["lines"])
    assert sleep.startswith("median 7 h 01 min a night")
    assert nights == "from 00:00 to 07:30 at the median, asleep for 90 % of it"


def test_days_are_listed_with_morning_and_evening_and_what_is_high_stands_out():
    content = said(tables_of(readings_of(2, systolic=133.0)))
    newest = content["days"][0]
    assert newest["date"] == "Tue 30 Jun"
    assert newest["morning"] == {"text": "134/81", "is_high": False}
    assert newest["evening"] == {"text": "136/83", "is_high": True}
    only_morning = said(tables_of(readings_of(1, hours=(6,))))["days"][0]
    assert only_morning["evening"] == {"text": "", "is_high": False}


def test_more_days_than_fit_are_counted():
    content = said(tables_of(readings_of(120)), first=LAST - timedelta(days=119))
    assert (len(content["days"]), content["more_days"]) == (90, 30)


def test_the_usual_period_is_ninety_days_up_to_the_newest_data():
    metrics = metrics_of(400)
    usual = period_of([metrics], None, None)
    assert (usual.first, usual.last) == (LAST - timedelta(days=89), LAST)
    assert str(period_of([metrics_of(3)], None, None)) == "28 to 30 Jun 2026 (3 days)"
    assert period_of([metrics], None, date(2026, 1, 1)).last == date(2026, 1, 1)
    assert period_of([metrics_of(0)], None, None) is None
    asked = period_of([metrics_of(0)], date(2026, 1, 1), None)
    assert (asked.first, asked.last) == (date(2026, 1, 1), date(2026, 1, 1))


def test_a_pressure_that_enters_no_daily_figure_is_data_too():
    later = pa.table({"local_date": pa.array([date(2026, 7, 2)])})
    assert period_of([metrics_of(3), later], None, None).last == date(2026, 7, 2)
    assert period_of([metrics_of(0), later], None, None).first == date(2026, 7, 2)


def test_annotations_that_begin_in_the_period_are_marked_and_earlier_ones_listed():
    rows = annotations_of(
        ("medication", "amlodipine", date(2025, 10, 4), None),
        ("travel", "Lisbon", date(2026, 6, 25), date(2026, 6, 26)),
        ("illness", "a cold", date(2026, 1, 1), date(2026, 1, 9)),
    )
    content = said(tables_of(readings_of(7), annotations=rows))
    assert content["annotations"] == [
        {
            "letter": "",
            "when": "from 4 Oct 2025 on",
            "text": "medication: amlodipine",
            "compared": "",
        },
        {"letter": "A", "when": "25 to 26 Jun 2026", "text": "travel: Lisbon", "compared": ""},
    ]
    (mark,) = content["chart"]["marks"]
    assert (mark["from"], mark["to"]) == (round(1 / 7, 5), round(3 / 7, 5))


def test_before_and_after_a_medication_stand_beside_it_with_what_they_cannot_show():
    rows = annotations_of(("medication", "amlodipine", date(2026, 6, 1), None))
    before = readings_of(60, systolic=150.0).slice(0, 4 * 31)
    after = readings_of(29, systolic=140.0)
    tables = tables_of(pa.concat_tables([before, after]), annotations=rows)
    content = said(tables | history_of(tables))
    (told,) = content["annotations"]
    assert told["compared"].startswith("152/82 before (28 days), 142/82 after (28 days): systolic")
    assert "systolic \N{MINUS SIGN}9.6 (95 % \N{MINUS SIGN}10.4 to" in told["compared"]
    assert "not why" in content["warning"]
    assert said(tables)["warning"] == ""


def test_a_comparison_tells_what_else_began_in_its_days():
    rows = annotations_of(
        ("medication", "amlodipine", date(2026, 6, 1), None),
        ("travel", "Lisbon", date(2026, 6, 5), date(2026, 6, 9)),
    )
    tables = tables_of(readings_of(60), annotations=rows)
    medication, _ = said(tables | history_of(tables))["annotations"]
    assert medication["compared"].endswith("Something else began or ended in these days: Lisbon.")


def test_a_side_without_readings_has_no_comparison():
    rows = annotations_of(("medication", "amlodipine", date(2026, 6, 29), None))
    tables = tables_of(readings_of(2), annotations=rows)
    (told,) = said(tables | history_of(tables))["annotations"]
    assert told["compared"] == ""


def test_the_trend_is_told_only_where_it_lies_within_the_period():
    tables = tables_of(readings_of(120))
    tables |= history_of(tables | {"annotations": annotations_of()})
    (remark,) = said(tables)["remarks"]
    assert remark.startswith("Trend in 30 days, 2 Apr to 30 Jun 2026: systolic 0.0 (95 % ")
    assert said(tables, first=date(2026, 5, 1))["remarks"] == []


def test_readings_in_the_severe_range_are_named():
    tables = tables_of(readings_of(3, systolic=178.0))
    found = said(tables | history_of(tables | {"annotations": annotations_of()}))["alerts"]
    assert found[0] == "181/83 on 30 Jun 2026"
    assert found[-1] == "and 2 more"


def test_an_annotation_of_the_first_day_is_marked():
    rows = annotations_of(("note", "a new cuff", LAST - timedelta(days=6), None))
    (mark,) = said(tables_of(readings_of(7), annotations=rows))["chart"]["marks"]
    assert (mark["letter"], mark["from"]) == ("A", 0)


def test_letters_of_annotations_do_not_cover_each_other():
    rows = annotations_of(*[("note", str(n), LAST, None) for n in range(20)])
    content = said(tables_of(readings_of(7), annotations=rows))
    places = [mark["at"] for mark in content["chart"]["marks"]]
    assert len(places) == len(content["annotations"]) == 5
    assert all(after - before > 0.019 for before, after in pairwise(places))
    assert content["more_annotations"] == 15


def test_rows_that_were_taken_out_and_a_rounded_log_are_told():
    rejected = pa.table({"signal": ["sleep", "blood_pressure", "sleep"]})
    content = said(tables_of(readings_of(7, hours=(6, 7), systolic=120.0), rejected_rows=rejected))
    assert any("1 blood pressure, 2 sleep" in line for line in content["quality"])
    rounded = said(tables_of(readings_of(20, hours=(6,), systolic=120.0)))["quality"]
    assert any("100 % of the systolic readings end in 0" in line for line in rounded)


@pytest.mark.parametrize("guideline", [*GUIDELINES])
def test_bands_of_every_guideline_fill_the_chart_without_a_gap(guideline):
    content = said(tables_of(readings_of(7, systolic=100.0)), guideline=guideline)
    for panel in content["chart"]["panels"]:
        edges = [(band["from"], band["to"]) for band in panel["bands"]]
        assert edges[0][0] == panel["low"]
        assert edges[-1][1] == panel["high"]
        assert all(one[1] == next_[0] for one, next_ in pairwise(edges))
        assert all(panel["low"] < value < panel["high"] for _, value in panel["dots"])


def test_a_gap_of_days_is_a_gap_in_the_line():
    readings = readings_of(5)
    without = readings.filter(
        pa.array([day != date(2026, 6, 28) for day in readings["local_date"].to_pylist()])
    )
    lines = said(tables_of(without))["chart"]["panels"][0]["lines"]
    assert [len(line) for line in lines] == [2, 2]


@pytest.mark.parametrize(("days", "bin_name"), [(400, "week"), (3652, "month")])
def test_long_times_are_drawn_as_ranges_that_an_eye_can_read(days, bin_name):
    content = said(tables_of(readings_of(days)), first=LAST - timedelta(days=days - 1))
    drawn = content["chart"]
    assert drawn["bin"] == bin_name
    for panel in drawn["panels"]:
        assert panel["dots"] == []
        assert 50 < len(panel["ranges"]) < 130
        assert all(0 <= place <= 1 for place, *_ in panel["ranges"])
        assert all(values == sorted(values) for _, *values in panel["ranges"])
    assert len(drawn["ticks"]) <= 10


@pytest.mark.parametrize("days", [1, 7, 30, 90, 131, 365, 1000, 3652, 12000])
def test_there_are_a_few_labels_under_any_time(days):
    ticks = TimeAxis(LAST - timedelta(days=days - 1), LAST).ticks()
    assert 1 <= len(ticks) <= 10
    assert all(0 <= tick["x"] < 1 for tick in ticks)


CROWDED = {
    "annotations": annotations_of(
        *[("note", f"{n} long " * 40, LAST - timedelta(days=20 - n), None) for n in range(20)]
    ),
    "rejected_rows": pa.table({"signal": ["blood_pressure", "sleep", "heart_rate"] * 9}),
    "shadowed_rows": pa.table({"signal": ["blood_pressure"] * 9}),
}


@pytest.mark.parametrize("days", [0, 1, 2, 8, 22, 90, 400])
@pytest.mark.parametrize("rest", [{}, CROWDED], ids=["plain", "crowded"])
def test_it_is_one_or_two_pages(days, rest):
    tables = tables_of(readings_of(days, systolic=200.0), metrics_of(max(days, 1)), **rest)
    if "annotations" in tables:
        tables |= history_of(tables)
    pdf = report_pdf(tables, SOURCE, name="W" * 300, guideline="jsh_2019",
                     first=LAST - timedelta(days=max(days, 1) - 1))  # fmt: skip
    assert pdf.startswith(b"%PDF-")
    assert pages_of(pdf) in {1, 2}


def test_the_same_tables_give_the_same_bytes():
    tables = tables_of(readings_of(30))
    assert report_pdf(tables, SOURCE, name="Zoë") == report_pdf(tables, SOURCE, name="Zoë")


@pytest.mark.parametrize("name", ["Zoë Müller-Ødegård", "Ελένη", "Наташа", '<b>"#x" $y$ \\z{}*'])
def test_names_of_many_scripts_need_no_font_of_the_machine(name):
    made = report_of(tables_of(readings_of(1)), SOURCE, name=name)
    fonts = re.findall(rb"/BaseFont ?/[A-Z]+\+(\w+)", made.pdf)
    assert made.warnings == ()
    assert fonts
    assert all(font.startswith(b"LibertinusSerif") for font in fonts)


def test_a_character_that_no_font_has_is_told_and_the_report_is_made():
    made = report_of(tables_of(readings_of(1)), SOURCE, name="\U0001fae8\ue123")
    assert made.pdf.startswith(b"%PDF-")
    assert any("no font" in warning for warning in made.warnings)
    assert report_of(tables_of(readings_of(1)), SOURCE, name="Zoë").warnings == ()


def test_it_is_tagged_so_that_it_can_be_read_aloud():
    pdf = report_pdf(tables_of(readings_of(1)), SOURCE)
    assert b"/MarkInfo" in pdf
    assert b"pdfuaid" in pdf


def test_a_template_that_fails_says_nothing_of_what_was_put_into_it(tmp_path, monkeypatch):
    template = tmp_path / "report.typ"
    template.write_text("#panic(sys.inputs.report)")
    monkeypatch.setattr(report, "_TEMPLATE", template)
    with pytest.raises(TypesettingError) as caught:
        report_pdf(tables_of(readings_of(1)), SOURCE, name=CANARY)
    told = "".join(traceback.format_exception(caught.value))
    assert CANARY not in told


def test_without_any_data_there_is_nothing_to_report_unless_days_are_asked_for():
    tables = tables_of(readings_of(0), metrics_of(0)) | {"sleep_sessions": nights_of(0)}
    with pytest.raises(EmptyReportError, match="import exports"):
        report_pdf(tables, SOURCE)
    assert pages_of(report_pdf(tables, SOURCE, first=LAST, last=LAST)) == 1


def test_a_generation_of_an_older_version_has_a_report_too():
    tables = tables_of(readings_of(7))
    older = {name: tables[name] for name in report.OUTPUTS}
    assert said(older)["figures"][0]["value"] == "132/82"
    assert pages_of(report_pdf(older, SOURCE)) == 1


def test_the_demos_report_is_made_of_what_is_published(demo_home):
    demo = Profile(demo_home, "demo", leaves_no_trace=True)
    source = publication_of(demo, report.OUTPUTS, optional=report.OPTIONAL_OUTPUTS)
    content = said(source.tables)
    assert content["headline"]["value"]
    assert content["sources"]
    assert pages_of(report_pdf(source.tables, source)) == 2
