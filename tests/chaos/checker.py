"""
What was published, asked of the shop, written down and left over, held against the invariants (RELIABILITY, section 2).

In the style of Jepsen's total-queue: whoever was told that a message is in, must find its fate; and nothing that nobody
sent may be found.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise, zip_longest
from typing import Final
from uuid import UUID

from tests.chaos.evidence import Evidence, Row
from tests.chaos.history import History, ShopRequest

ENDED: Final = frozenset({"delivered", "skipped", "superseded", "coalesced", "discarded", "failed"})
AFTER_THAW_SECONDS: Final = 2.0
"""A request that stood still with its process, between the last look at the claim and the socket, comes this late."""


@dataclass(slots=True)
class Findings:
    """
    What was found, a line for each case.

    Attributes:
        lost: confirmed, and without a fate; or told as delivered, and never carried out (I1, I5).
        unfinished: neither ended nor on its way when everything was quiet.
        unexpected: a fate of what nobody has published.
        over_budget: more attempts than Retry Count (I2).
        unrecorded: requests beyond the recorded attempts (I2).
        after_failed: attempted after it was Failed, and no person had asked for it (I3).
        generations: a reprocess click that was lost, or counted twice (I4).
        overlapping: asked for again while an earlier request was still being answered (I6).
        doubled_known: sent again though its outcome was known (I7).
        untrue: an outcome that the shop contradicts.
        stops: daemons that did not stop in order when all was well.
        doubled_unknown: carried out again because the outcome of an earlier attempt was unknown; allowed.
        late: requests of a process that stood still in the very moment between deciding to send and sending; allowed.
        recovered: there, though nobody had confirmed it; allowed.
        given_up: dead letters of the broker's: it dropped what was returned too often; told, not lost.
    """

    lost: list[str] = field(default_factory=list)
    unfinished: list[str] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    over_budget: list[str] = field(default_factory=list)
    unrecorded: list[str] = field(default_factory=list)
    after_failed: list[str] = field(default_factory=list)
    generations: list[str] = field(default_factory=list)
    overlapping: list[str] = field(default_factory=list)
    doubled_known: list[str] = field(default_factory=list)
    untrue: list[str] = field(default_factory=list)
    stops: list[str] = field(default_factory=list)
    doubled_unknown: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)
    recovered: list[str] = field(default_factory=list)
    given_up: list[str] = field(default_factory=list)

    def broken(self) -> Mapping[str, Sequence[str]]:
        """Give the rules that were broken, with their cases."""
        forbidden = {
            "lost": self.lost,
            "unfinished": self.unfinished,
            "unexpected": self.unexpected,
            "over budget": self.over_budget,
            "unrecorded": self.unrecorded,
            "after Failed": self.after_failed,
            "generations": self.generations,
            "overlapping": self.overlapping,
            "doubled, outcome known": self.doubled_known,
            "untrue": self.untrue,
            "not stopped in order": self.stops,
            "given up by the broker": self.given_up,
        }
        return {rule: cases for rule, cases in forbidden.items() if cases}


def check(history: History, evidence: Evidence) -> Findings:
    """Hold everything that happened against the rules."""
    findings = Findings()
    for queue, depth in evidence.depths.items():
        if depth:
            findings.unfinished.append(f"{depth} messages in {queue}")
    generations = evidence.generations()
    letters = {row["message_id"]: row for row in evidence.letters}
    attempts: dict[UUID, list[Row]] = {}
    for row in evidence.attempts:
        attempts.setdefault(row["message_id"], []).append(row)
    requests: dict[str, list[ShopRequest]] = {}
    for request in history.requests:
        for key in request.keys:
            requests.setdefault(key, []).append(request)
    for message_id, publication in history.publications.items():
        key = history.keys[message_id]
        told = _Told(
            name=key or str(message_id),
            key=key,
            rows=generations.get(message_id, ()),
            letter=letters.get(message_id),
            attempts=attempts.get(message_id, []),
            requests=requests.get(key, []) if key else [],
        )
        _check_fate(findings, told, is_confirmed=publication == "confirmed")
        _check_budget(findings, told, history, evidence)
        _check_requests(findings, told, history)
    for stranger in (generations.keys() | letters.keys()) - history.publications.keys():
        findings.unexpected.append(str(stranger))
    _check_clicks(findings, history, evidence)
    findings.stops += [f"exit code {code}" for code in history.last_exit_codes if code]
    return findings


@dataclass(frozen=True)
class _Told:
    """
    All that is known of one message.

    Attributes:
        rows: of the ledger, a generation each.
        requests: those that carried it.
    """

    name: str
    key: str
    rows: Sequence[Row]
    letter: Row | None
    attempts: Sequence[Row]
    requests: Sequence[ShopRequest]

    @cached_property
    def attempt_of(self) -> Mapping[str, Row]:
        """The attempts whose request is known, by its id."""
        return {row["request_id"]: row for row in self.attempts if row["request_id"]}

    def outcome(self, request: ShopRequest) -> str:
        """What was written down about a request."""
        attempt = self.attempt_of.get(request.request_id)
        return "unknown" if attempt is None else str(attempt["outcome"])


# --- I1 and I5 --------------------------------------------------------------------------------------------------------


def _check_fate(findings: Findings, told: _Told, *, is_confirmed: bool) -> None:
    is_there = bool(told.rows) or told.letter is not None
    if is_there and not is_confirmed:
        findings.recovered.append(told.name)
    if is_confirmed and not is_there:
        findings.lost.append(f"{told.name}: confirmed, and nowhere to be found")
    if told.letter is not None and told.letter["reason"] == "broker_dead_lettered":
        findings.given_up.append(told.name)
    if told.rows:
        _check_end(findings, told, told.rows[-1])
        _check_outcomes(findings, told)


def _check_end(findings: Findings, told: _Told, last: Row) -> None:
    letter = told.letter
    if last["state"] == "trying":
        findings.lost.append(f"{told.name}: claimed by somebody who is gone, and nobody takes it up")
    elif last["state"] not in ENDED:
        findings.unfinished.append(f"{told.name}: {last['state']}")
    if last["state"] == "failed" and (
        letter is None or letter["generation"] != last["generation"] or letter["state"] == "reprocessing"
    ):
        findings.lost.append(f"{told.name}: Failed in the ledger, and its dead letter is {letter}")


def _check_outcomes(findings: Findings, told: _Told) -> None:
    for request in told.requests:
        outcome = told.outcome(request)
        if outcome == "delivered" and told.key not in request.applied:
            findings.lost.append(f"{told.name}: told as delivered by {request.request_id}, and never carried out")
        if outcome == "refused" and told.key in request.applied:
            findings.untrue.append(f"{told.name}: told as refused by {request.request_id}, and carried out")
    is_delivered = any(row["state"] == "delivered" for row in told.rows)
    if is_delivered and not any(told.key in request.applied for request in told.requests):
        findings.lost.append(f"{told.name}: told as delivered, and never carried out")


# --- I2 ---------------------------------------------------------------------------------------------------------------


def _check_budget(findings: Findings, told: _Told, history: History, evidence: Evidence) -> None:
    highest = max(history.retry_counts)
    for row in told.rows:
        if row["attempts"] > highest:
            findings.over_budget.append(f"{told.name}/{row['generation']}: {row['attempts']} attempts of {highest}")
    for attempt in told.attempts:
        allowed = evidence.retry_counts.get(attempt["settings_version"], highest)
        if attempt["number"] > allowed:
            findings.over_budget.append(
                f"{told.name}/{attempt['generation']}: attempt {attempt['number']} of {allowed}"
            )
    counted = Counter({row["generation"]: row["attempts"] for row in told.rows if row["attempts"]})
    written = Counter(row["generation"] for row in told.attempts)
    if told.rows and counted != written:
        findings.unrecorded.append(f"{told.name}: the ledger counts {dict(counted)}, written down are {dict(written)}")


def attempts_seen(requests: Sequence[ShopRequest]) -> list[ShopRequest]:
    """
    Leave out the requests that another one of the same attempt has followed.

    Where the shop refuses a whole bulk request without a word about which record was bad, the engine sends its records
    again in smaller requests, within the attempt.
    """
    return [
        request
        for place, request in enumerate(requests)
        if not (request.is_undetermined and any(_goes_on(request, later) for later in requests[place + 1 :]))
    ]


def _goes_on(request: ShopRequest, later: ShopRequest) -> bool:
    return (
        later.member == request.member
        and request.answered_at is not None
        and later.at >= request.answered_at
        and set(later.keys) < set(request.keys)
    )


# --- I2, I3, I6 and I7 ------------------------------------------------------------------------------------------------


def _check_requests(findings: Findings, told: _Told, history: History) -> None:
    seen = attempts_seen(told.requests)
    late = [request for request in seen if _is_late(told, request, history)]
    findings.late += [f"{told.name}: {request.request_id}" for request in late]
    once = Counter(request.request_id for request in seen)
    for request_id, times in once.items():
        if times > 1:
            findings.unrecorded.append(f"{told.name}: one attempt, {times} requests with the id {request_id}")
    unknown = [request for request in seen if request.request_id not in told.attempt_of]
    recorded = sum(row["outcome"] == "unknown" for row in told.attempts)
    if len(unknown) > recorded:
        findings.unrecorded.append(
            f"{told.name}: {len(unknown)} requests whose outcome nobody knows, {recorded} such attempts written down"
        )
    for request in seen:
        if request not in late and (row := _failed_before(told, request)) is not None:
            findings.after_failed.append(
                f"{told.name}: request {request.request_id} {request.at - row['settled_at']:.3f} s after generation "
                f"{row['generation']} was Failed"
            )
    _check_doubles(findings, told, seen, late)
    _check_overlaps(findings, told, seen, sure_seconds=history.request_seconds / 2)


def _failed_before(told: _Told, request: ShopRequest) -> Row | None:
    """Find the generation that was Failed when *request* came, and that nobody had reprocessed by then."""
    for row, following in _with_following(told.rows):
        until = float("inf") if following is None else following["created_at"]
        if row["state"] == "failed" and row["settled_at"] < request.at < until:
            return row
    return None


def _with_following(rows: Sequence[Row]) -> Iterator[tuple[Row, Row | None]]:
    yield from zip_longest(rows, rows[1:])


def _is_late(told: _Told, request: ShopRequest, history: History) -> bool:
    """Tell whether *request* came from a process that had stood still, too late for its attempt to be known."""
    return request.request_id not in told.attempt_of and any(
        until <= request.at <= until + AFTER_THAW_SECONDS for _, until in history.frozen.get(request.member, ())
    )


def _check_doubles(findings: Findings, told: _Told, seen: Sequence[ShopRequest], late: Sequence[ShopRequest]) -> None:
    applied = [request for request in told.requests if told.key in request.applied]
    for request, _ in pairwise(applied):
        if told.outcome(request) != "delivered":
            findings.doubled_unknown.append(f"{told.name}: {request.request_id}")
    for place, request in enumerate(seen):
        over_at = request.answered_at
        if told.outcome(request) != "delivered" or over_at is None:
            continue
        again = [later for later in seen[place + 1 :] if later not in late and later.at >= over_at]
        findings.doubled_known += [
            f"{told.name}: {later.request_id} after {request.request_id} was told as delivered" for later in again
        ]


def _check_overlaps(findings: Findings, told: _Told, seen: Sequence[ShopRequest], *, sure_seconds: float) -> None:
    for request, later in pairwise(seen):
        if _is_held(told, request, later.at, sure_seconds=sure_seconds):
            findings.overlapping.append(f"{told.name}: {request.request_id} and {later.request_id}")


def _is_held(told: _Told, request: ShopRequest, at: float, *, sure_seconds: float) -> bool:
    """
    Tell whether the daemon that made *request* still had the message in hand at that time, its claim good.

    A request begins while its claim is good for as long as a request may take. On its way to the shop it may have lost
    half of that.
    """
    if request.status is None or request.answered_at is None or request.answered_at <= at:
        return False  # one that was never answered seems open here long after its daemon has given it up
    match told.outcome(request):
        case "unreachable":
            return False  # given up in time, and answered later
        case "unknown":
            return at - request.at < sure_seconds  # its daemon may have died; the claim outlives it
        case _:
            return True


# --- I4 ---------------------------------------------------------------------------------------------------------------


def _check_clicks(findings: Findings, history: History, evidence: Evidence) -> None:
    acts = Counter(UUID(row["message_id"]) for row in evidence.clicks)
    generations = evidence.generations()
    for letter in evidence.letters:
        message_id, number = letter["message_id"], letter["id"]
        rows = generations.get(message_id, (letter,))
        made = rows[-1]["generation"]
        sure, unsure = history.clicks[number], history.unsure_clicks[number]
        if not sure <= made <= sure + unsure:
            findings.generations.append(f"dead letter {number}: {sure} clicks and {unsure} unsure, generation {made}")
        if made != acts[message_id]:
            findings.generations.append(f"dead letter {number}: generation {made}, {acts[message_id]} in the audit log")
