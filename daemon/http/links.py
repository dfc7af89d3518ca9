"""How one call leads to the next: what an answer holds that another call asks for (OpenAPI links)."""

from collections.abc import Mapping
from typing import Any, Final


def _link(operation: str, about: str, **parameters: str) -> dict[str, Any]:
    return {"operationId": operation, "description": about, "parameters": parameters}


_FIRST_LETTER: Final = "$response.body#/items/0/id"
_FIRST_QUEUE: Final = "$response.body#/items/0/queue"


def _next_page(operation: str) -> dict[str, Any]:
    return {"next_page": _link(operation, "The page after this one.", cursor="$response.body#/next_cursor")}


LINKS: Final[Mapping[str, Mapping[int, Mapping[str, Any]]]] = {
    "list_dead_letters": {
        200: {
            **_next_page("list_dead_letters"),
            "story": _link("show_dead_letter", "The whole story of the first.", id=_FIRST_LETTER),
            "reprocess": _link("reprocess_one", "Send the first again.", id=_FIRST_LETTER),
            "discard": _link("discard_one", "Close the first.", id=_FIRST_LETTER),
        }
    },
    "show_dead_letter": {
        200: {
            "reprocess": _link("reprocess_one", "Send it again.", id="$response.body#/id"),
            "discard": _link("discard_one", "Close it.", id="$response.body#/id"),
        }
    },
    "reprocess_one": {202: {"story": _link("show_dead_letter", "What becomes of it.", id="$response.body#/id")}},
    "discard_one": {202: {"story": _link("show_dead_letter", "Its whole story.", id="$response.body#/id")}},
    "list_queues": {
        200: {
            "queue": _link("show_queue", "The first queue alone.", queue=_FIRST_QUEUE),
            "pause": _link("pause", "Pause the first queue.", queue=_FIRST_QUEUE),
            "run": _link("run_now", "Run the first queue.", queue=_FIRST_QUEUE),
            "runs": _link("list_runs", "The runs of the first queue.", queue=_FIRST_QUEUE),
        }
    },
    "pause": {202: {"resume": _link("resume", "Let it run again.", queue="$response.body#/queue")}},
    "list_runs": {200: _next_page("list_runs")},
    "list_sync_log": {200: _next_page("list_sync_log")},
    "list_audit": {200: _next_page("list_audit")},
    "list_versions": {200: _next_page("list_versions")},
    "list_tokens": {200: _next_page("list_tokens")},
    "create_token": {201: {"revoke": _link("revoke_token", "Revoke it.", id="$response.body#/id")}},
    "show_settings": {
        200: {
            "replace": _link("replace_settings", "Replace this version.", **{"If-Match": "$response.header.ETag"}),
            "merge": _link("merge_settings", "Change this version.", **{"If-Match": "$response.header.ETag"}),
        }
    },
}
"""By operation and status."""
