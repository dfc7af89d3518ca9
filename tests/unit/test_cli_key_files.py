"""Files of keys: every line becomes a key, is left out as not active, or is named with its fault."""

import pytest

from daemon.cli.errors import UsageError
from daemon.cli.key_files import BadLine, InactiveLine, KeyLine, read_keys


def read(text: bytes) -> list[KeyLine | BadLine | InactiveLine]:
    return list(read_keys(text.splitlines(keepends=True)))


def test_a_plain_file_has_a_key_a_line() -> None:
    assert read("\ufeffAC-1000\r\n\n AC/4 x 12+ \nÄ-1\n".encode()) == [
        KeyLine(1, "AC-1000"),
        KeyLine(3, "AC/4 x 12+"),
        KeyLine(4, "Ä-1"),
    ]


@pytest.mark.parametrize("header", ["Entity Type;Entity CD;Active", "a;SKU;active", "x;Inventory ID;ACTIVE"])
def test_a_sheet_names_its_column_of_keys_and_may_leave_rows_out(header: str) -> None:
    rows = f'{header}\nProduct;AC-1;True\nProduct;"AC;2";1\nProduct;AC-3;False\nProduct;AC-4;\n'

    assert read(rows.encode()) == [KeyLine(2, "AC-1"), KeyLine(3, "AC;2"), InactiveLine(4), KeyLine(5, "AC-4")]


def test_every_line_without_a_key_is_named_with_the_reason() -> None:
    lines = [b"key,note", b",empty", b"A" * 256 + b",", b"A\x07,", b"\xff\xfe,", b'"open,', b"good,"]

    found = read(b"\n".join(lines))

    assert [(each.line, each.reason.split()[0]) for each in found if isinstance(each, BadLine)] == [
        (2, "has"),
        (3, "has"),
        (4, "has"),
        (5, "is"),
        (6, "is"),
    ]
    assert found[-1] == KeyLine(7, "good")


def test_a_sheet_without_a_column_of_keys_is_refused() -> None:
    with pytest.raises(UsageError, match="inventoryid"):
        read(b"Name,Price\nMug,3\n")
