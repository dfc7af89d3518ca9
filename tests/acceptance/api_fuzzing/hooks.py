"""What schemathesis is told beside the contract: values that only the API itself can have given."""

from typing import Any
from uuid import uuid4

import requests
import schemathesis

Case = schemathesis.Case[Any]

STOP = "POST /api/v1/intake/stop"
_CURSORS: set[str] = set()


@schemathesis.hook
def before_call(_context: schemathesis.HookContext, case: Case, _kwargs: dict[str, Any]) -> None:
    """Use cursors of earlier answers only, and write integers as integers: 25.0 is one to JSON Schema, not to us."""
    if not _is_valid(case):
        return
    if case.headers and "Idempotency-Key" in case.headers:
        # One that came before would answer for the call before.
        case.headers["Idempotency-Key"] = uuid4().hex
    if case.query and case.query.get("cursor") and case.query["cursor"] not in _CURSORS:
        del case.query["cursor"]
    if isinstance(case.body, dict | list):
        case.body = _with_integers(case.body)


@schemathesis.hook
def after_call(_context: schemathesis.HookContext, case: Case, response: schemathesis.Response) -> None:
    """Remember the cursor of a page, and let events in again after a stop: the rest would meet nothing but 503."""
    if case.operation.label == STOP and response.status_code == 200:
        resumed = requests.post(
            response.request.url.replace("/stop", "/resume"),
            headers={"Authorization": response.request.headers["Authorization"]},
            timeout=30,
        )
        assert resumed.status_code == 200, resumed.text
    if response.status_code == 200 and response.headers.get("content-type", [""])[0].startswith("application/json"):
        document = response.json()
        if isinstance(document, dict) and isinstance(document.get("next_cursor"), str):
            _CURSORS.add(document["next_cursor"])


def _is_valid(case: Case) -> bool:
    return case.meta is None or case.meta.generation.mode is schemathesis.GenerationMode.POSITIVE


def _with_integers(value: Any) -> Any:  # noqa: ANN401 - JSON is anything
    if isinstance(value, dict):
        return {name: _with_integers(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_with_integers(each) for each in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
