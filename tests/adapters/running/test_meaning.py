import dataclasses

import pytest

from adapters.profile import Profile
from adapters.running.meaning import resolved
from adapters.settings import Settings

SAYS_ONLY_WHERE = {
    "home", "profile", "name", "remote", "google_endpoint",
    "passphrase_file", "new_passphrase_file", "identity_file", "recipients_file",
    "google_credentials_file", "google_sheet", "google_sheet_range", "drive_folder",
}  # fmt: skip
OTHERWISE = {
    "time_zone": "Asia/Tokyo",
    "date_order": "DMY",
    "guideline": "nice",
    "morning": "05:00-09:00",
    "evening": "18:00-22:00",
    "birth_year": "1960",
    "zip_password_file": "passwords",
    "as_of": "2025-06-30T12:00:00Z",
}


def meaning(tmp_path, **settings):
    environment = {f"PDP_{name.upper()}": value for name, value in settings.items()}
    return resolved(Profile(tmp_path, "ada"), Settings.load(environment))


def test_every_setting_says_only_where_or_is_tried_here():
    fields = {field.name for field in dataclasses.fields(Settings)}
    assert fields == SAYS_ONLY_WHERE | OTHERWISE.keys()


@pytest.mark.parametrize("name", OTHERWISE)
def test_a_setting_that_may_change_a_number_changes_the_meaning(tmp_path, name):
    assert meaning(tmp_path, **{name: OTHERWISE[name]}) != meaning(tmp_path)


def test_a_default_that_is_written_down_means_the_default(tmp_path):
    written = {"guideline": "esc_2024", "morning": "4:00-11:59", "evening": "17:00-23:59"}
    assert meaning(tmp_path, **written) == meaning(tmp_path)
