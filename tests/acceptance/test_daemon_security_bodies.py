"""
Random and mutated bodies: the daemon lives, no exception escapes, and each body has exactly one fate.

A thousand here; CONNECTOR_TEST_BODIES=100000 (and CONNECTOR_TEST_SEED) by hand.
"""

import json
import os
import random
from collections.abc import Callable, Sequence
from typing import Final

import pytest

from daemon.sync.events import check_event
from queues.errors import InvalidMessage
from queues.message import decode, encode, identify
from queues.settings import QueueProcessingSettings
from tests.acceptance.site import PRICING, Connector, Site, change

pytestmark = pytest.mark.asyncio(loop_scope="module")

BODIES: Final = int(os.environ.get("CONNECTOR_TEST_BODIES", "1000"))
SEED: Final = int(os.environ.get("CONNECTOR_TEST_SEED", "20261121"))
CHUNK: Final = 5_000
"""Published and drained at once, so that neither the broker nor this test holds all of them."""
OVER_HTTP: Final = 300
LONGEST: Final = 2_000

NASTY: Final = (
    b"\x00",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    b"\\ud800",
    b"\\u0000",
    b"NaN",
    b"-Infinity",
    b"1e999999999",
    b"9" * 500,
    b"[" * 200,
    b'{"a":' * 200,
    b'"' * 50,
    b"\xe2\x80\xae",
    b"\r\n",
    b"true",
    b"null",
    b'"price": 1, "price": 2',
)


def flip(chance: random.Random, body: bytearray) -> None:
    for _ in range(chance.randint(1, 8)):
        body[chance.randrange(len(body))] = chance.randrange(256)


def cut(chance: random.Random, body: bytearray) -> None:
    del body[chance.randrange(len(body)) :]


def drop(chance: random.Random, body: bytearray) -> None:
    at = chance.randrange(len(body))
    del body[at : at + chance.randint(1, 20)]


def double(chance: random.Random, body: bytearray) -> None:
    at = chance.randrange(len(body))
    body[at:at] = body[at : at + chance.randint(1, 60)]


def insert(chance: random.Random, body: bytearray) -> None:
    at = chance.randrange(len(body) + 1)
    body[at:at] = chance.choice(NASTY)


def retype(chance: random.Random, body: bytearray) -> None:
    document = json.loads(body)
    member = chance.choice(sorted(document))
    document[member] = chance.choice([None, True, -1, 1.5, "", " ", [], {}, [[]], "x" * 300, 10**30, "\u202e\r\n"])
    body[:] = json.dumps(document).encode()


MUTATIONS: Final[Sequence[Callable[[random.Random, bytearray], None]]] = (flip, cut, drop, double, insert, retype)


def make_body(chance: random.Random, number: int) -> bytes:
    """Make one body: an event that is as it should be, one that was changed, or bytes of no kind at all."""
    kind = chance.random()
    if kind < 0.15:
        return chance.randbytes(chance.randint(0, LONGEST))
    good = encode(change(PRICING, f"FUZZ-{number % 50}", number=number))
    if kind < 0.25:
        return good
    body = bytearray(good)
    # What changes types reads JSON, so it goes first.
    for mutation in sorted(chance.choices(MUTATIONS, k=chance.randint(1, 3)), key=lambda each: each is not retype):
        if body:
            try:
                mutation(chance, body)
            except ValueError:
                continue
    return bytes(body)


def identity(body: bytes) -> str:
    """Tell by what the connector knows this body."""
    try:
        message = decode(body)
        check_event(message.event)
        return str(message.message_id)
    except InvalidMessage:
        return str(identify("", "", body))


async def fates(site: Site) -> dict[str, int]:
    """Count, for each message, the places where its end is written: the ledger's last word, and dead letters."""
    rows = await site.rows("""
        select message_id, count(*) as fates from (
            select message_id from ledger where state in ('delivered', 'skipped', 'superseded', 'coalesced')
            union all select message_id from dead_letters
        ) as ended group by message_id
    """)
    return {str(row["message_id"]): row["fates"] for row in rows}


async def drained(connector: Connector, bodies: Sequence[bytes]) -> None:
    await connector.pause(PRICING)
    await connector.site.publish_bytes(PRICING, bodies)
    while True:
        await connector.run_to_its_end(PRICING)
        queue = await connector.api.get(f"queues/{PRICING}")
        if queue["waiting"] == 0 and queue["trying"] == 0:
            return


async def test_every_body_has_one_fate_and_none_ends_the_daemon(own_site: Site) -> None:
    site = own_site
    # Above Threshold Count all goes in batches; one attempt, so that what the shop refuses has its fate at once.
    await site.put_settings(
        QueueProcessingSettings(
            threshold_count=0, batch_count=100, retry_count=1, check_process_time=1, process_sleep_time=1
        )
    )
    chance = random.Random(SEED)
    wanted: set[str] = set()
    async with site.connector() as connector:
        for first in range(0, BODIES, CHUNK):
            bodies = [make_body(chance, number) for number in range(first, min(first + CHUNK, BODIES))]
            wanted |= {identity(body) for body in bodies}
            await drained(connector, bodies)
        told = [
            await connector.api.call(
                "POST", "events", body=make_body(chance, BODIES + each), headers={"Content-Type": "application/json"}
            )
            for each in range(OVER_HTTP)
        ]

        found = await fates(site)
        missing = wanted - set(found)
        assert not missing, f"seed {SEED}: {len(missing)} of {len(wanted)} bodies have no fate"
        assert {each for each in wanted if found[each] != 1} == set(), f"seed {SEED}: more than one fate"
        assert {answer.status for answer in told} <= {202, 400, 413, 422}
        assert any(answer.status == 202 for answer in told)
        for event in ("http.failed", "run.failed", "run.crashed", "sender.crashed"):
            assert connector.daemon.lines(event) == []
        assert not [line for line in connector.daemon.log if "exception" in line]
        await connector.api.wait_until_ready()
        assert await connector.daemon.stop() == 0
