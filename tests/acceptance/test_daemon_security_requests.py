"""Requests meant to hurt: sockets that ask for nothing, bodies without end, quotes, line breaks and forged headers."""

import asyncio
import gzip
import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import aiormq
import pytest
from pamqp import commands
from pamqp.common import FieldTable

from queues.message import encode
from tests.acceptance.site import PRICING, PRODUCT_STATUS, TOKEN, Connector, change, changes

pytestmark = pytest.mark.asyncio(loop_scope="module")

SOCKETS: Final = 500
MOST_DESCRIPTORS: Final = 450
"""Connections the API may hold (400), and what the daemon needs for everything else."""
MIB: Final = 1024 * 1024
JSON: Final = {"Content-Type": "application/json"}
ONE_ATTEMPT: Final = {"retry_count": 1, "check_process_time": 1, "process_sleep_time": 1}
QUOTES: Final = (
    "'",
    "''; drop table dead_letters; --",
    "' or '1'='1",
    '"',
    "\\",
    "\\'",
    "%",
    "_",
    "%' --",
    ":state",
    "$1",
    "{0}",
    "x'); delete from audit_log; --",
    "\u02bc or 1=1",
    "/*",
    "1;select pg_sleep(60)",
)


def head(connector: Connector, method: str, path: str, *more: str) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: x", f"Authorization: Bearer {TOKEN}", *more]
    assert connector.daemon.is_running
    return "\r\n".join(lines).encode()


@asynccontextmanager
async def half_open(connector: Connector, number: int) -> AsyncIterator[None]:
    """Hold *number* sockets that send nothing, half a head, or half a body, and never the rest."""
    port = int(connector.api.address.rpartition(":")[2])
    started = (
        b"",
        b"GET /health/live HTTP/1.1\r\nHost: x\r\nX-",
        head(connector, "GET", "/api/v1/queues"),
        head(connector, "POST", "/api/v1/events", "Content-Type: application/json", "Content-Length: 1000", "", "[{"),
    )
    writers = []
    try:
        for each in range(number):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writers.append(writer)
            writer.write(started[each % len(started)])
        yield
    finally:
        for writer in writers:
            writer.transport.abort()


def descriptors(connector: Connector) -> int:
    return len(list(Path(f"/proc/{connector.daemon.pid}/fd").iterdir()))


def peak_memory(connector: Connector) -> int:
    """Give the largest size the daemon ever had, in bytes."""
    status = Path(f"/proc/{connector.daemon.pid}/status").read_text()
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) * 1024


async def test_five_hundred_half_open_sockets_hold_up_neither_the_api_nor_the_queues(connector: Connector) -> None:
    skus = connector.site.skus(30)

    async with half_open(connector, SOCKETS):
        assert (await connector.api.call("GET", "/health/ready")).status == 200
        await connector.collect(PRICING, changes(PRICING, skus))
        run = await connector.run_to_its_end(PRICING)
        held = descriptors(connector)

    assert run["delivered"] == len(skus)
    assert held < MOST_DESCRIPTORS
    assert connector.daemon.lines("http.failed") == []


async def test_a_body_that_unpacks_to_fifty_mebibytes_is_refused_and_costs_no_memory(connector: Connector) -> None:
    bomb = gzip.compress(b" " * 50 * MIB)
    before = peak_memory(connector)

    answers = [
        await connector.api.call(method, path, body=bomb, headers={**JSON, "Content-Encoding": "gzip"})
        for method, path in (
            ("POST", "dead-letters/reprocess"),
            ("POST", "events"),
            ("PUT", "settings/queue-processing"),
        )
    ]

    assert len(bomb) < MIB
    assert [(each.status, each.document["code"]) for each in answers] == [(413, "too_large")] * 3
    assert peak_memory(connector) - before < 40 * MIB


@pytest.mark.parametrize(
    "body", [b"no gzip at all", gzip.compress(b"{}" * 5_000)[:-30]], ids=["no gzip at all", "cut short"]
)
async def test_a_body_that_cannot_be_unpacked_is_the_callers_fault(connector: Connector, body: bytes) -> None:
    answer = await connector.api.call("POST", "events", body=body, headers={**JSON, "Content-Encoding": "gzip"})

    assert (answer.status, answer.document["code"]) in {(400, "body_cut_off"), (400, "not_json")}


async def pieces(size: int) -> AsyncIterator[bytes]:
    for _ in range(0, size, 65_536):
        yield b" " * 65_536


@pytest.mark.parametrize("path", ["dead-letters/reprocess", "queues/to_magento.pricing/pause", "tokens"])
async def test_a_body_beyond_its_limit_is_refused(connector: Connector, path: str) -> None:
    told = await connector.api.call("POST", path, body=pieces(MIB + 1), headers=JSON)

    assert (told.status, told.document["code"]) == (413, "too_large")


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("dead-letters/reprocess", {"ids": list(range(1, 10_002))}, 422),
        ("dead-letters/reprocess", {"ids": [2**63]}, 422),
        ("dead-letters/reprocess", {"ids": []}, 422),
        ("dead-letters/reprocess", {"filter": {"key": "x" * 256}}, 422),
        ("intake/stop", {"reason": "x" * 1_001}, 422),
    ],
)
async def test_lists_and_texts_have_their_limits(
    connector: Connector, path: str, body: Mapping[str, object], status: int
) -> None:
    answer = await connector.api.call("POST", path, document=body)

    assert answer.status == status


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"a":' * 100_000 + b"1" + b"}" * 100_000, b"[" * 70 + b"]" * 70])
async def test_nesting_has_its_limit(connector: Connector, body: bytes) -> None:
    for path in ("dead-letters/reprocess", "events"):
        answer = await connector.api.call("POST", path, body=body, headers=JSON)

        assert answer.status in {400, 422}


@pytest.mark.parametrize("size", ["0", "501", "-1", "1e3", "50;", "999999999999"])
async def test_a_page_has_its_limit(connector: Connector, size: str) -> None:
    for path in ("dead-letters", "runs", "sync-log", "audit", "settings/queue-processing/history"):
        assert (await connector.api.call("GET", path, query={"limit": size})).status == 422


async def test_quotes_are_text_wherever_they_stand(connector: Connector) -> None:
    before = await connector.site.rows("select (select count(*) from audit_log) as acts, now() as at")
    statuses = set()

    for quote in QUOTES:
        for path, names in (
            ("dead-letters", ("queue", "key", "error_class", "q")),
            ("dead-letters/export", ("key", "q")),
            ("sync-log", ("queue",)),
            ("runs", ("queue",)),
            ("audit", ("actor", "action", "target", "token")),
        ):
            statuses.add((await connector.api.call("GET", path, query=dict.fromkeys(names, quote))).status)
        for path in ("dead-letters", "audit"):
            bad = await connector.api.call("GET", path, query={"since": quote, "cursor": quote})
            assert bad.status == 422
        refused = await connector.api.call("POST", "dead-letters/reprocess", document={"filter": {"q": quote * 3}})
        statuses.add(refused.status)
        assert refused.document.get("requeued", 0) == 0

    after = await connector.site.rows("select count(*) as acts from audit_log where at < $1", before[0]["at"])
    assert statuses <= {200, 202}
    assert after[0]["acts"] == before[0]["acts"]
    assert connector.daemon.lines("http.failed") == []


async def test_ids_with_line_breaks_and_escapes_stay_in_their_line(connector: Connector) -> None:
    forged = 'x\r\n{"event": "daemon.stopped", "level": "info"}\r\n\x1b[2J\x1b]0;owned\x07\u2028\u202e'
    event = json.loads(encode(change(PRICING, forged)))
    bodies = [json.dumps({**event, "id": forged + str(each), "data": {"price": each}}).encode() for each in (-1, 1)]

    await connector.site.publish_bytes(PRICING, bodies)
    for body in bodies:
        await connector.api.call("POST", "events", body=body, headers=JSON)
    await connector.api.call("GET", "/" + "%0d%0aX: y%1b[31m", headers={"X-Request-ID": "forged id\t"})
    await connector.api.put_settings(**ONE_ATTEMPT)
    await connector.run_to_its_end(PRICING)
    await connector.api.until("dead-letters", lambda page: page["items"], q="daemon.stopped")

    texts = connector.daemon.text
    assert all(json.loads(line)["event"] for line in texts)
    assert all(character.isprintable() for line in texts for character in line)
    assert connector.daemon.lines("daemon.stopped") == []


async def test_headers_give_a_message_no_authority(connector: Connector) -> None:
    [sku] = connector.site.skus(1)
    await connector.site.store.reject(sku)
    await connector.api.put_settings(**ONE_ATTEMPT)
    await connector.pause(PRODUCT_STATUS)
    event = change(PRODUCT_STATUS, sku)
    claims: FieldTable = {
        "x-delivery-count": 999,
        "x-acquired-count": 999,
        "attempts": 999,
        "generation": 99,
        "state": "delivered",
        "x-death": [{"count": 50, "reason": "delivery_limit", "queue": "x"}],
        "message_id": "00000000-0000-0000-0000-000000000000",
    }
    link = await aiormq.connect(connector.site.broker_url)
    try:
        channel = await link.channel(publisher_confirms=True)
        await channel.basic_publish(
            encode(event),
            exchange=f"{connector.site.instance}.events",
            routing_key=PRODUCT_STATUS,
            properties=commands.Basic.Properties(
                delivery_mode=2, headers=claims, message_id="forged", user_id=None, priority=255, timestamp=None
            ),
        )
    finally:
        await link.close()

    await connector.wait_until_waiting(PRODUCT_STATUS, 1)
    await connector.run_to_its_end(PRODUCT_STATUS)

    letter = await connector.letter_of(sku)
    story = await connector.api.get(f"dead-letters/{letter['id']}")
    assert (letter["generation"], letter["attempts"]) == (0, 1)
    assert [each["number"] for each in story["attempt_log"]] == [1]
    assert story["headers"]["generation"] == "99"
