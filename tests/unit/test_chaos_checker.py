"""The checker of the chaos runs: silent where everything is well, and red for each single thing that is not."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from tests.chaos.checker import attempts_seen, check
from tests.chaos.evidence import Evidence, Row
from tests.chaos.history import History, ShopRequest

FIRST, SECOND, NONSENSE = UUID(int=1), UUID(int=2), UUID(int=3)


def request(at: float, request_id: str, *keys: str, applied: bool = True, is_undetermined: bool = False) -> ShopRequest:
    """Make a request that was answered a tenth of a second after it came."""
    return ShopRequest(
        at=at,
        member="one",
        request_id=request_id,
        path="/",
        keys=keys,
        applied=frozenset(keys) if applied else frozenset(),
        answered_at=at + 0.1,
        status=200,
        is_undetermined=is_undetermined,
    )


def ledger(message_id: UUID, generation: int, state: str, attempts: int, *, at: float = 0.0) -> dict[str, Any]:
    settled_at = None if state in ("waiting", "trying") else at + 50
    return {
        "message_id": message_id,
        "generation": generation,
        "queue": "q",
        "key": "",
        "state": state,
        "attempts": attempts,
        "created_at": at,
        "settled_at": settled_at,
    }


def attempt(message_id: UUID, generation: int, number: int, outcome: str, request_id: str = "") -> dict[str, Any]:
    return {
        "message_id": message_id,
        "generation": generation,
        "number": number,
        "outcome": outcome,
        "request_id": request_id,
        "settings_version": 0 if outcome == "unknown" else 1,
    }


def letter(number: int, message_id: UUID, generation: int, state: str, reason: str = "attempts_used_up") -> Row:
    return {"id": number, "message_id": message_id, "generation": generation, "state": state, "reason": reason}


def well() -> tuple[History, Evidence]:
    """
    Give a run in which everything is well.

    A was delivered, its first outcome unknown. B failed twice, was reprocessed and failed again. The third is nonsense.
    """
    history = History(
        request_seconds=2,
        publications={FIRST: "confirmed", SECOND: "confirmed", NONSENSE: "confirmed"},
        keys={FIRST: "A", SECOND: "B", NONSENSE: ""},
        requests=[
            request(10, "a1", "A"),
            request(11, "b1", "B", applied=False),
            request(20, "a2", "A"),
            request(21, "b2", "B", applied=False),
            request(110, "b3", "B", applied=False),
        ],
        retry_counts={2},
    )
    history.clicks[7] = 1
    evidence = Evidence(
        ledger=[
            ledger(FIRST, 0, "delivered", 2),
            ledger(SECOND, 0, "failed", 2),
            ledger(SECOND, 1, "failed", 1, at=100),
        ],
        attempts=[
            attempt(FIRST, 0, 1, "unknown"),
            attempt(FIRST, 0, 2, "delivered", "a2"),
            attempt(SECOND, 0, 1, "refused", "b1"),
            attempt(SECOND, 0, 2, "refused", "b2"),
            attempt(SECOND, 1, 1, "refused", "b3"),
        ],
        letters=[letter(7, SECOND, 1, "failed"), letter(8, NONSENSE, 0, "failed", "invalid_message")],
        clicks=[{"message_id": str(SECOND), "generation": 1, "target": "7"}],
        retry_counts={1: 2},
        depths={"q": 0},
    )
    return history, evidence


def test_a_run_in_which_everything_is_well_breaks_nothing() -> None:
    findings = check(*well())

    assert findings.broken() == {}
    assert findings.doubled_unknown == ["A: a1"]


@pytest.mark.parametrize(
    ("rule", "name", "change"),
    [
        ("lost", "ledger", [0]),
        ("lost", "letters", [1]),
        ("lost", "letters", [0]),
        ("unfinished", "depths", {"q": 1}),
        ("unfinished", "ledger", {0: ledger(FIRST, 0, "waiting", 2)}),
        ("lost", "ledger", {0: ledger(FIRST, 0, "trying", 2)}),
        ("over budget", "ledger", {0: ledger(FIRST, 0, "delivered", 3)}),
        ("over budget", "retry_counts", {1: 1}),
        ("unrecorded", "attempts", [0]),
        ("generations", "clicks", [0]),
        ("generations", "ledger", [2]),
        ("given up by the broker", "letters", {1: letter(8, NONSENSE, 0, "failed", "broker_dead_lettered")}),
        ("untrue", "attempts", {1: attempt(FIRST, 0, 2, "refused", "a2")}),
        ("lost", "attempts", {3: attempt(SECOND, 0, 2, "delivered", "b2")}),
    ],
)
def test_what_the_servers_hold_is_held_against_what_happened(rule: str, name: str, change: Any) -> None:  # noqa: ANN401 - of whatever is changed
    history, evidence = well()
    changed: dict[str, Any] = {
        name: change if name in ("depths", "retry_counts") else altered(getattr(evidence, name), change)
    }

    assert rule in check(history, replace(evidence, **changed)).broken()


def altered(rows: list[Any], change: list[int] | dict[int, Any]) -> list[Any]:
    """Leave the rows at the places of a list out, and put those of a mapping in their places."""
    if isinstance(change, list):
        return [row for place, row in enumerate(rows) if place not in change]
    return [change.get(place, row) for place, row in enumerate(rows)]


@pytest.mark.parametrize(
    ("rule", "further"),
    [
        ("unrecorded", request(15, "a?", "A")),
        ("unrecorded", request(20.5, "a2", "A")),
        ("doubled, outcome known", request(30, "a?", "A")),
        ("after Failed", request(60, "b?", "B", applied=False)),
        ("overlapping", request(20.05, "a?", "A")),
    ],
)
def test_a_request_too_many_is_found(rule: str, further: ShopRequest) -> None:
    history, evidence = well()
    history.requests.append(further)
    history.requests.sort(key=lambda each: each.at)

    assert rule in check(history, evidence).broken()


def test_a_fate_of_what_nobody_sent_is_unexpected() -> None:
    history, evidence = well()
    del history.publications[SECOND], history.keys[SECOND]

    assert check(history, evidence).broken() == {"unexpected": [str(SECOND)]}


def test_a_confirmed_message_without_any_trace_is_lost() -> None:
    history, evidence = well()
    history.publications[UUID(int=4)], history.keys[UUID(int=4)] = "confirmed", "D"

    assert check(history, evidence).broken() == {"lost": ["D: confirmed, and nowhere to be found"]}


def test_a_click_whose_answer_got_lost_may_have_counted_or_not() -> None:
    history, evidence = well()
    history.unsure_clicks[7], history.clicks[7] = 1, 0

    assert check(history, evidence).broken() == {}


def test_a_request_that_stood_still_with_its_process_is_told_apart() -> None:
    history, evidence = well()
    history.requests.append(request(60, "b?", "B", applied=False))
    evidence = replace(
        evidence,
        ledger=[*evidence.ledger[:1], {**evidence.ledger[1], "attempts": 2}, *evidence.ledger[2:]],
        attempts=[*evidence.attempts[:3], attempt(SECOND, 0, 2, "unknown"), evidence.attempts[4]],
    )
    history.requests = [each for each in history.requests if each.request_id != "b2"]
    history.requests.sort(key=lambda each: each.at)
    history.frozen["one"] = [(21, 59.5)]

    findings = check(history, evidence)

    assert findings.broken() == {}
    assert findings.late == ["B: b?"]


def test_smaller_requests_after_an_undetermined_one_belong_to_its_attempt() -> None:
    whole = request(10, "r1", "A", "B", "C", applied=False, is_undetermined=True)
    half = request(10.2, "r2", "A", "B", applied=False, is_undetermined=True)
    alone = request(10.4, "r3", "A")
    again = request(12, "r4", "A", "B")

    assert attempts_seen([whole, half, alone]) == [alone]
    assert attempts_seen([whole, again]) == [again]
    whole.member = "two"
    assert attempts_seen([whole, alone]) == [whole, alone]
