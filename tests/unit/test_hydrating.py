"""Key-only events: what goes out is what the ERP holds now; why nothing goes out is told."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from typing_extensions import override

from daemon.settings.document.connector import ConnectorSettings
from daemon.settings.document.scopes import SettingsDocument
from daemon.sync.gates.kept_back import KeptBack
from daemon.sync.hydrating import CurrentSettings, HydratingSender, NotRead, SwitchedSender, for_all_websites
from queues.errors import DatabaseUnavailable
from queues.message import ChangeEvent, Message, decode, encode
from queues.verdicts import Delivered, Refused, Skipped, Undetermined, Unreachable, Verdict


def message(key: str) -> Message:
    event = ChangeEvent(
        id=key, source="acumatica/Shop", type="to_magento.product", subject=key, time=datetime(2026, 11, 21, tzinfo=UTC)
    )
    return decode(encode(event))


@dataclass
class Erp:
    holds: dict[str, str | NotRead] = field(default_factory=dict)

    async def read(self, key: str, settings: ConnectorSettings) -> str | NotRead | None:
        assert settings == ConnectorSettings()
        return self.holds.get(key)


@dataclass
class Shop:
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    holds: list[str] = field(default_factory=list)

    async def write(self, record: str) -> Verdict:
        verdict = self.verdicts.get(record, Delivered())
        if isinstance(verdict, Delivered):
            self.holds.append(record)
        return verdict


class SlowErp(Erp):
    """Never answers."""

    @override
    async def read(self, key: str, settings: ConnectorSettings) -> str | NotRead | None:
        await asyncio.Event().wait()
        return await super().read(key, settings)


class SlowShop(Shop):
    """Never answers."""

    @override
    async def write(self, record: str) -> Verdict:
        await asyncio.Event().wait()
        return await super().write(record)


class NoSettings:
    async def document(self) -> SettingsDocument:
        raise DatabaseUnavailable("connection refused")


class Settings:
    async def document(self) -> SettingsDocument:
        return SettingsDocument()


def rule(record: str, _: ConnectorSettings, event: ChangeEvent) -> Sequence[str] | KeptBack | Refused:
    if record == "inactive":
        return KeptBack(reason="item_not_active", text=f"the status of item {event.subject} is 'Inactive'")
    if record == "nonsense":
        return Refused(error_class="mapping", text="the SKU is too long")
    return record.split("+")


async def yes() -> bool:
    return True


def sender(
    erp: Erp, shop: Shop, *, settings: CurrentSettings | None = None, budget: timedelta = timedelta(minutes=1)
) -> HydratingSender[str, str]:
    return HydratingSender(
        "product",
        reader=erp,
        rule=for_all_websites(rule),
        writer=shop,
        settings=settings or Settings(),
        probe=yes,
        budget=budget,
    )


async def test_what_goes_out_is_what_the_erp_holds_now() -> None:
    erp, shop = Erp({"A": "old"}), Shop()
    waiting = message("A")
    erp.holds["A"] = "new"

    assert await sender(erp, shop).send([waiting]) == [Delivered()]
    assert shop.holds == ["new"]


@pytest.mark.parametrize(
    ("held", "said"),
    [
        (None, "not_found: the ERP has no product A"),
        ("inactive", "item_not_active: the status of item A is 'Inactive'"),
    ],
)
async def test_what_is_kept_back_is_skipped_with_its_reason(held: str | None, said: str) -> None:
    erp, shop = Erp({} if held is None else {"A": held}), Shop()

    assert await sender(erp, shop).send([message("A")]) == [Skipped(reason=said)]
    assert not shop.holds


@pytest.mark.parametrize(
    "trouble",
    [Unreachable(text="nobody answers"), Refused(error_class="auth", text="no"), Undetermined(text="HTTP 500")],
)
async def test_an_erp_that_cannot_be_read_is_the_verdict(trouble: NotRead) -> None:
    erp, shop = Erp({"A": trouble}), Shop()

    assert await sender(erp, shop).send([message("A")]) == [trouble]


async def test_a_record_that_cannot_be_mapped_is_refused_and_the_others_go_on() -> None:
    erp, shop = Erp({"A": "nonsense", "B": "fine"}), Shop()

    verdicts = await sender(erp, shop).send([message("A"), message("B")])

    assert verdicts == [Refused(error_class="mapping", text="the SKU is too long"), Delivered()]
    assert shop.holds == ["fine"]


async def test_parts_are_written_in_order_up_to_the_first_that_fails() -> None:
    refused = Refused(error_class="validation", text="no such order", status=404)
    erp, shop = Erp({"A": "one+two+three"}), Shop({"two": refused})

    assert await sender(erp, shop).send([message("A")]) == [refused]
    assert shop.holds == ["one"]


@pytest.mark.parametrize(
    ("second", "held"),
    [
        (Refused(error_class="not_found", text="no such order", status=404), ["one", "three"]),
        (Unreachable(text="nobody there"), ["one"]),
        (Undetermined(text="cut off"), ["one"]),
    ],
    ids=["refused", "unreachable", "undetermined"],
)
async def test_parts_that_stand_alone_wait_for_no_other_unless_the_shop_is_away(
    second: Verdict, held: list[str]
) -> None:
    erp, shop = Erp({"A": "one+two+three"}), Shop({"two": second})
    alone = HydratingSender(
        "shipment",
        reader=erp,
        rule=for_all_websites(rule),
        writer=shop,
        settings=Settings(),
        probe=yes,
        budget=timedelta(minutes=1),
        parts_stand_alone=True,
    )

    assert await alone.send([message("A")]) == [second]
    assert shop.holds == held


_AT_ONCE = timedelta(milliseconds=1)


async def test_reading_that_takes_too_long_costs_no_attempt() -> None:
    (verdict,) = await sender(SlowErp(), Shop(), budget=_AT_ONCE).send([message("A")])

    assert isinstance(verdict, Unreachable)
    assert verdict.text.startswith("reading product A took longer than")


async def test_writing_that_takes_too_long_may_have_been_done() -> None:
    (verdict,) = await sender(Erp({"A": "new"}), SlowShop(), budget=_AT_ONCE).send([message("A")])

    assert isinstance(verdict, Undetermined)
    assert verdict.text.startswith("writing product A took longer than")


async def test_without_its_settings_nothing_is_tried() -> None:
    verdicts = await sender(Erp({"A": "new"}), Shop(), settings=NoSettings()).send([message("A"), message("B")])

    assert verdicts == [Unreachable(text="the settings could not be read: connection refused")] * 2


async def test_what_the_settings_keep_back_is_not_read_at_all() -> None:
    def off(_: SettingsDocument) -> KeptBack:
        return KeptBack(reason="sync_disabled", text="price.sales_price_sync is false")

    idle = SwitchedSender(sender(SlowErp(), Shop()), off, Settings())

    (verdict,) = await idle.send([message("A")])

    assert verdict == Skipped(reason="sync_disabled: price.sales_price_sync is false")
