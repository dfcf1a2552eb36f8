"""No measured value leaves through a log, an error or a traceback."""

CANARY = "187.25"
LOG = f"date,time,systolic,diastolic,pulse,note\n2025-05-01,07:30,{CANARY},91,64,canary note\n"


def canary_program(copied_project):
    inbox = copied_project.home / "me" / "inbox"
    inbox.mkdir(parents=True)
    (inbox / "log.csv").write_text(LOG)
    return copied_project


def everything_said(program, done):
    folder = program.home / "me"
    logs = "".join(path.read_text() for path in (folder / "logs").rglob("*") if path.is_file())
    state = folder / "state.json"
    return done.stdout + done.stderr + logs + (state.read_text() if state.exists() else "")


def test_a_failing_node_tells_its_name_and_no_value(copied_project):
    program = canary_program(copied_project)
    source = program.project / "dataflows" / "blood_pressure.py"
    text = source.read_text()
    head = "def blood_pressure_daily("
    start = text.index(head)
    body = text.index('"""', text.index('"""', start) + 3) + 3
    source.write_text(
        text[:body]
        + "\n    raise ValueError(str(blood_pressure_readings_by_cuff.to_pydict()))"
        + text[body:]
    )
    done = program("--profile", "me", "--verbose")
    assert done.exit_code == 1
    assert "node blood_pressure_daily failed: ValueError" in done.stderr
    said = everything_said(program, done)
    assert CANARY not in said
    assert "canary note" not in said


def test_an_ordinary_run_tells_no_value(copied_project):
    program = canary_program(copied_project)
    done = program("--profile", "me", "--verbose")
    assert done.exit_code == 0, done.stderr
    assert CANARY in (program.home / "me" / "outputs" / "blood_pressure_readings.csv").read_text()
    said = everything_said(program, done)
    assert CANARY not in said
    assert "canary note" not in said
