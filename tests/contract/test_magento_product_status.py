"""A product's status against a scripted store: only ever to the SKU exactly as stored."""

from datetime import UTC, datetime

import pytest

from daemon.magento.catalogue import Catalogue
from daemon.magento.product_status import ProductStatusSender
from daemon.magento.stores import StoreViews
from queues.message import ChangeEvent, Message, decode, encode
from queues.verdicts import Delivered, Refused, Skipped
from tests.fakes.magento_store import Received, ScriptedStore, StoreAnswer, answer, scripted_store
from tests.magento_recordings import recorded


def message(sku: str, status: object, *, storeview: str | None = None, **data: object) -> Message:
    event = ChangeEvent(
        id=sku,
        source="tests",
        type="to_magento.product_status",
        subject=sku,
        time=datetime(2026, 11, 21, tzinfo=UTC),
        storeview=storeview,
        data={"status": status, **data},
    )
    return decode(encode(event))


def sender(store: ScriptedStore) -> ProductStatusSender:
    return ProductStatusSender(store.client, catalogue=Catalogue(store.client), stores=StoreViews(store.client))


def shop(request: Received) -> StoreAnswer:
    """A shop with the one product `AC/1 b`."""
    if request.method == "PUT":
        return answer({"sku": "AC/1 b", "status": request.document["product"]["status"]})
    if request.path.endswith("/storeConfigs"):
        return recorded("auth-ok-storeConfigs")
    return answer({"items": [{"sku": "AC/1 b", "type_id": "configurable"}], "total_count": 1})


@pytest.mark.parametrize(("status", "number"), [("enabled", 1), ("disabled", 2)])
async def test_the_status_alone_is_put_under_all(status: str, number: int) -> None:
    async with scripted_store(shop) as store:
        verdicts = await sender(store).send([message("AC/1 b", status)])

        put = store.requests[-1]
        assert put.path == "/rest/all/V1/products/AC%2F1%20b"
        assert put.document == {"product": {"sku": "AC/1 b", "status": number}}
        assert [type(verdict) for verdict in verdicts] == [Delivered]


async def test_with_a_store_view_the_status_is_written_there() -> None:
    async with scripted_store(shop) as store:
        await sender(store).send([message("AC/1 b", "enabled", storeview="second")])

        assert store.requests[-1].path == "/rest/second/V1/products/AC%2F1%20b"


async def test_a_status_that_came_from_change_capture_is_skipped_where_the_shop_has_no_such_product() -> None:
    async with scripted_store(shop) as store:
        (verdict,) = await sender(store).send([message("AC/2", "disabled", when_missing="skip")])

        assert isinstance(verdict, Skipped)
        assert verdict.reason.startswith("not_in_shop: ")
        assert [request.method for request in store.requests if request.method == "PUT"] == []


@pytest.mark.parametrize("sku", ["ac/1 b", "AC/1 B", "AC/2"])
async def test_an_unknown_sku_or_one_in_other_letter_case_is_never_put(sku: str) -> None:
    async with scripted_store(shop) as store:
        verdicts = await sender(store).send([message(sku, "enabled")])

        assert [type(verdict) for verdict in verdicts] == [Refused]
        assert [request.method for request in store.requests] == ["GET"]


async def test_a_200_that_shows_another_status_is_not_applied() -> None:
    def script(request: Received) -> StoreAnswer:
        return answer({"sku": "AC/1 b", "status": 2}) if request.method == "PUT" else shop(request)

    async with scripted_store(script) as store:
        (verdict,) = await sender(store).send([message("AC/1 b", "enabled")])

    assert isinstance(verdict, Refused)
    assert verdict.error_class == "not_applied"


async def test_a_status_that_is_none_is_refused_without_a_request() -> None:
    async with scripted_store(shop) as store:
        (verdict,) = await sender(store).send([message("AC/1 b", 1)])

        assert isinstance(verdict, Refused)
        assert store.requests == []
