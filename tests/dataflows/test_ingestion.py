import hashlib

import pyarrow as pa
from hamilton import driver
from hamilton.execution import executors

from dataflows import ingestion
from dataflows.exports import ExportFile


def export_file(text):
    return ExportFile(hashlib.sha256(text.encode()).hexdigest(), pa.py_buffer(text.encode()))


def flow():
    return (
        driver.Builder()
        .enable_dynamic_execution(allow_experimental_mode=True)
        .with_local_executor(executors.SynchronousLocalTaskExecutor())
        .with_modules(ingestion)
        .build()
    )


def test_every_node_has_a_stage_and_says_what_it_is():
    nodes = [node for node in flow().list_available_variables() if not node.is_external_input]
    assert {node.tags["stage"] for node in nodes} == {"ingestion"}
    assert all(node.documentation for node in nodes)
    assert {node.name for node in nodes} == {
        "export_file",
        "parsed_export",
        "export_report",
        "blood_pressure_parsed",
        "heart_rate_parsed",
        "heart_rate_summaries_parsed",
        "sleep_sessions_parsed",
        "sleep_stages_parsed",
        "annotations_parsed",
        "rows_unreadable",
    }


def test_the_inputs_are_the_files_and_the_date_order():
    inputs = {node.name for node in flow().list_available_variables() if node.is_external_input}
    assert inputs == {"export_files", "date_order"}


def test_each_file_is_parsed_on_its_own():
    files = [
        export_file("date,time,heartRate\n2024-01-01,00:05,61\n"),
        export_file("nobody knows this\n"),
    ]
    assert list(ingestion.export_file(files)) == files
    reports = [ingestion.parsed_export(file, None)["export_report"] for file in files]
    assert [report["status"] for report in reports] == ["parsed", "unrecognised"]
    assert reports[0]["records"] == {"heart_rate": 1}
