"""Bringing events in by batches, with an account of what became of each."""

from collections.abc import Iterator, Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from daemon.cli.errors import NotReachable
from daemon.cli.event_files.entries import Entry, EventRecord, judge
from daemon.cli.publishing import (
    BATCH_BYTES,
    BATCH_EVENTS,
    REFUSALS_KEPT,
    Account,
    EventVerdict,
    publish,
    refusal_line,
)


class Intake:
    """Takes events in; those whose body holds `bad` it refuses, `again` it knows already."""

    def __init__(self, *, outage_after: int | None = None) -> None:
        self.batches: list[list[bytes]] = []
        self._outage_after = outage_after

    def __call__(self, events: Sequence[EventRecord]) -> Sequence[EventVerdict]:
        if self._outage_after is not None and len(self.batches) >= self._outage_after:
            raise NotReachable("nobody is there")
        self.batches.append([event.body for event in events])
        return [self._verdict(event) for event in events]

    def _verdict(self, event: EventRecord) -> EventVerdict:
        if b"bad" in event.body:
            return EventVerdict(outcome="refused", code="invalid", member="data.price", reason="must be >= 0, got -1")
        return EventVerdict(outcome="duplicate" if b"again" in event.body else "accepted", event_id="1")


def brought_in(entries: Sequence[Entry], intake: Intake) -> tuple[Account, list[dict[str, Any]]]:
    refusals: list[dict[str, Any]] = []
    account = publish(iter(entries), intake, refused=refusals.append, progressed=lambda _account: None)
    return account, refusals


@given(st.lists(st.sampled_from([b'{"a": 1}', b'{"bad": 1}', b'{"again": 1}', b"no json"]), max_size=1200))
def test_every_event_is_counted_once_and_sent_in_its_order(bodies: list[bytes]) -> None:
    intake = Intake()

    account, refusals = brought_in([judge(line, body) for line, body in enumerate(bodies, start=1)], intake)

    assert [body for batch in intake.batches for body in batch] == [body for body in bodies if body != b"no json"]
    assert account.read == len(bodies)
    assert account.accepted == bodies.count(b'{"a": 1}')
    assert account.duplicate == bodies.count(b'{"again": 1}')
    assert account.refused == bodies.count(b'{"bad": 1}') + bodies.count(b"no json")
    assert [each["line"] for each in refusals] == [
        line for line, body in enumerate(bodies, start=1) if body in (b'{"bad": 1}', b"no json")
    ]
    assert account.is_complete == (not refusals)


def test_batches_are_bounded_in_events_and_bytes() -> None:
    small, large = Intake(), Intake()
    body = b'{"a": "' + b"x" * 200_000 + b'"}'

    brought_in([EventRecord(line=line, body=b"{}") for line in range(1, 1202)], small)
    brought_in([EventRecord(line=line, body=body) for line in range(1, 61)], large)

    assert [len(batch) for batch in small.batches] == [BATCH_EVENTS, BATCH_EVENTS, 201]
    assert all(sum(map(len, batch)) < BATCH_BYTES + len(body) for batch in large.batches)
    assert len(large.batches) > 1


def test_an_outage_stops_at_a_line_and_what_came_before_is_in() -> None:
    entries = [EventRecord(line=line, body=b"{}") for line in range(1, 1202)]

    account, _ = brought_in(entries, Intake(outage_after=1))

    assert (account.read, account.accepted, account.stopped_at) == (BATCH_EVENTS, BATCH_EVENTS, BATCH_EVENTS + 1)
    assert isinstance(account.error, NotReachable)
    assert not account.is_complete


def test_nothing_more_is_read_after_an_outage() -> None:
    taken = 0

    def entries() -> Iterator[Entry]:
        nonlocal taken
        for line in range(1, 10_000):
            taken += 1
            yield EventRecord(line=line, body=b"{}")

    publish(entries(), Intake(outage_after=0), refused=lambda _refusal: None, progressed=lambda _account: None)

    assert taken == BATCH_EVENTS


def test_the_account_of_many_refusals_stays_small_and_says_what_it_leaves_out() -> None:
    count = REFUSALS_KEPT + 7

    account, refusals = brought_in([judge(line, b"no json") for line in range(1, count + 1)], Intake())

    document = account.to_document()
    assert len(document["refusals"]) == REFUSALS_KEPT
    assert document["refusals_left_out"] == 7
    assert len(refusals) == count


def test_a_refusal_names_its_line_and_its_member_once() -> None:
    said_by_us = {"line": 7, "member": "data.price", "reason": "must be >= 0, got -1"}
    said_by_the_api = {"line": 7, "member": "data.price", "reason": "data.price: must be >= 0, got -1"}
    of_all = {"line": 8, "member": "", "reason": "the body must be JSON"}

    assert refusal_line(said_by_us) == "line 7: data.price must be >= 0, got -1"
    assert refusal_line(said_by_the_api) == "line 7: data.price: must be >= 0, got -1"
    assert refusal_line(of_all) == "line 8: the body must be JSON"
