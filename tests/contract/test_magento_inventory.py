"""Stock against a scripted store: what Magento takes in silence is found out before, what it refuses is bisected."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from daemon.magento.catalogue import Catalogue
from daemon.magento.inventory import InventorySender
from daemon.magento.rows import InputLimits
from queues.message import ChangeEvent, Message, decode, encode
from queues.verdicts import Delivered, Refused, Undetermined, Unreachable, Verdict
from tests.fakes.magento_store import Received, Script, ScriptedStore, StoreAnswer, answer, scripted_store
from tests.magento_recordings import recorded

SAVED = answer([])


def message(sku: str, **data: Any) -> Message:  # noqa: ANN401 - JSON
    event = ChangeEvent(
        id=sku,
        source="tests",
        type="to_magento.inventory",
        subject=sku,
        time=datetime(2026, 11, 21, tzinfo=UTC),
        data={"quantity": Decimal(5), **data},
    )
    return decode(encode(event))


def sender(store: ScriptedStore) -> InventorySender:
    return InventorySender(store.client, catalogue=Catalogue(store.client), limits=InputLimits())


def shop(*products: str | tuple[str, str], post: StoreAnswer = SAVED) -> Script:
    """A shop that has *products* (SKUs, or SKU and type) and answers *post* to every write."""
    types = dict(each if isinstance(each, tuple) else (each, "simple") for each in products)

    def script(request: Received) -> StoreAnswer:
        if request.method != "GET":
            return post
        asked = {
            sku.casefold()
            for name, value in request.query.items()
            if name.endswith("[value]")
            for sku in value.split(",")
        }
        items = [{"sku": sku, "type_id": kind} for sku, kind in types.items() if sku.casefold() in asked]
        return answer({"items": items or None, "total_count": len(items)})

    return script


def classes(verdicts: Sequence[Verdict]) -> list[type[Verdict]]:
    return [type(verdict) for verdict in verdicts]


async def test_stock_goes_in_one_request_sorted_by_sku_with_both_fields_that_are_needed() -> None:
    async with scripted_store(shop("A-1", "B-2", "C-3")) as store:
        messages = [
            message("C-3", quantity="0"),
            message("A-1", quantity="-2.5"),
            message("B-2", source_code="west", in_stock=False),
        ]
        verdicts = await sender(store).send(messages)

        (post,) = store.posts("/inventory/source-items")
        assert post.path == "/rest/all/V1/inventory/source-items"
        assert post.document == {
            "sourceItems": [
                {"sku": "A-1", "source_code": "default", "quantity": Decimal("-2.5"), "status": 0},
                {"sku": "B-2", "source_code": "west", "quantity": 5, "status": 0},
                {"sku": "C-3", "source_code": "default", "quantity": 0, "status": 0},
            ]
        }
        assert classes(verdicts) == [Delivered] * 3


async def test_what_magento_would_take_in_silence_is_refused_before_and_the_rest_goes_out() -> None:
    async with scripted_store(shop("A-1", "REC-1104", ("CONF", "configurable"), ("BUN", "bundle"))) as store:
        verdicts = await sender(store).send(list(map(message, ["A-1", "NONE", "rec-1104", "CONF", "BUN"])))

        (post,) = store.posts("/inventory/source-items")
        assert [row["sku"] for row in post.document["sourceItems"]] == ["A-1"]
        assert classes(verdicts) == [Delivered, Refused, Refused, Refused, Refused]
        refused = [verdict for verdict in verdicts if isinstance(verdict, Refused)]
        assert [verdict.error_class for verdict in refused] == ["not_found", "validation", "validation", "validation"]
        assert "'REC-1104'" in refused[1].text
        assert "configurable" in refused[2].text


async def test_nothing_left_to_send_makes_no_write() -> None:
    async with scripted_store(shop()) as store:
        await sender(store).send([message("NONE")])

        assert store.posts("") == []


async def test_a_known_sku_is_asked_for_once_in_five_minutes_and_an_unknown_one_every_time() -> None:
    async with scripted_store(shop("A-1")) as store:
        inventory = sender(store)
        for _ in range(3):
            await inventory.send([message("A-1")])
        known = len([each for each in store.requests if each.method == "GET"])
        for _ in range(3):
            await inventory.send([message("NONE")])
        unknown = len([each for each in store.requests if each.method == "GET"]) - known
        await store.clock.advance(301)
        await inventory.send([message("A-1")])

        assert (known, unknown) == (1, 3)
        assert len([each for each in store.requests if each.method == "GET"]) == 5


@pytest.mark.parametrize("name", ["si-25-one-no-status", "si-no-quantity", "si-several-faults", "si-unknown-source"])
async def test_a_refusal_of_several_is_undetermined_and_of_one_its_own(name: str) -> None:
    async with scripted_store(shop("A-1", "A-2", post=recorded(name))) as store:
        several = await sender(store).send([message("A-1"), message("A-2")])
        single = await sender(store).send([message("A-1")])

    assert classes(several) == [Undetermined, Undetermined]
    assert classes(single) == [Refused]


async def test_could_not_save_is_not_taken_for_a_fault_for_good() -> None:
    async with scripted_store(shop("A-1", post=recorded("si-unknown-source"))) as store:
        (verdict,) = await sender(store).send([message("A-1", source_code="nosuch")])

    assert isinstance(verdict, Refused)
    assert verdict.error_class == "target_error"
    assert "unknown source code" in verdict.text


async def test_validation_problems_are_told_readably() -> None:
    async with scripted_store(shop("A-1", post=recorded("si-several-faults"))) as store:
        (verdict,) = await sender(store).send([message("A-1")])

    assert isinstance(verdict, Refused)
    assert verdict.error_class == "validation"
    assert verdict.text == (
        'Validation Failed: "quantity" should be numeric.; "status" should be numeric.; "sku" can not be empty.'
    )


@pytest.mark.parametrize(
    ("name", "expected", "error_class"),
    [
        ("maintenance-get", Unreachable, "target_error"),
        ("auth-bad-token", Refused, "auth"),
        ("db-down-get", Refused, "target_error"),
        ("products-search-unknown-field", Refused, "target_error"),
        ("product-create-no-sku", Refused, "target_error"),
        ("sku-plus-get-raw-plus", Refused, "target_error"),
    ],
)
async def test_a_failed_look_up_sends_nothing_and_blames_no_record(name: str, expected: type, error_class: str) -> None:
    async with scripted_store(lambda _: recorded(name)) as store:
        verdicts = await sender(store).send([message("A-1"), message("A-2")])

        assert store.posts("") == []
    for verdict in verdicts:
        assert isinstance(verdict, expected)
        assert isinstance(verdict, Refused | Unreachable)
        assert verdict.error_class == error_class


async def test_the_same_sku_at_two_sources_is_two_rows() -> None:
    async with scripted_store(shop("A-1")) as store:
        verdicts = await sender(store).send([message("A-1", source_code="west"), message("A-1", source_code="east")])

        (post,) = store.posts("/inventory/source-items")
        assert sorted(row["source_code"] for row in post.document["sourceItems"]) == ["east", "west"]
        assert classes(verdicts) == [Delivered, Delivered]


async def test_an_answer_other_than_an_empty_list_is_no_success() -> None:
    async with scripted_store(shop("A-1", post=answer(["saved"]))) as store:
        verdicts = await sender(store).send([message("A-1")])

    assert classes(verdicts) == [Refused]


async def test_the_input_limit_splits_stock_too() -> None:
    skus = [f"A-{number:02}" for number in range(25)]
    inner = shop(*skus)

    def script(request: Received) -> StoreAnswer:
        too_many = request.method == "POST" and len(request.document["sourceItems"]) > 20
        return recorded("limit-20-source-25") if too_many else inner(request)

    async with scripted_store(script) as store:
        verdicts = await sender(store).send(list(map(message, skus)))

        assert classes(verdicts) == [Delivered] * 25
        assert [len(each.document["sourceItems"]) for each in store.posts("")] == [25, 20, 5]
