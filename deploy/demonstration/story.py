"""The story in words, told while it happens."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from deploy.demonstration.json_http import JsonHttp, UnexpectedAnswerError, wait_for
from deploy.demonstration.sample import EVENT_TYPE, SIZE, Sample, make_sample

SETTINGS_PATH = "/api/v1/settings/queue-processing"
QUEUE_PATH = f"/api/v1/queues/{EVENT_TYPE}"
PRICES_PATH = "/V1/products/base-prices"
REASON = "demonstration"

_ONE_RUN_SECONDS = 60.0
_MARGIN_SECONDS = 30.0
_SIZES_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """
    Where the story plays.

    Attributes:
        connector: the daemon's API.
        sandbox: the simulated store's own interface.
        sandbox_shown: how the person who watches reaches the sandbox.
        command: how that person starts `am-connector`.
        say: prints a line.
        check: raises if something that the story needs has ended.
    """

    connector: JsonHttp
    sandbox: JsonHttp
    sandbox_shown: str
    command: str
    say: Callable[[str], None]
    check: Callable[[], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The Queue Processing Settings in force; seconds where it is a time."""

    threshold_count: int
    batch_count: int
    retry_count: int
    check_process_time: int
    process_sleep_time: int

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> "Settings":
        """Take what the story needs out of the API's answer."""
        return cls(**{name: int(document[name]) for name in cls.__slots__})

    def requests(self, waiting: int) -> list[int]:
        """Return the records of each request that *waiting* messages go in (rule 1)."""
        if waiting <= self.threshold_count:
            return [1] * waiting
        full, rest = divmod(waiting, self.batch_count)
        return [self.batch_count] * full + ([rest] if rest else [])

    def patience_seconds(self) -> float:
        """Return how long Retry Count attempts may take if every one needs a run of its own."""
        return _ONE_RUN_SECONDS * self.retry_count + _MARGIN_SECONDS


def tell(stage: Stage) -> None:
    """
    Publish the sample and tell what becomes of it, to the end.

    Raises:
        UnexpectedAnswerError: it did not go as it should have; the text tells where.
    """
    settings = Settings.from_document(stage.connector.get(SETTINGS_PATH))
    sample = make_sample(_some_skus(stage))
    seen = _newest_request(stage)
    _collect(stage, sample, settings)
    letter = _watch(stage, sample, settings, seen=seen)
    _tell_failure(stage, letter, settings)
    _reprocess(stage, sample, letter, settings)


def _some_skus(stage: Stage) -> Sequence[str]:
    items = stage.sandbox.get("/_sandbox/catalogue", {"limit": SIZE * 2})["items"]
    return [item["sku"] for item in items if item["type_id"] == "simple"][:SIZE]


def _newest_request(stage: Stage) -> int:
    return max((int(item["n"]) for item in stage.sandbox.get("/_sandbox/requests", {"limit": 1})["items"]), default=0)


def _collect(stage: Stage, sample: Sample, settings: Settings) -> None:
    """Have all events waiting before the first check sees them: that is what Threshold Count decides by."""
    stage.say(
        f"The settings: Threshold Count {settings.threshold_count}, Batch Count {settings.batch_count}, "
        f"Retry Count {settings.retry_count}, Check Process Time {settings.check_process_time} s, "
        f"Process Sleep Time {settings.process_sleep_time} s."
    )
    stage.sandbox.put("/_sandbox/faults/reject", {"sku": sample.refused})
    stage.say(f"The store is told to refuse every price of {sample.refused}.")
    _pause(stage)
    try:
        before = _waiting(stage)
        answer = stage.connector.post(
            "/api/v1/events", list(sample.events), content_type="application/cloudevents-batch+json"
        )
        if answer["accepted"] + answer["duplicate"] != len(sample.events):
            raise UnexpectedAnswerError(f"of {len(sample.events)} events {answer['accepted']} were accepted: {answer}")
        waiting = wait_for(
            f"{len(sample.events)} waiting messages",
            lambda: count if (count := _waiting(stage)) >= before + len(sample.events) else None,
            seconds=_MARGIN_SECONDS,
            check=stage.check,
        )
        sizes = settings.requests(waiting)
        kind = "more than" if waiting > settings.threshold_count else "not more than"
        stage.say(
            f"{waiting} price changes wait in the queue {EVENT_TYPE}: {kind} Threshold Count, "
            f"so they go in {len(sizes)} requests ({_sum_of(sizes)})."
        )
    finally:
        stage.connector.post(f"{QUEUE_PATH}/resume", {"reason": REASON})
    try:
        stage.connector.post(f"{QUEUE_PATH}/run", {"reason": REASON})
    except UnexpectedAnswerError as error:
        # A run that is under way does as well; the next check takes them.
        stage.say(f"(run now: {error})")


def _pause(stage: Stage) -> None:
    """Pause the queue, unless a demonstration that was killed has left it paused."""
    paused = stage.connector.get(QUEUE_PATH)["paused"]
    if paused is None:
        stage.connector.post(f"{QUEUE_PATH}/pause", {"reason": REASON})
    elif paused["reason"] != REASON:
        raise UnexpectedAnswerError(f"{EVENT_TYPE} is paused by {paused['by']}: {paused['reason']}")


def _sum_of(sizes: Sequence[int]) -> str:
    return " + ".join([str(size) for size in sizes[:_SIZES_SHOWN]] + (["…"] if len(sizes) > _SIZES_SHOWN else []))


def _waiting(stage: Stage) -> int:
    document = stage.connector.get(QUEUE_PATH)
    if document["waiting"] is None:
        raise UnexpectedAnswerError(f"{EVENT_TYPE}: {document['broker_fault']}")
    return int(document["waiting"])


def _watch(stage: Stage, sample: Sample, settings: Settings, *, seen: int) -> dict[str, Any]:
    """Tell each request that reaches the store until the refused record is a Failed message; returns that."""
    requests = _requests(stage, seen, sample)
    event_id = sample.events[-1]["id"]

    def failed() -> dict[str, Any] | None:
        for line in requests:
            if line is None:
                break
            stage.say(line)
        letters = stage.connector.get("/api/v1/dead-letters", {"key": sample.refused, "state": "failed"})["items"]
        return next((letter for letter in letters if letter["event_id"] == event_id), None)

    return wait_for(
        f"the Failed message of {sample.refused}", failed, seconds=settings.patience_seconds(), check=stage.check
    )


def _requests(stage: Stage, seen: int, sample: Sample) -> Iterator[str | None]:
    """Give a line for each new price request at the store, and None whenever there is none."""
    number = 0
    attempts = 0
    while True:
        items = stage.sandbox.get("/_sandbox/requests", {"path": PRICES_PATH, "method": "POST", "since": seen})["items"]
        for item in (each for each in items if each["path"].endswith(PRICES_PATH)):
            number += 1
            has_refused = sample.refused in item["skus"]
            attempts += has_refused
            fate = f"; {sample.refused} is refused (attempt {attempts})" if has_refused else ""
            records = "1 record" if item["rows"] == 1 else f"{item['rows']} records"
            yield f"  request {number} at the store: {records}, answered {item['status']}{fate}"
        seen = max([seen, *(int(item["n"]) for item in items)])
        yield None


def _tell_failure(stage: Stage, letter: dict[str, Any], settings: Settings) -> None:
    if letter["attempts"] != settings.retry_count:
        raise UnexpectedAnswerError(
            f"{letter['key']} failed after {letter['attempts']} attempts, Retry Count is {settings.retry_count}"
        )
    stage.say(
        f"{letter['key']} is now a Failed message, dead letter {letter['id']}, after exactly {letter['attempts']} "
        "attempts. The other records are in the store. Nobody but a person sends it again."
    )
    stage.say(f"  why: {letter['error']}")


def _reprocess(stage: Stage, sample: Sample, letter: dict[str, Any], settings: Settings) -> None:
    stage.say("Now the record is put right in the store, and the message reprocessed, as you would do it yourself:")
    stage.say(f"  curl -X DELETE '{stage.sandbox_shown}/_sandbox/faults/reject?sku={sample.refused}'")
    stage.say(f"  {stage.command} dead-letters reprocess {letter['id']}")
    stage.sandbox.delete("/_sandbox/faults/reject", {"sku": sample.refused})
    stage.connector.post(f"/api/v1/dead-letters/{letter['id']}/reprocess", {"reason": REASON})
    stage.say("It waits again, with a new budget of attempts, for the next check of its queue …")

    def settled() -> dict[str, Any] | None:
        now: dict[str, Any] = stage.connector.get(f"/api/v1/dead-letters/{letter['id']}")
        return (
            now
            if now["state"] not in {"failed", "reprocessing"} or now["generation"] > letter["generation"] + 1
            else None
        )

    end = wait_for(
        f"the end of dead letter {letter['id']}", settled, seconds=settings.patience_seconds(), check=stage.check
    )
    product = stage.sandbox.get(f"/_sandbox/products/{sample.refused}")
    stage.say(
        f"Dead letter {letter['id']} is {end['state']}: the store has {sample.refused} at {_price(product)} "
        f"(sent: {sample.refused_price})."
    )


def _price(product: dict[str, Any]) -> str:
    return " / ".join(str(price) for price in product["prices"].values())
