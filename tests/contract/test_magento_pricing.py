"""Prices against a scripted store that answers with the words of the recorded one."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from daemon.magento.pricing import PricingSender
from daemon.magento.rows import InputLimits
from daemon.magento.stores import StoreViews
from queues.message import ChangeEvent, Message, decode, encode
from queues.verdicts import Delivered, Refused, Undetermined, Unreachable, Verdict
from tests.fakes.magento_store import Received, ScriptedStore, StoreAnswer, answer, scripted_store
from tests.magento_recordings import recorded

BASE = "/products/base-prices"
SAVED = answer([])


def message(sku: str, *, storeview: str | None = None, **data: Any) -> Message:  # noqa: ANN401 - JSON
    event = ChangeEvent(
        id=sku,
        source="tests",
        type="to_magento.pricing",
        subject=sku,
        time=datetime(2026, 11, 21, tzinfo=UTC),
        storeview=storeview,
        data={"price": Decimal("12.50"), **data},
    )
    return decode(encode(event))


def sender(store: ScriptedStore, limits: InputLimits | None = None) -> PricingSender:
    return PricingSender(store.client, stores=StoreViews(store.client), limits=limits or InputLimits())


def classes(verdicts: Sequence[Verdict]) -> list[type[Verdict]]:
    return [type(verdict) for verdict in verdicts]


async def test_records_go_in_one_request_sorted_by_sku_and_answered_in_their_own_order() -> None:
    refused = answer([{"message": "Invalid attribute %fieldName = %fieldValue.", "parameters": ["SKU", "B-2"]}])
    async with scripted_store(lambda _: refused) as store:
        verdicts = await sender(store).send([message("C-3"), message("B-2"), message("A-1")])

        assert [row["sku"] for row in store.requests[0].document["prices"]] == ["A-1", "B-2", "C-3"]
        assert classes(verdicts) == [Delivered, Refused, Delivered]
        assert len(store.requests) == 1
        assert store.requests[0].path == "/rest/all/V1/products/base-prices"


async def test_the_price_goes_out_digit_for_digit_in_the_global_scope() -> None:
    async with scripted_store(lambda _: SAVED) as store:
        await sender(store).send([message("A-1", price="0.100000"), message("A-2", price="99999999999999.123456")])

        assert b'"price":0.100000,' in store.requests[0].body
        assert b'"price":99999999999999.123456,' in store.requests[0].body
        assert [row["store_id"] for row in store.requests[0].document["prices"]] == [0, 0]


async def test_one_unknown_sku_of_25_is_refused_and_the_others_arrive() -> None:
    skus = [f"REC-10{number:02}" for number in range(1, 25)]
    async with scripted_store(lambda _: recorded("base-25-one-unknown-sku")) as store:
        verdicts = await sender(store).send([message("REC-NONE"), *map(message, skus)])

    assert isinstance(verdicts[0], Refused)
    assert verdicts[0].error_class == "not_found"
    assert "SKU = REC-NONE" in verdicts[0].text
    assert verdicts[0].exchange is not None
    assert verdicts[0].exchange.records == 25
    assert classes(verdicts[1:]) == [Delivered] * 24


async def test_a_refusal_without_a_sku_leaves_the_unnamed_rows_undetermined() -> None:
    async with scripted_store(lambda _: recorded("base-two-unknown-one-negative")) as store:
        verdicts = await sender(store).send(list(map(message, ["REC-NONE1", "REC-1001", "REC-NONE2", "REC-1002"])))

    assert classes(verdicts) == [Refused, Undetermined, Refused, Undetermined]


async def test_a_refusal_without_a_sku_of_the_only_row_left_is_its_own() -> None:
    async with scripted_store(lambda _: recorded("base-two-unknown-one-negative")) as store:
        verdicts = await sender(store).send(list(map(message, ["REC-NONE1", "REC-1001", "REC-NONE2"])))

    assert classes(verdicts) == [Refused, Refused, Refused]
    assert isinstance(verdicts[1], Refused)
    assert "Price = -4" in verdicts[1].text


HELD = {"price": 9.5, "store_id": 0, "sku": "A-1", "price_from": "2030-01-01 00:00:00", "price_to": None}


def has_special_prices(request: Received) -> StoreAnswer:
    return answer([HELD]) if request.path.endswith("special-price-information") else SAVED


async def test_a_special_price_that_is_no_more_is_looked_up_and_taken_out_as_it_stands() -> None:
    async with scripted_store(has_special_prices) as store:
        verdicts = await sender(store).send(
            [message("B-2", special_price_withdrawn=True), message("A-1", special_price_withdrawn=True), message("C-3")]
        )

        asked = [(request.path.rpartition("/")[2], request.document) for request in store.requests]

    assert classes(verdicts) == [Delivered] * 3
    assert asked[1:] == [
        ("special-price-information", {"skus": ["A-1", "B-2"]}),
        (
            "special-price-delete",
            {"prices": [{"price": 9.5, "store_id": 0, "sku": "A-1", "price_from": "2030-01-01 00:00:00"}]},
        ),
    ]
    # What says most of a record is its last write.
    assert [each.exchange.request.rpartition("/")[2] for each in verdicts if each.exchange] == [
        "base-prices", "special-price-delete", "base-prices",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (answer({}), Refused),
        (answer([{"sku": "A-1"}]), Refused),
        (answer({"message": "no"}, status=401), Refused),
    ],
    ids=["no-list", "no-row", "refused"],
)
async def test_special_prices_that_cannot_be_looked_up_fail_those_that_are_no_more(
    said: StoreAnswer, expected: type
) -> None:
    async with scripted_store(
        lambda request: said if request.path.endswith("special-price-information") else SAVED
    ) as store:
        verdicts = await sender(store).send([message("A-1", special_price_withdrawn=True), message("B-2")])

    assert classes(verdicts) == [expected, Delivered]


def complaint(store: int, text: str) -> dict[str, object]:
    return {
        "message": f"{text} Row ID: SKU = A-1, Store ID: {store}.",
        "parameters": ["-1", "A-1", str(store), None, None],
    }


NEGATIVE = [complaint(0, "Invalid attribute Price = -1."), complaint(1, "Invalid attribute Price = -1.")]
NOT_BY_WEBSITE = {
    "message": "Could not change non global Price when price scope is global.",
    "parameters": ["A-1", "1", None, None],
}


def store_of(*probed: object) -> Callable[[Received], StoreAnswer]:
    def behave(request: Received) -> StoreAnswer:
        if request.path.endswith("storeConfigs"):
            return answer([{"id": 1, "code": "eu_en", "website_id": 1}])
        return answer(list(probed)) if request.path.endswith("special-price") else SAVED

    return behave


async def test_the_price_of_one_website_goes_out_by_its_store_view_when_the_store_keeps_it_there() -> None:
    async with scripted_store(store_of(*NEGATIVE)) as store:
        pricing = sender(store)
        first = await pricing.send([message("A-1", storeview="eu_en", website="eu"), message("A-1")])
        again = await pricing.send([message("B-2", storeview="eu_en", website="eu")])
        writes = [request for request in store.requests if request.path.endswith(BASE)]
        probes = [request for request in store.requests if request.path.endswith("special-price")]

    assert classes([*first, *again]) == [Delivered] * 3
    assert [sorted(row["store_id"] for row in each.document["prices"]) for each in writes] == [[0, 1], [1]]
    assert [[row["price"] for row in each.document["prices"]] for each in probes] == [[-1, -1]]


async def test_the_price_of_one_website_never_becomes_that_of_all() -> None:
    async with scripted_store(store_of(*NEGATIVE, NOT_BY_WEBSITE)) as store:
        of_website = [message(sku, storeview="eu_en", website="eu") for sku in ("A-1", "C-3")]
        verdicts = await sender(store).send([*of_website, message("B-2")])
        writes = [request for request in store.requests if request.path.endswith(BASE)]
        probes = [request for request in store.requests if request.path.endswith("special-price")]

    assert (classes(verdicts), len(probes)) == ([Refused, Refused, Delivered], 1)
    assert isinstance(verdicts[0], Refused)
    assert (verdicts[0].error_class, "Catalog Price Scope" in verdicts[0].text) == ("mapping", True)
    assert [row["sku"] for row in writes[0].document["prices"]] == ["B-2"]


async def test_a_price_that_a_website_inherits_is_not_written_for_it() -> None:
    held = {**HELD, "store_id": 1}
    told: dict[str, Any] = {
        "storeview": "eu_en",
        "website": "eu",
        "price_inherited": True,
        "special_price_withdrawn": True,
    }

    def behave(request: Received) -> StoreAnswer:
        return answer([held]) if request.path.endswith("information") else store_of(*NEGATIVE)(request)

    async with scripted_store(behave) as store:
        verdicts = await sender(store).send([message("A-1", **told), message("B-2", **told)])
        deleted = [request for request in store.requests if request.path.endswith("delete")]
        writes = [request for request in store.requests if request.path.endswith(BASE)]

    assert classes(verdicts) == [Delivered, Delivered]
    assert [(row["sku"], row["store_id"]) for each in deleted for row in each.document["prices"]] == [("A-1", 1)]
    assert not writes


async def test_a_deadlock_blames_nobody() -> None:
    deadlock = answer({"message": "Could not save Prices."}, status=400)
    async with scripted_store(lambda _: deadlock) as store:
        several = await sender(store).send([message("A-1"), message("A-2")])
        single = await sender(store).send([message("A-1")])

    assert classes([*several, *single]) == [Undetermined] * 3


@pytest.mark.parametrize(
    ("name", "expected", "error_class"),
    [
        ("maintenance-post", Unreachable, "target_error"),
        ("db-down-post", Refused, "target_error"),
        ("php-down-get", Refused, "target_error"),
        ("auth-no-permission-write", Refused, "auth"),
        ("store-code-unknown", Refused, "target_error"),
        ("route-no-rest", Refused, "target_error"),
        ("method-wrong-put", Refused, "target_error"),
        ("orders-search-unknown-field", Refused, "target_error"),
        ("product-create-no-sku", Undetermined, "target_error"),
        ("base-text-abc", Undetermined, "validation"),
    ],
)
async def test_what_the_recorded_shop_says_of_a_whole_call(name: str, expected: type, error_class: str) -> None:
    async with scripted_store(lambda _: recorded(name)) as store:
        verdicts = await sender(store).send([message("A-1"), message("A-2")])

    for verdict in verdicts:
        assert isinstance(verdict, expected)
        assert isinstance(verdict, Refused | Unreachable | Undetermined)
        assert verdict.error_class == error_class
        assert verdict.exchange is not None
        assert verdict.exchange.status == verdict.status
        assert verdict.text


@pytest.mark.parametrize(
    "said",
    [
        StoreAnswer(body=b"<!doctype html><title>Welcome</title>", content_type="text/html"),
        StoreAnswer(body=b"[]", content_type="text/html"),
        StoreAnswer(body=b"[", content_type="application/json"),
        StoreAnswer(body=b"", content_type="application/json"),
        StoreAnswer(body=b"[" * 100_000, content_type="application/json"),
        StoreAnswer(body=b"\xff\xfe[]", content_type="application/json"),
        answer({}),
        answer({"message": "done"}),
        answer(None),
        answer(True),  # noqa: FBT003 - JSON
        answer(["no"]),
        answer([{"message": 5}]),
        StoreAnswer(status=202, body=b"[]"),
    ],
)
async def test_200_without_a_list_of_refusals_is_no_success(said: StoreAnswer) -> None:
    async with scripted_store(lambda _: said) as store:
        verdicts = await sender(store).send([message("A-1"), message("A-2")])

    assert classes(verdicts) == [Refused, Refused]
    assert {verdict.error_class for verdict in verdicts if isinstance(verdict, Refused)} == {"target_error"}


@pytest.mark.parametrize(("header", "seconds"), [("7", 7.0), ("999999999999999", 3600.0), ("soon", None)])
async def test_429_tells_how_long_to_wait(header: str, seconds: float | None) -> None:
    said = StoreAnswer(status=429, body=b"", headers={"Retry-After": header})
    async with scripted_store(lambda _: said) as store:
        (verdict,) = await sender(store).send([message("A-1")])

    assert isinstance(verdict, Refused)
    assert verdict.error_class == "rate_limit"
    assert verdict.retry_after_seconds == seconds


async def test_a_learned_input_limit_splits_within_the_same_attempt_and_is_remembered() -> None:
    def script(request: Received) -> StoreAnswer:
        return recorded("limit-20-base-25") if len(request.document["prices"]) > 20 else SAVED

    messages = [message(f"REC-{number:04}") for number in range(50)]
    async with scripted_store(script) as store:
        pricing = sender(store)
        first = await pricing.send(messages)
        second = await pricing.send(messages)

        sizes = [len(request.document["prices"]) for request in store.requests]
        assert classes([*first, *second]) == [Delivered] * 100
        assert sizes == [50, 20, 20, 10, 20, 20, 10]


async def test_a_limit_below_one_row_does_not_go_on_for_ever() -> None:
    said = answer(
        {"message": 'Maximum items of type "%type" is %max', "parameters": {"type": "x", "max": 1}}, status=400
    )
    async with scripted_store(lambda _: said) as store:
        verdicts = await sender(store).send([message("A-1"), message("A-2")])

        assert classes(verdicts) == [Refused, Refused]
        assert len(store.requests) == 3


async def test_cost_and_special_price_follow_within_the_attempt_for_those_that_carry_them() -> None:
    def script(request: Received) -> StoreAnswer:
        if request.path.endswith("/special-price"):
            text = "The product that was requested doesn't exist. Verify the product and try again. Row ID: SKU = B-2, "
            return answer([{"message": f"{text}Store ID: 0, Price From: , Price To: .", "parameters": ["B-2", "0"]}])
        return SAVED

    messages = [
        message("C-3"),
        message("B-2", cost="3.10", special_price=9),
        message("A-1", special_price="8.99", special_from="2026-12-01T01:00:00+01:00", special_to="2026-12-24"),
    ]
    async with scripted_store(script) as store:
        verdicts = await sender(store).send(messages)

        assert [request.path.rpartition("/")[2] for request in store.requests] == [
            "base-prices",
            "cost",
            "special-price",
        ]
        assert store.requests[1].document == {"prices": [{"cost": Decimal("3.10"), "store_id": 0, "sku": "B-2"}]}
        assert store.requests[2].document["prices"][0] == {
            "price": Decimal("8.99"),
            "store_id": 0,
            "sku": "A-1",
            "price_from": "2026-12-01 00:00:00",
            "price_to": "2026-12-24 00:00:00",
        }
        assert classes(verdicts) == [Delivered, Refused, Delivered]


async def test_a_refused_base_price_is_not_followed_by_its_cost() -> None:
    refused = answer([{"message": "Invalid attribute %fieldName = %fieldValue.", "parameters": ["SKU", "A-1"]}])
    async with scripted_store(lambda _: refused) as store:
        await sender(store).send([message("A-1", cost=1)])

        assert len(store.requests) == 1


async def test_a_store_view_becomes_its_id_and_an_unknown_one_is_a_matter_of_mapping() -> None:
    def script(request: Received) -> StoreAnswer:
        return SAVED if request.method == "POST" else recorded("auth-ok-storeConfigs")

    messages = [
        message("A-1", storeview="second"),
        message("A-2", storeview="nosuch"),
        message("A-3"),
        message("A-4", storeview="all"),
    ]
    async with scripted_store(script) as store:
        pricing = sender(store)
        verdicts = await pricing.send(messages)
        await pricing.send(messages[:1])

        posts = store.posts(BASE)
        assert [(row["sku"], row["store_id"]) for row in posts[0].document["prices"]] == [
            ("A-1", 2),
            ("A-3", 0),
            ("A-4", 0),
        ]
        assert classes(verdicts) == [Delivered, Refused, Delivered, Delivered]
        assert isinstance(verdicts[1], Refused)
        assert verdicts[1].error_class == "mapping"
        assert len(store.requests) - len(posts) == 1


async def test_the_same_sku_in_two_store_views_is_two_rows_and_each_gets_its_own_refusal() -> None:
    text = "Requested store is not found. Row ID: SKU = A-1, Store ID: 2."

    def script(request: Received) -> StoreAnswer:
        if request.method == "GET":
            return recorded("auth-ok-storeConfigs")
        return answer([{"message": text, "parameters": ["A-1", "2"]}])

    async with scripted_store(script) as store:
        verdicts = await sender(store).send([message("A-1", storeview="default"), message("A-1", storeview="second")])

    assert classes(verdicts) == [Delivered, Refused]


async def test_a_price_that_no_shop_would_take_is_refused_without_a_request() -> None:
    async with scripted_store(lambda _: SAVED) as store:
        verdicts = await sender(store).send([message("A-1", price="-4"), message("A-2", price=Decimal("1e99999999"))])

        assert classes(verdicts) == [Refused, Refused]
        assert store.requests == []


async def test_a_probe_tells_whether_the_credentials_are_accepted() -> None:
    async with scripted_store(lambda _: recorded("auth-ok-storeConfigs")) as store:
        assert await sender(store).probe()
    async with scripted_store(lambda _: recorded("auth-bad-token")) as store:
        assert not await sender(store).probe()
