"""Answers of the recorded shop, by name."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from tests.fakes.magento_store import StoreAnswer

FILE = Path(__file__).parent / "recordings" / "magento-2.4.7-p3.json"


@cache
def _all() -> dict[str, Any]:
    return {each["name"]: each for each in json.loads(FILE.read_text(encoding="utf-8"))}


def recorded(name: str) -> StoreAnswer:
    """The answer of the recording *name*, word for word."""
    response = _all()[name]["response"]
    body = response["body"]
    return StoreAnswer(
        status=response["status"],
        body=(body if isinstance(body, str) else json.dumps(body)).encode(),
        content_type=response["headers"]["Content-Type"],
    )
