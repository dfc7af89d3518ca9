"""The document: prose that people write, tables that the benchmark writes between two marks."""

from pathlib import Path
from typing import Final

BEGIN: Final = "<!-- tables: written by `make bench`, do not edit -->"
END: Final = "<!-- end of tables -->"


def write_document(path: Path, tables: str) -> None:
    """
    Replace what stands between the marks.

    Raises:
        ValueError: the marks are not there.
    """
    text = path.read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{path} must hold the lines {BEGIN} and {END}")
    path.write_text(f"{before}{begin}\n\n{tables}\n{end}{after}", encoding="utf-8")
