"""The sandbox store answers as a recorded Magento 2.4.7-p3 did, exchange by exchange, in their order."""

import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from urllib.parse import quote

import aiohttp
import pytest

from daemon.sandbox.catalogue_files import CatalogueRow, fill_shop
from daemon.sandbox.faults import Fault
from daemon.sandbox.magento.attributes import Attribute
from daemon.sandbox.magento.ordering import OrderLine, place_order
from daemon.sandbox.magento.product_saving import save_product
from daemon.sandbox.magento.service import RestRequest
from daemon.sandbox.sandbox import Sandbox
from daemon.sandbox.serve import RunningSandbox, running_sandbox
from daemon.sandbox.settings import DEFAULT_CREDENTIALS, SandboxSettings
from tests.contract.magento_replay import Answer, Comparison, send

RECORDINGS = Path(__file__).parents[1] / "recordings" / "magento-2.4.7-p3.json"

# Exchanges that are not replayed: the beginning of their names, and why.
SKIPPED: Mapping[str, str] = {
    "cart-": "the shop window is not simulated; the orders made there are placed by other means",
    "refund": "credit memos are not simulated: they flow from the shop to the ERP",
    "creditmemos-": "as refunds",
    "client-gives-up-": "has no answer to compare; that the call is carried out is tested beside the request handler",
}

# Exchanges whose answers may differ, and why. What is compared all the same stands in `_differences`.
DEVIATING: Mapping[str, str] = {
    "auth-modules": "the sandbox names some modules, not all 299; the first four are compared",
    "route-no-rest": "the themed page of the shop is not copied; status and type are compared",
    "accept-xml": "the recording is cut off; its beginning is compared",
    "accept-httpx-default": "the recording keeps only the length of the gzip body; that it is gzip is compared",
    "admin-token-ok": "the token is made anew each time",
    "special-get": "the recording keeps only a few members; those are compared",
    "special-get-no-dates": "the recording keeps only a few members; those are compared",
    "conf-link-same-value": "the ids of the two products differ; that they are theirs is compared",
    "bulk-search-topic": "the recorded shop had queued others before; the form of the one shown is compared",
}

# Exchanges that stand elsewhere in the file than where they were made: the one they came before.
MOVED: Mapping[str, str] = {"bulk-products-1000": "conf-child-1"}


def _numbers(first: int, count: int) -> Iterator[int]:
    return iter(range(first, first + count))


# Bodies that the recordings file cuts short, made anew.
CUT_BODIES: Mapping[str, object] = {
    "bulk-products-1000": [
        {
            "product": {
                "sku": f"REC-{n}",
                "name": f"Part {n}",
                "attribute_set_id": 4,
                "price": 10,
                "status": 1,
                "visibility": 4,
                "type_id": "simple",
                "weight": 0.4,
                "extension_attributes": {"stock_item": {"qty": 100, "is_in_stock": True}},
                "custom_attributes": [{"attribute_code": "url_key", "value": f"rec-{n}"}],
            }
        }
        for n in _numbers(1001, 1000)
    ],
    "base-1000": {
        "prices": [{"price": 30 + n / 10_000, "store_id": 0, "sku": f"REC-{n}"} for n in _numbers(1001, 1000)]
    },
    "base-1000-half-unknown": {
        "prices": [{"price": 31, "store_id": 0, "sku": f"REC-{n}"} for n in _numbers(1501, 1000)]
    },
    "si-1000": {
        "sourceItems": [
            {"sku": f"REC-{n}", "source_code": "default", "quantity": 50, "status": 1} for n in _numbers(1001, 1000)
        ]
    },
}


def _consumed(sandbox: Sandbox) -> None:
    """What starting the consumer by hand did."""
    assert sandbox.service.consumer.run() > 0


def _use_in_the_set(sandbox: Sandbox) -> None:
    sandbox.shop.attributes.place("rec_use", 9, position=32)


def _another_parent(sandbox: Sandbox) -> None:
    given: dict[str, object] = {"sku": "REC-CONFX", "name": "Part X", "attribute_set_id": 9, "type_id": "configurable"}
    save_product(sandbox.shop, given, 0)


def _ordered(*lines: OrderLine) -> Callable[[Sandbox], None]:
    def change(sandbox: Sandbox) -> None:
        place_order(sandbox.shop, lines, email="olga@example.com")

    return change


def _called(path: str, body: object) -> Callable[[Sandbox], None]:
    """A call that was made and not recorded."""

    def change(sandbox: Sandbox) -> None:
        outcome = sandbox.service.answer(
            RestRequest(
                method="POST",
                raw_path=f"/rest/all/V1/{path}",
                raw_query="",
                url="",
                headers={
                    "authorization": f"Bearer {DEFAULT_CREDENTIALS.access_token}",
                    "content-type": "application/json",
                },
                body=json.dumps(body).encode(),
            )
        )
        assert outcome.reply is not None
        assert outcome.reply.status == 200

    return change


def _quantity(sku: str, quantity: int) -> Callable[[Sandbox], None]:
    def change(sandbox: Sandbox) -> None:
        product = sandbox.shop.catalogue.get(sku)
        assert product is not None
        product.stock.quantity = Decimal(quantity)

    return change


def _configured(**changes: object) -> Callable[[Sandbox], None]:
    def change(sandbox: Sandbox) -> None:
        for name, value in changes.items():
            setattr(sandbox.shop.configuration, name, value)

    return change


def _a_required_attribute(sandbox: Sandbox) -> None:
    sandbox.shop.attributes.add(
        Attribute(code="rec_must", label="Must", kind="varchar", sets=frozenset({9}), position=23, is_required=True)
    )


def _fault(fault: Fault | None) -> Callable[[Sandbox], None]:
    def change(sandbox: Sandbox) -> None:
        sandbox.faults.switch_off()
        if fault is not None:
            sandbox.faults.switch_on(fault)

    return change


def _more_products(sandbox: Sandbox, prefix: str, count: int) -> None:
    fill_shop(sandbox.shop, (CatalogueRow(sku=f"{prefix}{n}", name=f"{prefix}{n}") for n in range(count)))


def _limits_on(sandbox: Sandbox) -> None:
    sandbox.shop.configuration.input_limits = True
    broken = sandbox.shop.catalogue.get("REC-CONFX")
    assert broken is not None
    sandbox.shop.catalogue.remove(broken)  # mended by way of the database


def _after_the_timing(sandbox: Sandbox) -> None:
    _quantity("REC-1001", 92)(sandbox)
    _more_products(sandbox, "LEFT-BY-TIMING-", 124)  # what the timing rounds made


# What was done to the recorded shop by other means, before the exchange of that name.
BETWEEN: Mapping[str, Callable[[Sandbox], None]] = {
    "auth-bearer-switched-off": _configured(bearer=False),
    "auth-ok-storeConfigs": _configured(bearer=True),
    "oauth-ok-bearer-switched-off": _configured(bearer=False),
    "product-create": _use_in_the_set,
    "media-upload": _configured(bearer=True),
    "conf-child-1": _consumed,
    "conf-option-unknown-attribute": _another_parent,
    "order-get": _ordered(
        OrderLine(sku="REC-1001", quantity=Decimal(3)),
        OrderLine(sku="REC-1002"),
        OrderLine(sku="REC-CONF-GLOSS", quantity=Decimal(2), parent="REC-CONF"),
    ),
    "order2-hold": _ordered(OrderLine(sku="REC-1003")),
    "order3-ship-all": _ordered(OrderLine(sku="REC-1004")),
    "order4-updated-after-comment": _ordered(OrderLine(sku="REC-1005")),
    "order4-updated-after-ship": _called("order/4/ship", {}),
    "ship-unknown-item": _ordered(
        OrderLine(sku="REC-1006", quantity=Decimal(5)), OrderLine(sku="REC-1007", quantity=Decimal(2))
    ),
    "comment-custom-status-of-state": _ordered(OrderLine(sku="REC-1008", quantity=Decimal(2))),
    "order-status-by-post": _ordered(OrderLine(sku="REC-1009", quantity=Decimal(2), price=Decimal(18))),
    "bulk-status-done": _consumed,
    "bulk-business-errors-status": _consumed,
    "price-put-default-view": _quantity("REC-1300", 92),  # the timing rounds ran before
    "website-scope-base-store-0": _configured(price_scope="website"),
    "back-to-global-seen-default": _configured(price_scope="global"),
    "product-required-missing": _a_required_attribute,
    "limit-on-base-25": _limits_on,
    "limit-20-base-25": _configured(complex_array_limit=20),
    "maintenance-get": _fault(Fault(mode="maintenance")),
    "maintenance-over": _fault(None),
    "db-down-get": _fault(Fault(mode="database_down")),
    "db-up-again": _fault(None),
    "php-down-get": _fault(Fault(mode="bad_gateway")),
    "php-up-again": _fault(None),
    "search-down-product-put": _after_the_timing,
}


def _skip_reason(name: str) -> str | None:
    return next((reason for prefix, reason in SKIPPED.items() if name.startswith(prefix)), None)


def _recordings() -> list[dict[str, object]]:
    recordings: list[dict[str, object]] = json.loads(RECORDINGS.read_bytes())
    for moved, before in MOVED.items():
        one = next(recording for recording in recordings if recording["name"] == moved)
        recordings.remove(one)
        recordings.insert(next(at for at, each in enumerate(recordings) if each["name"] == before), one)
    return recordings


def _differences(name: str, recorded: Mapping[str, object], answer: Answer, comparison: Comparison) -> list[str]:
    body, answered = recorded["body"], answer.parsed()
    if name in DEVIATING:
        alike = not Comparison().differences(body, answered)
        return ["the exception is not needed"] if alike else _deviation(name, body, answer, comparison)
    if name.startswith("legacy-put") and isinstance(body, int):
        return comparison.same_id("item", body, answered, "body")
    return comparison.differences(body, answered)


def _deviation(name: str, body: object, answer: Answer, comparison: Comparison) -> list[str]:
    answered = answer.parsed()
    match name:
        case "auth-modules":
            assert isinstance(body, list)
            assert isinstance(answered, list)
            return comparison.differences(body[:4], answered[:4])
        case "route-no-rest":
            return []
        case "accept-xml":
            return [] if answer.text.startswith(str(body)) else [f"body: does not begin {body!r}"]
        case "accept-httpx-default":
            return [] if answer.compressed else ["body: not in gzip"]
        case "special-get" | "special-get-no-dates":
            assert isinstance(body, dict)
            assert isinstance(answered, dict)
            special = [row for row in answered["custom_attributes"] if row["attribute_code"].startswith("special_")]
            kept = {member: answered[member] for member in body}
            return comparison.differences(body, kept | {"custom_attributes": special})
        case _:
            return _deviation_of_ids(name, body, answered, comparison)


def _deviation_of_ids(name: str, body: object, answered: object, comparison: Comparison) -> list[str]:
    match name:
        case "conf-link-same-value":
            assert isinstance(body, dict)
            assert isinstance(answered, dict)
            ids = [str(comparison.answered("product", int(product_id))) for product_id in body["parameters"]]
            return comparison.differences({**body, "parameters": ids}, answered)
        case "admin-token-ok":
            return [] if isinstance(answered, str) and answered.count(".") == 2 else ["body: not a token"]
        case "bulk-search-topic":
            assert isinstance(body, dict)
            assert isinstance(answered, dict)
            (recorded,), (item,) = body["items"], answered["items"]
            forms = [{name: type(value) for name, value in each.items()} for each in (recorded, item)]
            return [] if forms[0] == forms[1] else ["body: another form"]
        case _:
            pytest.fail(f"{name}: how to compare it is not said")


def _with_our_ids(
    sandbox: Sandbox, comparison: Comparison, name: str, request: Mapping[str, object]
) -> tuple[str, object]:
    """The path and body of a request, with the ids and times that our answers had where it repeats recorded ones."""
    path = comparison.with_answered_bulks(str(request["path"]))
    body = CUT_BODIES.get(name, request.get("body"))
    if name == "orders-search-updated-exact":
        path = path.replace("2026-11-21%2018%3A04%3A27", quote(sandbox.shop.sales.orders[1].updated_at))
    if name == "conf-put-links":
        child = comparison.answered("product", 36)
        body = {"product": {"extension_attributes": {"configurable_product_links": [child]}}}
    return path, body


async def _replay(running: RunningSandbox) -> tuple[list[str], set[str]]:
    """Replay everything; return the differences and the names that were replayed."""
    running.sandbox.shop.configuration.consumer = False
    comparison, differences, replayed = Comparison(), [], set()
    async with aiohttp.ClientSession(auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar()) as client:
        for recording in _recordings():
            name = str(recording["name"])
            if name in BETWEEN:
                BETWEEN[name](running.sandbox)
            if _skip_reason(name) is not None:
                continue
            request, recorded = recording["request"], recording["response"]
            assert isinstance(request, dict)
            assert isinstance(recorded, dict)
            path, body = _with_our_ids(running.sandbox, comparison, name, request)
            answer = await send(client, running, recording, path, body)
            replayed.add(name)
            found = [] if answer.status == recorded["status"] else [f"status {recorded['status']} -> {answer.status}"]
            expected_type = recorded["headers"].get("Content-Type", answer.content_type)
            if answer.content_type != expected_type and request["method"] != "HEAD":
                found.append(f"type {expected_type!r} -> {answer.content_type!r}")
            found += _differences(name, recorded, answer, comparison)
            differences += [f"{name}: {difference}" for difference in found]
    return differences, replayed


@pytest.fixture
async def running() -> AsyncIterator[RunningSandbox]:
    async with running_sandbox(SandboxSettings(default_products=0)) as sandbox:
        yield sandbox


async def test_the_recorded_exchanges_are_answered_alike(running: RunningSandbox) -> None:
    differences, replayed = await _replay(running)

    assert differences == [], f"{len(differences)} differences:\n" + "\n".join(differences)
    assert len(replayed) == 739


def test_every_exception_of_the_tables_is_about_a_recording() -> None:
    names = [str(recording["name"]) for recording in _recordings()]

    assert [prefix for prefix in SKIPPED if not any(name.startswith(prefix) for name in names)] == []
    assert [name for name in (*DEVIATING, *CUT_BODIES, *BETWEEN, *MOVED) if name not in names] == []
    assert [name for name in (*DEVIATING, *CUT_BODIES) if _skip_reason(name) is not None] == []
