"""What the connector is made of: exact versions with hashes, a safe aiohttp, and its parser in C."""

import re
from importlib.metadata import version
from pathlib import Path

import pytest
from aiohttp import http_parser

ROOT = Path(__file__).parents[2]
LOCKS = sorted(ROOT.glob("requirements*.lock"))


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_every_package_is_pinned_with_hashes(lock: Path) -> None:
    entries = [each for each in re.split(r"\n(?=\S)", lock.read_text().replace("\\\n", " ")) if "==" in each]

    assert len(entries) > 30
    for each in entries:
        assert re.match(r"[\w.\[\]-]+==[\w.]+", each), each[:80]
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", each), each[:80]


def test_the_lock_names_no_index() -> None:
    for lock in LOCKS:
        assert "://" not in lock.read_text()


def test_the_http_parser_is_the_one_in_c() -> None:
    # The one in Python reads what the one in C refuses: the ground of request smuggling.
    assert http_parser.HttpRequestParser is http_parser.HttpRequestParserC
    assert http_parser.HttpRequestParser is not http_parser.HttpRequestParserPy


def test_aiohttp_is_past_its_known_faults() -> None:
    assert tuple(map(int, version("aiohttp").split(".")[:3])) >= (3, 14, 1)


def test_the_image_is_built_from_the_lock_with_hashes() -> None:
    assert "--require-hashes --requirement requirements.lock" in (ROOT / "Dockerfile").read_text()
