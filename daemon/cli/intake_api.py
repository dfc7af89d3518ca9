"""Bringing events in through the daemon's API."""

from collections.abc import Mapping, Sequence
from typing import Any

from daemon.cli.api_client import ApiClient
from daemon.cli.errors import ApiProblem
from daemon.cli.event_files.entries import EventRecord
from daemon.cli.publishing import EventVerdict


async def take_in_over_api(api: ApiClient, events: Sequence[EventRecord]) -> Sequence[EventVerdict]:
    """
    Post *events* as one batch; where the whole batch is refused for one of them, find it by halves.

    Raises:
        NotReachable, ApiProblem: nothing of it was taken in, for a reason that is not in the events.
    """
    body = b"[" + b",".join(event.body for event in events) + b"]"
    try:
        answer = (await api.post_batch(body)).document
    except ApiProblem as problem:
        if isinstance(problem.document.get("events"), list):
            return _verdicts(problem.document)
        if problem.status not in {400, 413, 422}:
            raise
        if len(events) == 1:
            return [_refusal(problem.document)]
        middle = len(events) // 2
        # One after the other: the order of the events is the order in the queue.
        first = await take_in_over_api(api, events[:middle])
        return [*first, *await take_in_over_api(api, events[middle:])]
    return _verdicts(answer)


def _verdicts(answer: Mapping[str, Any]) -> list[EventVerdict]:
    return [_verdict(each) for each in answer["events"]]


def _verdict(event: Mapping[str, Any]) -> EventVerdict:
    problem = event.get("problem") or {}
    return EventVerdict(
        outcome=event["verdict"],
        event_id=str(event.get("id") or ""),
        code=str(problem.get("code") or ""),
        member=str(problem.get("member") or ""),
        reason=str(problem.get("detail") or ""),
    )


def _refusal(problem: Mapping[str, Any]) -> EventVerdict:
    return EventVerdict(
        outcome="refused",
        code=str(problem.get("code") or ""),
        member=str(problem.get("member") or ""),
        reason=str(problem.get("detail") or ""),
    )
