"""Health, metrics, and the OpenAPI document that describes every call."""

import re

from openapi_spec_validator import validate

from daemon.http.app import ALL_ROUTES, create_app
from daemon.http.schemas import SCHEMAS
from daemon.http.tokens import Principal
from daemon.secret import Secret
from daemon.watch.findings import Finding
from queues.ports import CheckSummary
from tests.fakes.http_client import price_event, serving
from tests.fakes.http_stores import PRICING, START, TOKEN, World


async def test_liveness_asks_nobody() -> None:
    world = World()
    for check in world.checks.values():
        check.fault = "down"

    async with serving(world, token=None) as client:
        response = await client.get("/health/live")

        assert (response.status, await response.json()) == (200, {"status": "live"})


async def test_probes_may_ask_for_the_head_alone() -> None:
    async with serving(World(), token=None) as client:
        statuses = [(await client.head(path)).status for path in ("/health/live", "/health/ready", "/api/v1/queues")]

    assert statuses == [200, 200, 401]


async def test_readiness_names_each_check_and_to_those_who_may_read_its_fault() -> None:
    world = World(
        [Principal.of("feed", Secret("the-token-of-the-feed"), "publisher"), Principal.of("a", Secret(TOKEN))]
    )
    world.checks["broker"].fault = "connection refused"
    documents = {}

    async with serving(world, token=None) as client:
        for token in (None, "the-token-of-the-feed", TOKEN):
            headers = {} if token is None else {"Authorization": f"Bearer {token}"}
            response = await client.get("/health/ready", headers=headers)
            assert response.status == 503
            documents[token] = await response.json()
        wrong = await client.get("/health/ready", headers={"Authorization": "Bearer wrong"})
        world.checks["broker"].fault = None
        ready = await client.get("/health/ready")

    told = {"ok": True, "reason": None}
    nothing = {"broker": {"ok": False, "reason": None}, "database": told, "schedules": told}
    assert documents[None] == {"status": "not ready", "checks": nothing, "broker": None, "warnings": []}
    assert documents["the-token-of-the-feed"] == documents[None]
    assert documents[TOKEN]["broker"] == {"version": "4.0.5", "delivery_limit": "bites"}
    assert documents[TOKEN]["checks"] == {**nothing, "broker": {"ok": False, "reason": "connection refused"}}
    assert (wrong.status, ready.status) == (401, 200)


async def test_readiness_is_told_while_nobody_knows_whose_a_token_is() -> None:
    world = World()
    world.token_store.add("one", "viewer", "a-token-of-the-database")
    async with serving(world, token="a-token-of-the-database") as client:
        world.token_store.away = True
        await world.clock.advance(3600)
        world.checks["database"].fault = "no answer"
        response = await client.get("/health/ready")
        document = await response.json()

    assert response.status == 503
    assert document["checks"]["database"] == {"ok": False, "reason": None}


async def test_a_warning_degrades_and_keeps_it_ready() -> None:
    world = World()
    world.warnings = [Finding(watchdog="message_old", subject=PRICING.name, reason="waits for 901 s")]

    async with serving(world, token=None) as client:
        response = await client.get("/health/ready", headers={"Authorization": f"Bearer {TOKEN}"})
        document = await response.json()
        stranger = await (await client.get("/health/ready")).json()

    assert (response.status, document["status"], stranger["status"]) == (200, "degraded", "degraded")
    assert document["warnings"] == [{"watchdog": "message_old", "subject": PRICING.name, "reason": "waits for 901 s"}]
    assert stranger["warnings"] == [{"watchdog": "message_old", "subject": None, "reason": None}]


async def test_metrics_show_raised_watchdogs_and_those_that_are_well_again() -> None:
    world = World()
    series = f'connector_watchdog{{subject="{PRICING.name}",watchdog="schedule_late"}}'

    world.metrics.set_watchdogs([("schedule_late", PRICING.name)])
    raised = world.metrics.render().decode()
    world.metrics.set_watchdogs([])
    cleared = world.metrics.render().decode()

    assert f"{series} 1.0" in raised
    assert f"{series} 0.0" in cleared


async def test_metrics_tell_queues_attempts_intake_and_dead_letters() -> None:
    world = World()
    world.dead_letters.add(1)
    world.metrics.record_check(
        PRICING, CheckSummary(started_at=START, mode="batch", waiting=50, requests=2, delivered=49, failed=1)
    )

    async with serving(world) as client:
        await client.post("/api/v1/events", json=price_event())
        text = await (await client.get("/metrics")).text()

    queue = f'queue="{PRICING.name}"'
    assert f'connector_queue_waiting{{place="broker",{queue}}} 50.0' in text
    assert f'connector_queue_waiting{{place="ledger",{queue}}} 2.0' in text
    assert f"connector_queue_skipped_ticks{{{queue}}} 4.0" in text
    assert f'connector_messages_total{{outcome="delivered",{queue}}} 49.0' in text
    assert f"connector_target_requests_total{{{queue}}} 2.0" in text
    assert 'connector_dead_letters{state="failed"} 1.0' in text
    assert 'connector_intake_events_total{verdict="accepted"} 1.0' in text
    assert 'connector_http_request_seconds_count{method="POST",route="/api/v1/events",status="202"} 1.0' in text


async def test_the_contract_is_valid_and_describes_every_call() -> None:
    world = World()
    async with serving(world) as client:
        document = await (await client.get("/api/v1/openapi.json")).json()

    validate(document)
    described = {(method.upper(), path) for path, operations in document["paths"].items() for method in operations}
    app = create_app(world.dependencies())
    served = {(route.method, resource.canonical) for resource in app.router.resources() for route in resource}
    pages = {(route.method, route.path) for route in ALL_ROUTES if route.is_page}
    assert described == {each for each in served - pages if each[0] != "HEAD"}
    identifiers = [each["operationId"] for operations in document["paths"].values() for each in operations.values()]
    assert len(identifiers) == len(set(identifiers))


async def test_every_schema_of_the_contract_is_used() -> None:
    async with serving(World()) as client:
        text = await (await client.get("/api/v1/openapi.json")).text()

    assert set(re.findall(r"#/components/schemas/(\w+)", text)) == set(SCHEMAS)
