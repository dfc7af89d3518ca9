"""Which requests are logged, under what words, and when the log is cleaned."""

import gzip
import json
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Literal

import pytest

from daemon.settings.document.logs import ACTIONS, Logging
from daemon.sync.entities import ENTITIES
from daemon.sync.log_actions import action_of
from daemon.sync_log.archive import archive_day, drop_archives
from daemon.sync_log.choosing import ChosenEntries, chosen
from daemon.sync_log.cleaning_times import drop_before, last_cleaning
from queues.definition import QueueDefinition
from queues.errors import DatabaseUnavailable
from queues.ports import EndState, FinishedRequest, Outcome
from queues.postgres.log_entries import level_of
from queues.verdicts import Exchange
from tests.strategies import message

Mode = Literal["single", "batch", "none"]


def queue(entity: str, direction: Literal["to_magento", "to_acumatica"] = "to_magento") -> QueueDefinition:
    return QueueDefinition(instance="main", direction=direction, entity=entity, batchable=False)


def finished(
    sent: str | None, *states: EndState | Literal["waiting"], status: int = 200, mode: Mode = "single"
) -> FinishedRequest:
    exchange = sent and Exchange(
        request=sent,
        request_id="r-1",
        started_at=datetime(2026, 11, 21, 10, tzinfo=UTC),
        duration_ms=12.0,
        records=len(states),
        status=status,
        answer="[]",
    )
    return FinishedRequest(
        mode=mode,
        exchange=exchange or None,
        outcomes=[
            Outcome(message=message(f"A-{number}"), attempt=1, verdict=None, state=state)
            for number, state in enumerate(states)
        ],
    )


@pytest.mark.parametrize(
    ("entity", "sent", "action"),
    [
        ("pricing", "POST /rest/all/V1/products/base-prices", "price_update"),
        ("pricing", "POST /rest/all/V1/products/special-price", "sales_price_update"),
        ("pricing", "PUT /rest/all/V1/products/tier-prices", "sales_price_update"),
        ("inventory", "POST /rest/all/V1/inventory/source-items", "inventory_update"),
        ("product", "POST /rest/all/V1/products", "product_create"),
        ("product", "PUT /rest/all/V1/products/A-1", "product_update"),
        ("product_status", "PUT /rest/all/V1/products/A-1", "product_update"),
        ("product_image", "POST /rest/all/V1/products/A-1/media", "product_update"),
        ("category", "POST /shop/rest/all/V1/categories", "category_create"),
        ("category", "PUT /rest/all/V1/categories/7", "category_update"),
        ("customer", "POST /rest/all/V1/customers", "customer_create"),
        ("customer", "DELETE /rest/all/V1/customers/7", "customer_delete"),
        ("order_status", "POST /rest/all/V1/orders/7/comments", "order_create"),
        ("shipment", "POST /rest/all/V1/order/7/ship", "shipment_create"),
    ],
)
def test_a_request_has_the_operators_word_for_what_it_did(entity: str, sent: str, action: str) -> None:
    assert action_of(queue(entity), finished(sent, "delivered")) == action


def test_what_went_no_further_than_its_queue_is_the_publishers() -> None:
    assert action_of(queue("pricing"), finished(None, "skipped", mode="none")) == "price_publisher"
    # A record that could not even be sent is no publisher's: it was tried.
    assert action_of(queue("product"), finished(None, "failed", mode="none")) == "product_update"


def test_every_word_for_a_request_of_any_queue_is_one_that_can_be_toggled() -> None:
    words = {
        action_of(queue(entity.name, entity.direction), finished(sent, state))
        for entity in ENTITIES
        for state in ("delivered", "skipped")
        for sent in (None, "POST /rest/all/V1/products", "PUT /rest/all/V1/products/A", "DELETE /rest/all/V1/x/1")
    }

    assert words - {""} <= set(ACTIONS)


@pytest.mark.parametrize(
    ("request_made", "level"),
    [
        (finished("PUT /x", "delivered"), "info"),
        (finished("PUT /x", "delivered", "failed", mode="batch"), "error"),
        (finished("PUT /x", "waiting"), "error"),
        (finished("PUT /x", "delivered", status=404), "error"),
        (finished(None, "skipped", mode="none"), "warning"),
        (finished(None, "superseded", mode="none"), "debug"),
    ],
)
def test_the_level_tells_how_much_a_request_matters(request_made: FinishedRequest, level: str) -> None:
    assert level_of(request_made) == level


def test_an_action_that_is_toggled_off_is_logged_only_when_it_went_wrong() -> None:
    requests = [finished("POST /rest/all/V1/products/base-prices", state) for state in ("delivered", "failed")]

    entries = chosen(queue("pricing"), requests, Logging(actions=("inventory_update",)))

    assert [(entry.request, entry.action, entry.level) for entry in entries] == [(requests[1], "price_update", "error")]


def test_below_the_lowest_level_only_errors_are_logged() -> None:
    requests = [finished("PUT /x", "delivered"), finished(None, "skipped", mode="none"), finished("PUT /x", "failed")]

    def levels(settings: Logging) -> list[str]:
        return [entry.level for entry in chosen(queue("product"), requests, settings)]

    assert levels(Logging()) == ["info", "warning", "error"]
    assert levels(Logging(level="warning")) == ["warning", "error"]
    assert levels(Logging(level="error")) == ["error"]


class Told:
    """Settings that can go away."""

    def __init__(self) -> None:
        self.settings = Logging(level="error")
        self.away = False

    async def logging(self) -> Logging:
        if self.away:
            raise DatabaseUnavailable("no answer")
        return self.settings


async def test_while_the_settings_cannot_be_read_the_last_ones_hold() -> None:
    told = Told()
    log = ChosenEntries(told)
    requests = [finished("PUT /x", "delivered")]

    before = await log.entries(queue("product"), requests)
    told.away = True
    while_away = await log.entries(queue("product"), requests)
    told.away, told.settings = False, Logging()
    after = await log.entries(queue("product"), requests)

    assert (len(before), len(while_away), len(after)) == (0, 0, 1)


@pytest.mark.parametrize(
    ("frequency", "now", "due"),
    [
        ("daily", "2026-11-22T00:59:59+00:00", "2026-11-21T01:00:00+00:00"),
        ("daily", "2026-11-22T01:00:00+00:00", "2026-11-22T01:00:00+00:00"),
        # The 22nd is a Sunday.
        ("weekly", "2026-11-22T12:00:00+00:00", "2026-11-16T01:00:00+00:00"),
        ("weekly", "2026-11-23T01:00:00+00:00", "2026-11-23T01:00:00+00:00"),
        ("monthly", "2026-11-22T12:00:00+00:00", "2026-11-01T01:00:00+00:00"),
        ("monthly", "2026-11-01T00:30:00+00:00", "2026-10-01T01:00:00+00:00"),
    ],
)
def test_the_log_is_cleaned_at_one_in_the_morning(
    frequency: Literal["daily", "weekly", "monthly"], now: str, due: str
) -> None:
    settings = Logging(cleaning_frequency=frequency)

    assert last_cleaning(datetime.fromisoformat(now), settings) == datetime.fromisoformat(due)


def test_a_lifetime_of_nought_keeps_the_log_for_ever() -> None:
    cleaning = datetime(2026, 11, 22, 1, tzinfo=UTC)

    assert drop_before(cleaning, Logging()) == datetime(2026, 11, 7, 1, tzinfo=UTC)
    assert drop_before(cleaning, Logging(lifetime_days=0)) is None


async def pages(*rows: Mapping[str, Any]) -> AsyncIterator[Sequence[Mapping[str, Any]]]:
    for row in rows:
        yield [row]


async def test_a_day_is_archived_whole_and_read_back(tmp_path: Path) -> None:
    path = await archive_day(tmp_path, date(2026, 11, 1), pages({"keys": ["A"]}, {"keys": ["B"]}))

    assert path.name == "sync_log_20261101.jsonl.gz"
    assert path.stat().st_mode & 0o777 == 0o600
    with gzip.open(path, "rt") as file:
        assert [json.loads(line) for line in file] == [{"keys": ["A"]}, {"keys": ["B"]}]


async def test_a_day_that_could_not_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    async def broken() -> AsyncIterator[Sequence[Mapping[str, Any]]]:
        yield [{"keys": ["A"]}]
        raise DatabaseUnavailable("no answer")

    with pytest.raises(DatabaseUnavailable):
        await archive_day(tmp_path, date(2026, 11, 1), broken())

    assert os.listdir(tmp_path) == []  # noqa: PTH208 - pathlib's way counts as blocking here


def test_old_archives_go_and_other_files_stay(tmp_path: Path) -> None:
    for name in ("sync_log_20261001.jsonl.gz", "sync_log_20261102.jsonl.gz", "notes.txt"):
        (tmp_path / name).touch()

    assert drop_archives(tmp_path, before=date(2026, 11, 1)) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["notes.txt", "sync_log_20261102.jsonl.gz"]
