"""Test Connection tells apart what can be wrong between us and a store."""

import pytest

from daemon.magento.client import MagentoClient
from daemon.magento.connection import test_connection as check_connection
from daemon.magento.session import Timeouts, open_session
from tests.fakes.clock import FakeClock
from tests.fakes.magento_store import TOKEN, Received, StoreAnswer, answer, scripted_store
from tests.magento_recordings import recorded


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("maintenance-get", "maintenance"),
        ("store-code-unknown", "wrong_store_code"),
        ("route-no-rest", "wrong_path"),
        ("method-wrong-put", "wrong_path"),
        ("auth-bad-token", "unauthorised"),
        ("oauth-bad-signature", "unauthorised"),
        ("db-down-get", "unexpected"),
        ("php-down-get", "unexpected"),
        ("body-missing-field", "unexpected"),
    ],
)
async def test_every_kind_of_failure_has_its_reason(name: str, reason: str) -> None:
    async with scripted_store(lambda _: recorded(name)) as store:
        report = await check_connection(store.client)

    assert not report.ok
    assert report.reason == reason
    assert report.detail


async def test_nobody_there_is_unreachable() -> None:
    async with scripted_store(lambda _: answer([])) as store:
        base_url = store.base_url
    async with open_session(Timeouts()) as session:
        report = await check_connection(MagentoClient(base_url, None, session=session, clock=FakeClock()))

    assert not report.ok
    assert report.reason == "unreachable"


async def test_unauthorised_names_the_three_causes_and_no_token() -> None:
    async with scripted_store(lambda _: recorded("auth-bad-token")) as store:
        report = await check_connection(store.client)

    assert "revoked" in report.detail
    assert "bearer" in report.detail
    assert "permission" in report.detail
    assert TOKEN not in repr(report)


async def test_a_store_that_answers_shows_its_views_currency_and_time_zone() -> None:
    def script(request: Received) -> StoreAnswer:
        return recorded("auth-ok-storeConfigs") if request.path.endswith("/storeConfigs") else answer([])

    async with scripted_store(script) as store:
        report = await check_connection(store.client)

    assert report.ok
    assert not report.reason
    assert "default (USD, UTC)" in report.detail
    assert {config.code: config.id for config in report.stores}["second"] == 2


async def test_a_missing_permission_is_named() -> None:
    def script(request: Received) -> StoreAnswer:
        if request.path.endswith("/storeConfigs"):
            return recorded("auth-ok-storeConfigs")
        return recorded("auth-no-permission") if "base-prices" in request.path else answer([])

    async with scripted_store(script) as store:
        report = await check_connection(store.client)

    assert not report.ok
    assert report.reason == "missing_permission"
    assert report.missing_permissions == ("Magento_Catalog::catalog (prices)",)


async def test_nothing_is_changed_by_a_test() -> None:
    async with scripted_store(lambda _: answer([])) as store:
        await check_connection(store.client)

        writes = [request.path for request in store.requests if request.method != "GET"]
        assert writes == ["/rest/all/V1/products/base-prices-information"]
