"""The checker: what was published, what the store was asked, and what ledger and broker hold, side by side."""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from queues.message import ChangeEvent, encode, identify
from tests.acceptance.site import Site
from tests.acceptance.store import Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """
    What became of the events of one queue; their record keys are all different.

    Attributes:
        keys: of the events, by message.
        states: of the newest generation in the ledger, by key; a message that is not there has none.
        recorded: attempts written down, by key and generation.
        counted: attempts the ledger counts, by key and generation.
        outcomes: of the attempts, by key, in their order.
        requests: those the store has seen, by key; a bulk request counts for each of its records.
        deliveries: those of them that the store answered with 200, or carried out and never answered.
        ready: what still waits at the broker.
    """

    keys: Mapping[UUID, str]
    states: Mapping[str, str]
    recorded: Mapping[tuple[str, int], int]
    counted: Mapping[tuple[str, int], int]
    outcomes: Mapping[str, Sequence[str]]
    requests: Mapping[str, int]
    deliveries: Mapping[str, int]
    ready: int

    def attempts(self, key: str) -> int:
        """Count the attempts written down for a record, over all its generations."""
        return sum(number for (each, _), number in self.recorded.items() if each == key)

    def check(self, *, retry_count: int, delivered: bool = True, bisected: bool = False) -> None:
        """
        Assert what must hold whatever happened, once everything is quiet.

        Args:
            retry_count: attempts a generation may have.
            delivered: every event has arrived.
            bisected: one attempt may have needed several requests.
        """
        everybody = set(self.keys.values())
        assert self.ready == 0
        assert everybody == set(self.states), "lost"
        assert "trying" not in self.states.values(), "left behind"
        if delivered:
            assert set(self.states.values()) <= {"delivered"}
            assert all(self.deliveries.get(key, 0) >= 1 for key in everybody), "told delivered, and never carried out"
        assert all(number <= retry_count for number in self.recorded.values()), "over the budget"
        assert self.counted == self.recorded, "an attempt without its record"
        for key in everybody:
            if not bisected:
                assert self.requests.get(key, 0) <= self.attempts(key), f"{key}: more requests than attempts"
            others = [outcome for outcome in self.outcomes[key] if outcome != "delivered"]
            assert self.outcomes[key][len(others) :] in ([], ["delivered"]), f"{key}: attempted after it was delivered"
            assert self.deliveries.get(key, 0) <= 1 + len(others), f"{key}: doubled with a known outcome"


async def reconcile(site: Site, events: Sequence[ChangeEvent], requests: Sequence[Request]) -> Account:
    """Draw the account of *events*, all of one queue, whose requests at the store are *requests*."""
    return await draw_account(
        events,
        rows=site.rows,
        ready=await site.broker.ready(site.queue(events[0].type)),
        requests=Counter(sku for request in requests for sku in request.skus),
        deliveries=Counter(
            sku for request in requests if request.applied and request.status in (200, None) for sku in request.skus
        ),
    )


async def draw_account(
    events: Sequence[ChangeEvent],
    *,
    rows: Callable[..., Awaitable[Sequence[Mapping[str, Any]]]],
    ready: int,
    requests: Mapping[str, int],
    deliveries: Mapping[str, int],
) -> Account:
    """Draw the account of *events*; *rows* reads from the database of the ledger, the rest is as in `Account`."""
    keys = {identify(event.source, event.id, encode(event)): event.subject for event in events}
    ledger = await rows(
        "select message_id, generation, state, attempts from ledger where message_id = any($1) order by generation",
        list(keys),
    )
    attempts = await rows(
        "select message_id, generation, outcome from attempts where message_id = any($1) order by generation, number",
        list(keys),
    )
    outcomes: dict[str, list[str]] = {key: [] for key in keys.values()}
    for each in attempts:
        outcomes[keys[each["message_id"]]].append(each["outcome"])
    return Account(
        keys=keys,
        states={keys[row["message_id"]]: row["state"] for row in ledger},
        recorded=Counter((keys[each["message_id"]], each["generation"]) for each in attempts),
        counted=Counter(
            {(keys[row["message_id"]], row["generation"]): row["attempts"] for row in ledger if row["attempts"]}
        ),
        outcomes=outcomes,
        requests=requests,
        deliveries=deliveries,
        ready=ready,
    )
