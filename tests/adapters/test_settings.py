import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.settings import Settings, SettingsError, machine_time_zone, setting_names
from dataflows.day_windows import Window


@pytest.fixture
def dotenv(tmp_path):
    def write(text):
        path = tmp_path / ".env"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def test_without_anything_the_defaults_hold(tmp_path):
    assert Settings.load({}, tmp_path / "absent") == Settings(home=Path("data"))


def test_the_environment_wins_over_the_file_and_the_file_over_the_defaults(dotenv):
    path = dotenv("PDP_HOME=/from/file\nPDP_PROFILE=file\n")
    settings = Settings.load({"PDP_PROFILE": "environment"}, path)
    assert settings.home == Path("/from/file")
    assert settings.profile == "environment"


def test_an_empty_value_in_the_environment_takes_back_what_the_file_says(dotenv):
    settings = Settings.load({"PDP_TIME_ZONE": ""}, dotenv("PDP_TIME_ZONE=Asia/Tokyo"))
    assert settings.time_zone is None


def test_the_process_environment_is_read_only_when_given(monkeypatch):
    monkeypatch.setenv("PDP_PROFILE", "somebody")
    assert Settings.load({}).profile is None


def test_every_setting_is_read():
    settings = Settings.load(
        {
            "PDP_HOME": "~/health",
            "HOME": "/home/ada",
            "PDP_PROFILE": "ada",
            "PDP_TIME_ZONE": "America/Argentina/Buenos_Aires",
            "PDP_DATE_ORDER": "dmy",
            "PDP_GUIDELINE": "nice",
            "PDP_MORNING": "5:00-10:30",
            "PDP_EVENING": "18:00-22:00",
            "PDP_BIRTH_YEAR": "1960",
            "PDP_ZIP_PASSWORD_FILE": "secrets/zip",
            "PDP_AS_OF": "2025-03-01T00:30:00+02:00",
        }
    )
    assert settings == Settings(
        home=Path("/home/ada/health"),
        profile="ada",
        time_zone="America/Argentina/Buenos_Aires",
        date_order="DMY",
        guideline="nice",
        morning=Window(300, 630),
        evening=Window(1080, 1320),
        birth_year=1960,
        zip_password_file=Path("secrets/zip"),
        as_of=datetime(2025, 2, 28, 22, 30, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("PDP_PROFILE=ada", "ada"),
        ("  export PDP_PROFILE = ada  # who", "ada"),
        ("PDP_PROFILE='ada' # who", "ada"),
        ('PDP_PROFILE="ada"', "ada"),
        ("PDP_PROFILE=ada\r", "ada"),
        ("PDP_PROFILE= # nobody", None),
        ("PDP_PROFILE=", None),
        ("# PDP_PROFILE=ada", None),
        ("\ufeffPDP_PROFILE=ada", "ada"),
    ],
)
def test_the_file_may_have_quotes_comments_and_export(dotenv, line, value):
    assert Settings.load({}, dotenv(line + "\n\n")).profile == value


def test_a_quoted_value_keeps_hash_signs_dollars_and_escapes(dotenv):
    path = dotenv(r'PDP_HOME="/a #1/$HOME/\"b\"\\"' + "\nPDP_ZIP_PASSWORD_FILE='/a\\b #c'\n")
    settings = Settings.load({"HOME": "/x"}, path)
    assert settings.home == Path('/a #1/$HOME/"b"\\')
    assert settings.zip_password_file == Path("/a\\b #c")


def test_names_of_other_programs_are_left_alone(dotenv):
    assert Settings.load({"PATH": "/bin"}, dotenv("DATABASE_URL=x\n")) == Settings()


@pytest.mark.parametrize(
    "name", ["PDP_TIMEZONE", "PDP_TIME_ZNE", "pdp_time_zone", "PDP_ZIP_PASSWORD"]
)
@pytest.mark.parametrize("in_file", [True, False])
def test_an_unknown_name_is_refused_with_the_near_one(dotenv, name, in_file):
    path = dotenv(f"{name}=secret" if in_file else "")
    with pytest.raises(SettingsError, match=r"did you mean PDP_(TIME_ZONE|ZIP)") as caught:
        Settings.load({} if in_file else {name: "secret"}, path)
    assert str(caught.value).startswith(f"{name} ({path if in_file else 'environment'})")
    assert "secret" not in str(caught.value)
    assert caught.value.exit_code == 2


def test_an_unknown_name_like_no_other_lists_them_all():
    with pytest.raises(SettingsError, match=r"the names are PDP_HOME, .*PDP_AS_OF"):
        Settings.load({"PDP_QQQQQQ": "1"})


@pytest.mark.parametrize(
    ("name", "value", "advice"),
    [
        ("PDP_TIME_ZONE", "europe/berlin", "did you mean Europe/Berlin"),
        ("PDP_TIME_ZONE", "Europe", "is no IANA time zone"),
        ("PDP_TIME_ZONE", "../../etc/passwd", "is no IANA time zone"),
        ("PDP_TIME_ZONE", "+02:00", "such as Europe/Berlin"),
        ("PDP_DATE_ORDER", "YDM", "YMD, DMY, MDY"),
        ("PDP_PROFILE", "../me", "is no name for a profile"),
        ("PDP_PROFILE", "me\n", "is no name for a profile"),
        ("PDP_GUIDELINE", "esc_2032", "did you mean esc_2024?"),
        ("PDP_GUIDELINE", "ESH_2023", "did you mean esh_2023?"),
        ("PDP_GUIDELINE", "a b", "use one of aha_acc_2025, esc_2024, esh_2023, jsh_2019, nice"),
        ("PDP_MORNING", "early", "give it as HH:MM-HH:MM, such as 04:00-11:59"),
        ("PDP_MORNING", "04:00-24:00", "give it as HH:MM-HH:MM"),
        ("PDP_EVENING", "22:00-02:00", "belongs to the next day"),
        ("PDP_EVENING", "11:59-20:00", "PDP_MORNING and PDP_EVENING"),
        ("PDP_MORNING", "04:00-17:00", "PDP_MORNING and PDP_EVENING"),
        ("PDP_BIRTH_YEAR", "60", "four digits, such as 1960"),
        ("PDP_BIRTH_YEAR", "1899", "four digits, such as 1960"),
        ("PDP_BIRTH_YEAR", "2100", "four digits, such as 1960"),
        ("PDP_AS_OF", "2025-06-30", "such as 2025-06-30T12:00:00Z"),
        ("PDP_AS_OF", "2025-06-30T12:00:00", "date, time and offset"),
        ("PDP_AS_OF", "0001-01-01T00:00:00+05:00", "is no instant"),
        ("PDP_AS_OF", "1999-12-31T23:59:59Z", "no instant from 2000 to 2099"),
        ("PDP_AS_OF", "9999-12-31T23:59:59Z", "no instant from 2000 to 2099"),
        ("PDP_HOME", "a\0b", "not a path"),
    ],
)
def test_a_bad_value_says_what_where_and_what_next(name, value, advice):
    with pytest.raises(SettingsError, match=re.escape(advice)) as caught:
        Settings.load({name: value})
    assert str(caught.value).startswith(f"{name} (environment)")


@pytest.mark.parametrize("line", ["swordfish", "PDP_HOME='swordfish", '1X="swordfish"'])
def test_a_line_nobody_can_read_is_refused_and_not_shown(dotenv, line):
    path = dotenv("PDP_PROFILE=me\n" + line)
    with pytest.raises(SettingsError, match="line 2") as caught:
        Settings.load({}, path)
    assert "swordfish" not in str(caught.value)


def test_a_file_that_is_not_text_is_refused(dotenv):
    with pytest.raises(SettingsError, match="not UTF-8"):
        Settings.load({}, dotenv(b"PDP_PROFILE=\xff\xfe"))


def test_the_example_file_documents_every_name_and_sets_none():
    example = Path(__file__).parents[2] / ".env.example"
    assert Settings.load({}, example) == Settings()
    assert re.findall(r"^#(PDP_\w+)=", example.read_text("utf-8"), re.MULTILINE) == setting_names()


def test_the_example_file_uncommented_is_valid(dotenv):
    example = (Path(__file__).parents[2] / ".env.example").read_text("utf-8")
    settings = Settings.load({}, dotenv(re.sub("^#(PDP_)", r"\1", example, flags=re.MULTILINE)))
    assert settings.date_order == "DMY"


@pytest.mark.parametrize(
    ("zone", "link", "text", "expected"),
    [
        ("Asia/Tokyo", "/usr/share/zoneinfo/Europe/Paris", None, "Asia/Tokyo"),
        (":/usr/share/zoneinfo/Asia/Tokyo", None, None, "Asia/Tokyo"),
        ("CET-1CEST,M3.5.0", "/usr/share/zoneinfo/Europe/Paris", None, "Europe/Paris"),
        (None, "../var/db/timezone/zoneinfo/posix/Europe/Paris", "Asia/Tokyo", "Europe/Paris"),
        (None, None, "Asia/Tokyo\n", "Asia/Tokyo"),
        (None, "/somewhere/else", "nonsense", "UTC"),
        (None, None, None, "UTC"),
    ],
)
def test_the_machine_zone_is_the_first_that_names_one(tmp_path, zone, link, text, expected):
    if link:
        (tmp_path / "localtime").symlink_to(link)
    if text:
        (tmp_path / "timezone").write_text(text)
    assert machine_time_zone({"TZ": zone} if zone else {}, tmp_path) == expected
