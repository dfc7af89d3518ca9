"""Bad input: over HTTP a problem that names the member, from the broker a dead letter that was never attempted."""

import base64
import json
from dataclasses import dataclass
from typing import Any

import aiormq
import pytest
from pamqp import commands

from queues.message import encode
from tests.acceptance.daemon_process import run_command
from tests.acceptance.site import PRICING, TOKEN, Connector, change
from tests.acceptance.store import PRICES

pytestmark = pytest.mark.asyncio(loop_scope="module")

GOOD: dict[str, Any] = {
    "specversion": "1.0",
    "id": "event-1",
    "source": "tests",
    "type": PRICING,
    "subject": "AC-1001",
    "time": "2026-11-21T10:00:00Z",
    "data": {"price": "12.50"},
}


def event(**members: object) -> bytes:
    """Write the good event with other *members*; None takes one away."""
    document = {name: value for name, value in {**GOOD, **members}.items() if value is not None}
    return json.dumps(document).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Bad:
    """Bytes that are no event, and how that is told: status, code and member at fault."""

    name: str
    body: bytes
    status: int
    code: str
    member: str | None = None


BAD = (
    Bad(name="not JSON", body=b"{price: 12}", status=400, code="not_json"),
    Bad(name="nothing", body=b"", status=400, code="not_json"),
    Bad(name="cut off", body=event()[:40], status=400, code="not_json"),
    Bad(name="wrong encoding", body=b'{"subject": "caf\xe9"}', status=400, code="not_utf8"),
    Bad(name="NUL bytes", body=b"\x00\x00\x00", status=400, code="not_json"),
    Bad(name="a NUL in a text", body=event(subject="AC\x001"), status=422, code="invalid", member="subject"),
    Bad(name="a lone surrogate", body=event(subject="\ud800"), status=422, code="invalid", member="subject"),
    Bad(name="deep nesting", body=b"[" * 100_000 + b"]" * 100_000, status=422, code="invalid"),
    Bad(name="a huge number", body=event(data={"price": 10**390}), status=422, code="invalid", member="data.price"),
    Bad(name="5,000 digits", body=event()[:-3] + b"9" * 5_000 + b"}}", status=400, code="not_json"),
    Bad(name="NaN", body=event().replace(b'"12.50"', b"NaN"), status=400, code="not_json"),
    Bad(name="no type", body=event(type=None), status=422, code="missing", member="type"),
    Bad(name="an unknown type", body=event(type="to_magento.rumour"), status=422, code="unknown_type", member="type"),
    Bad(name="a negative price", body=event(data={"price": -1}), status=422, code="invalid", member="data.price"),
    Bad(name="no price", body=event(data={}), status=422, code="missing", member="data.price"),
    Bad(name="a price in words", body=event(data={"price": "ten"}), status=422, code="invalid", member="data.price"),
    Bad(name="no key", body=event(subject=None), status=422, code="missing", member="subject"),
    Bad(name="a blank key", body=event(subject="   "), status=422, code="invalid", member="subject"),
    Bad(name="no id", body=event(id=None), status=422, code="missing", member="id"),
    Bad(
        name="a future version",
        body=event(specversion="2.0"),
        status=422,
        code="unsupported_version",
        member="specversion",
    ),
    Bad(name="a wrong time", body=event(time="yesterday"), status=422, code="invalid", member="time"),
    Bad(name="300 KiB", body=event(data={"price": 1, "text": "x" * 300 * 1024}), status=413, code="too_large"),
    Bad(name="a list", body=b"[1, 2]", status=422, code="invalid"),
)


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.name)
async def test_over_http_it_is_refused_with_its_code_and_member(bad: Bad, connector: Connector) -> None:
    answer = await connector.api.call(
        "POST", "events", body=bad.body, headers={"Content-Type": "application/cloudevents+json"}
    )

    assert answer.status == bad.status
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert answer.document["code"] == bad.code
    assert answer.document.get("member") == bad.member


async def test_of_a_batch_the_good_ones_are_taken_in_and_each_bad_one_is_told(connector: Connector) -> None:
    await connector.pause(PRICING)
    good, bad = json.loads(event(id="batch-1")), json.loads(event(id="batch-2", data={"price": -1}))

    answer = await connector.api.call(
        "POST", "events", body=json.dumps([good, bad, good]).encode(), headers={"Content-Type": "application/json"}
    )

    assert answer.status == 202
    assert [each["verdict"] for each in answer.document["events"]] == ["accepted", "refused", "duplicate"]
    assert answer.document["events"][1]["problem"]["member"] == "data.price"
    await connector.wait_until_waiting(PRICING, 1)
    assert (await connector.run_to_its_end(PRICING))["delivered"] == 1


async def test_from_the_broker_each_becomes_a_dead_letter_without_an_attempt_its_bytes_kept(
    connector: Connector,
) -> None:
    store = connector.site.store
    since = await store.mark()
    await connector.pause(PRICING)
    bodies = [bad.body for bad in BAD]
    await connector.site.publish_bytes(PRICING, bodies)
    (sku,) = connector.site.skus(1)
    await connector.site.publish([change(PRICING, sku)])
    await connector.wait_until_waiting(PRICING, len(BAD) + 1)

    await connector.run_to_its_end(PRICING)
    await connector.run_to_its_end(PRICING)

    assert [each.skus for each in await store.requests(PRICES, since=since)] == [[sku]]
    letters = [each for each in await connector.letters() if each["reason"] == "invalid_message"]
    assert {(each["attempts"], each["state"], each["generation"]) for each in letters} == {(0, "failed", 0)}
    rows = await connector.site.rows("select id, body from dead_letters where reason = 'invalid_message'")
    assert sorted(row["body"] for row in rows) == sorted(bodies)
    for row in rows:
        story = await connector.api.get(f"dead-letters/{row['id']}")
        assert story["payload_bytes"] == len(row["body"])
        assert story["error"]
        assert not story["attempt_log"]
        if "payload_base64" in story:
            assert base64.b64decode(story["payload_base64"]) == row["body"]
            assert all(each.isprintable() or each in "\n\t" for each in story["payload_text"])
        else:
            assert story["payload"] is not None


async def test_hostile_bytes_are_shown_safely_by_the_command(connector: Connector) -> None:
    hostile = b"\x1b[2J\x1b]0;owned\x07\xe2\x80\xae<script>alert(1)</script>\r\n\x00"
    await connector.pause(PRICING)
    await connector.site.publish_bytes(PRICING, [hostile])
    await connector.wait_until_waiting(PRICING, 1)
    await connector.run_to_its_end(PRICING)
    (row,) = await connector.site.rows("select id from dead_letters where body = $1", hostile)
    access = {"CONNECTOR_ADMIN_TOKEN": TOKEN}

    shown = await run_command(access, "dead-letters", "show", str(row["id"]), "--url", connector.api.address)
    listed = await run_command(access, "dead-letters", "list", "--url", connector.api.address)

    assert (shown.code, listed.code) == (0, 0)
    for out in (shown.out, listed.out):
        assert all(each.isprintable() or each in "\n\t" for each in out)
    assert "Attempts: none was made" in shown.out
    assert "<script>" in shown.out


async def test_what_no_queue_wants_is_collected(connector: Connector) -> None:
    (sku,) = connector.site.skus(1)
    body = encode(change(PRICING, sku))

    await connector.site.publish_bytes("to_magento.rumour", [body])

    letters = await connector.api.until(
        "dead-letters", lambda page: any(each["reason"] == "unrouted" for each in page["items"])
    )
    (letter,) = [each for each in letters["items"] if each["reason"] == "unrouted"]
    assert (letter["state"], letter["attempts"]) == ("failed", 0)
    (row,) = await connector.site.rows("select body from dead_letters where id = $1", letter["id"])
    assert row["body"] == body


async def test_what_the_broker_gave_up_on_is_collected(connector: Connector) -> None:
    (sku,) = connector.site.skus(1)
    body = encode(change(PRICING, sku))
    await connector.pause(PRICING)
    await connector.site.publish_bytes(PRICING, [body])
    await connector.wait_until_waiting(PRICING, 1)

    # As a broker does whose delivery limit was reached: it dead-letters instead of giving back.
    connection = await aiormq.connect(connector.site.broker_url)
    channel = await connection.channel()
    message = await channel.basic_get(connector.site.queue(PRICING))
    assert isinstance(message.delivery, commands.Basic.GetOk)
    await channel.basic_reject(message.delivery.delivery_tag or 0, requeue=False)
    await connection.close()

    letter = await connector.letter_of(sku)
    assert (letter["reason"], letter["attempts"]) == ("broker_dead_lettered", 0)
    await connector.api.post(f"queues/{PRICING}/resume")
    await connector.api.post(f"dead-letters/{letter['id']}/reprocess")
    await connector.run_to_its_end(PRICING)
    assert (await connector.letter_of(sku, state="reprocessed"))["id"] == letter["id"]
