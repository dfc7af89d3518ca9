"""Sending many dead letters again: chosen first, then in groups, so that thousands show their progress."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from daemon.cli.api_client import PAGE_SIZE, ApiClient
from daemon.cli.dead_letter_filter import LetterFilter
from daemon.cli.output import Output
from daemon.cli.progress import Report, progress
from daemon.cli.texts import counted

GROUP: Final = 200
"""Dead letters of one call: each is a short transaction at the daemon."""


@dataclass(slots=True, kw_only=True)
class Reprocessed:
    """What came of it: how many wait again, and which were left as they are, with their state."""

    requeued: int = 0
    skipped: list[dict[str, Any]] = field(default_factory=list)

    def to_document(self) -> dict[str, Any]:
        """Give it as JSON shows it, which is how the API tells it."""
        return {"requeued": self.requeued, "skipped": self.skipped}

    def lines(self) -> list[str]:
        """Tell what was left as it is."""
        return [
            f"{each['id']}: there is no such dead letter"
            if each.get("state") is None
            else f"{each['id']}: left as it is, {each['state']}"
            for each in self.skipped
        ]


async def choose_ids(api: ApiClient, chosen: LetterFilter, output: Output) -> Sequence[int]:
    """Read the ids of all dead letters that match, newest first."""
    ids: list[int] = []
    cursor = None
    with progress(output, "counting", total=None) as report:
        while True:
            page = await api.page("dead-letters", size=PAGE_SIZE, cursor=cursor, **chosen.parameters())
            ids += [int(each["id"]) for each in page.items]
            report(len(ids), len(ids), counted(len(ids), "dead letter"))
            cursor = page.next_cursor
            if cursor is None:
                return ids


async def reprocess_ids(api: ApiClient, ids: Sequence[int], reason: str, report: Report) -> Reprocessed:
    """
    Send *ids* again, in groups; a call that fails leaves the groups before it done.

    Raises:
        NotReachable, ApiProblem: as the client raises them.
    """
    result = Reprocessed()
    for start in range(0, len(ids), GROUP):
        document: dict[str, object] = {"ids": list(ids[start : start + GROUP])}
        if reason:
            document["reason"] = reason
        answer = (await api.post("dead-letters", "reprocess", document=document)).document
        result.requeued += answer["requeued"]
        result.skipped += answer["skipped"]
        done = min(start + GROUP, len(ids))
        report(done, done, f"{done:,} of {len(ids):,}")
    return result
