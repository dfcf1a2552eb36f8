"""What people copy from a browser."""

import pytest

from adapters.google.addresses import folder_id, loopback_address, ranges, spreadsheet_id

ID = "1AbC-dEfGhIjKlMnOpQrStUvWxYz_0123456789"


@pytest.mark.parametrize(
    "text",
    [ID, f"https://docs.google.com/spreadsheets/d/{ID}/edit#gid=0",
     f"https://docs.google.com/spreadsheets/d/{ID}", f"https://docs.google.com/spreadsheets/u/1/d/{ID}/edit?x=1"],
)  # fmt: skip
def test_a_spreadsheet_is_known_by_id_or_address(text):
    assert spreadsheet_id(text) == ID


@pytest.mark.parametrize(
    "text",
    [ID, f"https://drive.google.com/drive/folders/{ID}?usp=sharing",
     f"https://drive.google.com/drive/u/0/folders/{ID}", f"https://drive.google.com/open?id={ID}"],
)  # fmt: skip
def test_a_folder_is_known_by_id_or_address(text):
    assert folder_id(text) == ID


@pytest.mark.parametrize("text", ["https://example.com/x", "a'b", "", "../../etc/passwd", "short"])
def test_anything_else_is_neither(text):
    with pytest.raises(ValueError, match="copy the address"):
        spreadsheet_id(text)


def test_ranges_are_separated_outside_of_names():
    assert ranges("Log!A:F; 'a;b''s'!B2:F") == ("Log!A:F", "'a;b''s'!B2:F")


@pytest.mark.parametrize(
    "text",
    ["https://127.0.0.1", "http://example.com", "http://127.0.0.1.example.com:80",
     "http://127.0.0.1:80/x", "http://10.0.0.1", "127.0.0.1:80"],
)  # fmt: skip
def test_no_key_goes_to_an_emulator_elsewhere(text):
    with pytest.raises(ValueError, match="on this machine"):
        loopback_address(text)


def test_an_emulator_on_this_machine_will_do():
    assert loopback_address("http://127.0.0.1:8085/") == "http://127.0.0.1:8085"
    assert loopback_address("http://localhost:1") == "http://localhost:1"
