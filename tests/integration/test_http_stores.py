"""The API on the real database: what it writes is what it shows, and two clicks are one."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from typing_extensions import override

from daemon.http.dependencies import Dependencies
from daemon.http.tokens import Principal, Tokens
from daemon.secret import Secret
from daemon.settings.connector_store import ConnectorVersions
from daemon.settings.store import QueueProcessingVersions
from queues.postgres.audit import PostgresAudit
from queues.postgres.dead_letters import PostgresDeadLetters
from queues.postgres.engine import open_engine
from queues.postgres.idempotent_calls import PostgresIdempotentCalls
from queues.postgres.intake import PostgresIntake
from queues.postgres.journal import PostgresJournal
from queues.postgres.queues import PostgresQueues
from queues.postgres.schedule import PostgresSchedule
from queues.postgres.settings import PostgresSettings
from queues.postgres.tokens import PostgresTokens
from tests.fakes.http_client import Client, price_event, serving
from tests.fakes.http_stores import PRICING, TOKEN, World

SETTINGS = "/api/v1/settings/queue-processing"
DOCUMENT = "/api/v1/settings"


class RealWorld(World):
    """The stores are PostgreSQL; broker and targets stay fakes."""

    def __init__(self, engine: AsyncEngine) -> None:
        super().__init__()
        self.engine = engine
        self.tokens = Tokens([Principal.of("admin", Secret(TOKEN))], PostgresTokens(engine), self.clock)

    @override
    def dependencies(self) -> Dependencies:
        return replace(
            super().dependencies(),
            dead_letters=PostgresDeadLetters(self.engine),
            queues=PostgresQueues(self.engine),
            intake=PostgresIntake(self.engine),
            settings=QueueProcessingVersions(PostgresSettings(self.engine)),
            documents=ConnectorVersions(PostgresSettings(self.engine)),
            journal=PostgresJournal(self.engine),
            audit=PostgresAudit(self.engine),
            tokens=self.tokens,
            idempotent_calls=PostgresIdempotentCalls(self.engine),
        )


@pytest.fixture
async def world(database: str) -> AsyncIterator[RealWorld]:
    engine = open_engine(database)
    await PostgresSchedule(engine).register(PRICING.name)
    yield RealWorld(engine)
    await engine.dispose()


@pytest.fixture
async def client(world: RealWorld) -> AsyncIterator[Client]:
    async with serving(world) as opened:
        yield opened


async def add_letters(world: RealWorld, *, count: int, body: bytes = b'{"data": {"price": 12.50}}') -> list[int]:
    """Insert Failed messages as the engine would leave them, each with three refused attempts."""
    async with world.engine.begin() as connection:
        ids = await connection.execute(
            text("""
                insert into dead_letters (message_id, generation, queue, key, time, event_id, source, state, reason,
                                          attempts, error_class, error, status, failed_at, body, headers)
                select gen_random_uuid(), 0, :queue, 'AC-' || n, now(), 'event-' || n, 'acumatica/REVISION', 'failed',
                       'attempts_used_up', 3, 'validation', 'Requested product doesn''t exist', 400,
                       now() + n * interval '1 second', :body, '{"x-source": "test"}'
                from generate_series(1, :count) as n returning id
            """),
            {"queue": PRICING.name, "body": body, "count": count},
        )
        found = sorted(ids.scalars())
        await connection.execute(
            text("""
                insert into attempts (message_id, generation, number, at, duration_ms, outcome, error_class, error,
                                      status, request, request_id, records, excerpt)
                select message_id, 0, n, now(), 40, 'refused', 'validation', error, 400,
                       'POST /rest/all/V1/products/base-prices', 'request-' || n, 25, '{}'
                from dead_letters, generate_series(1, 3) as n
            """)
        )
    return found


async def test_dead_letters_are_paged_filtered_and_shown_with_their_story(world: RealWorld, client: Client) -> None:
    ids = await add_letters(world, count=5)

    first = await (await client.get("/api/v1/dead-letters", params={"limit": "3"})).json()
    rest = await (
        await client.get("/api/v1/dead-letters", params={"limit": "3", "cursor": first["next_cursor"]})
    ).json()
    found = await (await client.get("/api/v1/dead-letters", params={"q": "ac-2", "state": "failed"})).json()
    shown = await (await client.get(f"/api/v1/dead-letters/{ids[0]}")).json()
    bad = await client.get("/api/v1/dead-letters", params={"cursor": "bm9uc2Vuc2U"})

    assert [each["id"] for each in first["items"] + rest["items"]] == ids[::-1]
    assert rest["next_cursor"] is None
    assert [each["key"] for each in found["items"]] == ["AC-2"]
    assert [each["number"] for each in shown["attempt_log"]] == [1, 2, 3]
    assert shown["payload"] == {"data": {"price": 12.5}}
    assert len(shown["story"]) == 6
    assert (bad.status, (await bad.json())["member"]) == (422, "cursor")


async def test_of_twenty_simultaneous_clicks_on_two_replicas_one_is_accepted_and_the_rest_conflict(
    world: RealWorld, client: Client, database: str
) -> None:
    [letter_id] = await add_letters(world, count=1)
    other = RealWorld(open_engine(database))

    async with serving(other) as elsewhere:
        responses = await asyncio.gather(
            *(
                (client, elsewhere)[n % 2].post(f"/api/v1/dead-letters/{letter_id}/reprocess", json={"reason": f"{n}"})
                for n in range(20)
            )
        )
        conflicts = [await each.json() for each in responses if each.status == 409]
    await other.engine.dispose()

    assert sorted(response.status for response in responses) == [202] + [409] * 19
    assert {each["state"] for each in conflicts} == {"reprocessing"}
    acts = (await (await client.get("/api/v1/audit", params={"result": "done"})).json())["items"]
    assert [(each["action"], each["target"]) for each in acts] == [("dead_letter.reprocessed", str(letter_id))]
    refused = (await (await client.get("/api/v1/audit", params={"result": "refused"})).json())["items"]
    assert len(refused) == 19
    assert {(each["target"], each["details"]["state"]) for each in refused} == {(str(letter_id), "reprocessing")}
    shown = await (await client.get(f"/api/v1/dead-letters/{letter_id}")).json()
    assert (shown["state"], shown["generation"]) == ("reprocessing", 1)
    assert [each["action"] for each in shown["acts"]] == ["dead_letter.reprocessed"]
    waiting = await (await client.get(f"/api/v1/queues/{PRICING.name}")).json()
    assert waiting["waiting_in_ledger"] == 1


async def test_many_are_reprocessed_by_filter_and_exported(world: RealWorld, client: Client) -> None:
    ids = await add_letters(world, count=1100)
    assert (await client.post(f"/api/v1/dead-letters/{ids[0]}/discard")).status == 202

    exported = await (await client.get("/api/v1/dead-letters/export", params={"format": "csv"})).text()
    response = await client.post("/api/v1/dead-letters/reprocess", json={"filter": {"state": "failed"}})
    again = await client.post("/api/v1/dead-letters/reprocess", json={"ids": [ids[0], ids[1], 10**12]})

    assert exported.count("\r\n") == 1101
    done = await response.json()
    assert (response.status, done["requeued"], done["skipped"]) == (202, 1099, [])
    assert (await again.json())["skipped"] == [
        {"id": ids[0], "state": "discarded"},
        {"id": ids[1], "state": "reprocessing"},
        {"id": 10**12, "state": None},
    ]


async def test_settings_keep_their_versions_and_refuse_a_change_made_on_an_older_one(client: Client) -> None:
    before = await client.get(SETTINGS)
    first = await client.put(SETTINGS, json={"batch_count": 5}, headers={"If-Match": before.headers["ETag"]})
    second = await client.put(SETTINGS, json={"batch_count": 6}, headers={"If-Match": before.headers["ETag"]})
    merged = await client.patch(SETTINGS, json={"threshold_count": 7}, headers={"X-Actor": "alice", "X-Reason": "calm"})
    shown = await (await client.get(SETTINGS)).json()
    history = (await (await client.get(f"{SETTINGS}/history")).json())["items"]

    assert [response.status for response in (before, first, second, merged)] == [200, 200, 412, 200]
    assert (before.headers["ETag"], merged.headers["ETag"]) == ('"0"', '"2"')
    assert (shown["threshold_count"], shown["batch_count"], shown["changed_by"]) == (7, 5, "alice")
    assert [(each["version"], each["reason"]) for each in history] == [(2, "calm"), (1, None)]


async def test_simultaneous_settings_changes_never_lose_one_silently(client: Client) -> None:
    responses = await asyncio.gather(*(client.patch(SETTINGS, json={"retry_count": count}) for count in range(1, 7)))

    done = [response for response in responses if response.status == 200]
    assert {response.status for response in responses} <= {200, 409}
    history = (await (await client.get(f"{SETTINGS}/history")).json())["items"]
    assert len(history) == len(done) >= 1


async def test_queues_are_paused_resumed_and_run(client: Client) -> None:
    path = f"/api/v1/queues/{PRICING.name}"

    statuses = [
        (await client.post(f"{path}/{act}", json={"reason": "why"})).status
        for act in ("pause", "pause", "run", "resume", "resume", "run")
    ]
    shown = await (await client.get(path)).json()

    assert statuses == [202, 409, 409, 202, 409, 202]
    assert (shown["state"], shown["run_requested"], shown["paused"]) == ("idle", True, None)
    assert (await client.post("/api/v1/queues/main.to_magento.product/run")).status == 404


async def test_an_event_is_known_the_second_time_and_a_stopped_intake_says_why(
    world: RealWorld, client: Client
) -> None:
    first = await (await client.post("/api/v1/events", json=[price_event("one"), price_event("two")])).json()
    second = await (await client.post("/api/v1/events", json=[price_event("two"), price_event("three")])).json()
    await client.post("/api/v1/intake/stop", json={"reason": "stocktaking"})
    stopped = await client.post("/api/v1/events", json=price_event("four"))

    assert [each["verdict"] for each in first["events"]] == ["accepted", "accepted"]
    assert [each["verdict"] for each in second["events"]] == ["duplicate", "accepted"]
    assert (stopped.status, (await stopped.json())["reason"]) == (503, "stocktaking")
    assert len(world.intake.published) == 3


async def test_runs_and_requests_are_read_back_page_by_page(world: RealWorld, client: Client) -> None:
    async with world.engine.begin() as connection:
        await connection.execute(
            text("""
                insert into runs (id, queue, fencing_token, tick, started_at, checks)
                select gen_random_uuid(), :queue, n, now(), now() - n * interval '1 minute', '[{"waiting": 50}]'
                from generate_series(1, 3) as n
            """),
            {"queue": PRICING.name},
        )
        await connection.execute(
            text("""
                insert into sync_log (at, id, queue, mode, records, delivered, skipped, retried, failed, details)
                select now() - n * interval '1 minute', gen_random_uuid(), :queue, 'batch', 25, 25, 0, 0, 0,
                       '[{"key": "AC-1"}]'
                from generate_series(1, 3) as n
            """),
            {"queue": PRICING.name},
        )

    for path in ("/api/v1/runs", "/api/v1/sync-log"):
        first = await (await client.get(path, params={"limit": "2", "queue": PRICING.name})).json()
        rest = await (await client.get(path, params={"limit": "2", "cursor": first["next_cursor"]})).json()
        assert (len(first["items"]), len(rest["items"]), rest["next_cursor"]) == (2, 1, None)
        assert len({each["id"] for each in first["items"] + rest["items"]}) == 3
        assert (await client.get(path, params={"cursor": "bm9uc2Vuc2U"})).status == 422
    assert first["items"][0]["outcomes"] == [{"key": "AC-1"}]


async def test_quotes_and_odd_texts_in_filters_find_nothing_and_break_nothing(world: RealWorld, client: Client) -> None:
    await add_letters(world, count=1)

    for hostile in ("'; drop table dead_letters; --", '"', "%", "_", "\\", "é\u202e", ":key", "{}"):
        for name in ("queue", "key", "error_class", "q"):
            response = await client.get("/api/v1/dead-letters", params={name: hostile})
            assert response.status == 200, (name, hostile)

    assert (await (await client.get("/metrics")).text()).count('connector_dead_letters{state="failed"} 1.0') == 1


async def test_pages_stand_on_the_real_stores(world: RealWorld) -> None:
    ids = await add_letters(world, count=2, body=b"\x00\xff<script>")
    async with serving(world, token=None) as client:
        origin = {"Origin": f"http://{client.host}:{client.port}"}
        await client.post("/login", data={"token": TOKEN}, headers=origin)
        page = await (await client.get(f"/dead-letters/{ids[0]}")).text()
        found = re.search(r'name="form_token" value="([^"]+)"', page)
        assert found
        data = {"form_token": found[1], "act": "process", "reason": "fixed"}
        done = await client.post(f"/dead-letters/{ids[0]}", data=data, headers=origin)
        shown = await done.text()
        overview = await (await client.get("/")).text()

    assert "<script>" not in page
    assert "reprocessed by admin, because: fixed." in shown
    assert "to_magento.pricing" in overview


async def test_a_database_that_is_away_is_503_and_tells_no_address() -> None:
    broken = RealWorld(open_engine("postgresql://nobody:sesame@127.0.0.1:9/none"))
    async with serving(broken) as lost:
        response = await lost.get("/api/v1/dead-letters")
        body = await response.text()

    assert (response.status, response.headers["Retry-After"]) == (503, "5")
    assert "database_unavailable" in body
    assert "sesame" not in body
    assert "127.0.0.1" not in body


async def test_both_parts_of_the_document_are_saved_together_or_not_at_all(world: RealWorld, client: Client) -> None:
    both = {"queue": {"retry_count": 5}, "price": {"currency": "EUR"}}

    first = await client.patch(DOCUMENT, json=both)
    stale = await client.put(DOCUMENT, json={"price": {"currency": "USD"}}, headers={"If-Match": '"1.0"'})
    restored = await client.post(f"{DOCUMENT}/restore", json={"version": 0})

    assert (first.status, first.headers["ETag"]) == (200, '"1.1"')
    assert stale.status == 412
    assert restored.headers["ETag"] == '"2.1"'
    async with world.engine.connect() as connection:
        kept = await connection.execute(text("select section, version, document from settings_versions order by 1, 2"))
        rows = [(row.section, row.version, row.document) for row in kept]
        audited = await connection.execute(
            text("select target, result from audit_log where action in ('settings.changed', 'settings.change')")
        )
        acts = sorted((row.target, row.result) for row in audited)
    assert [row[:2] for row in rows] == [("connector", 1), ("connector", 2), ("queue_processing", 1)]
    assert [row[2] for row in rows[:2]] == [{"price": {"currency": "EUR"}}, {}]
    assert acts == [
        ("connector", "done"),
        ("connector", "done"),
        ("connector", "refused"),
        ("queue_processing", "done"),
    ]


async def test_of_many_changes_at_once_based_on_one_version_one_wins(client: Client) -> None:
    answers = await asyncio.gather(
        *(
            client.put(DOCUMENT, json={"price": {"currency": currency}}, headers={"If-Match": '"0.0"'})
            for currency in ("EUR", "USD", "GBP", "CHF")
        )
    )

    assert sorted(answer.status for answer in answers) == [200, 412, 412, 412]
