"""Who is shown what: the payload, and personal data in texts, only to those who may act on a message."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, Final, TypeVar, cast

from aiohttp import web

from daemon.http.dead_letter_documents import payload_document
from daemon.http.keys import PRINCIPAL
from daemon.http.roles import Permission
from queues.masking import mask_document
from queues.postgres.letters import DeadLetterStory

T = TypeVar("T")

_SEES_PEOPLE: Final[Permission] = "operate"


def sees_people(request: web.Request) -> bool:
    """Tell whether whoever asks may see e-mail addresses, telephone numbers and payloads."""
    return _SEES_PEOPLE in request[PRINCIPAL].permissions


def for_reader(request: web.Request, value: T) -> T:
    """Give rows of a store as whoever asks may see them: the same, or with personal data hidden in all their texts."""
    return value if sees_people(request) else cast("T", _hidden(value))


def payload_for_reader(request: web.Request, story: DeadLetterStory) -> Mapping[str, Any]:
    """Show the bytes of a message, or only how many there are, or when they were erased."""
    if story.erased_at is not None:
        return {"payload": None, "payload_erased_at": story.erased_at, "payload_bytes": len(story.body)}
    if sees_people(request):
        return payload_document(story.body)
    return {"payload": None, "payload_hidden": True, "payload_bytes": len(story.body)}


def _hidden(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{each.name: _hidden(getattr(value, each.name)) for each in fields(value)})
    if isinstance(value, list | tuple):
        return type(value)(map(_hidden, value))
    return mask_document(value, personal=True)
