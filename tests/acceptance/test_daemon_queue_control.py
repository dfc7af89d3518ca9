"""What people ask of queues and intake: pause, resume, run now, stop; with who, when and why."""

import json

import pytest

from tests.acceptance.lives import whole_life
from tests.acceptance.site import PRICING, Connector, Site, changes
from tests.acceptance.store import PRICES

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_paused_queue_keeps_collecting_and_shows_who_paused_it_when_and_why(connector: Connector) -> None:
    site = connector.site
    since = await site.store.mark()
    paused = await connector.api.post(f"queues/{PRICING}/pause", {"reason": "price list under review"}, actor="Ada")
    await connector.idle(PRICING)
    await site.publish(changes(PRICING, site.skus(3)))
    await connector.wait_until_waiting(PRICING, 3)

    again = await connector.api.call("POST", f"queues/{PRICING}/pause", document={})
    run = await connector.api.call("POST", f"queues/{PRICING}/run", document={})

    assert (paused["state"], paused["paused"]["by"], paused["paused"]["reason"]) == (
        "paused",
        "Ada",
        "price list under review",
    )
    assert paused["paused"]["since"]
    assert (again.status, again.document["state"]) == (409, "paused")
    assert (run.status, run.document["state"]) == (409, "paused")
    assert not await site.store.requests(PRICES, since=since)

    resumed = await connector.api.post(f"queues/{PRICING}/resume", {"reason": "reviewed"}, actor="Grace")
    assert resumed["paused"] is None
    assert not await site.store.requests(PRICES, since=since), "resuming waits for the next tick"
    assert (await connector.run_to_its_end(PRICING))["delivered"] == 3
    audit = await site.rows(
        "select action, actor, reason from audit_log where target = $1 and action like 'queue.%' order by id",
        site.queue(PRICING),
    )
    assert [(row["action"], row["actor"], row["reason"]) for row in audit] == [
        ("queue.paused", "Ada", "price list under review"),
        ("queue.pause", "admin", ""),  # refused: it was paused already
        ("queue.run", "admin", ""),  # refused as well
        ("queue.resumed", "Grace", "reviewed"),
        ("queue.run_requested", "tests", ""),
    ]


async def test_run_now_anchors_the_grid_anew(connector: Connector) -> None:
    run = await connector.run_to_its_end(PRICING)

    queue = await connector.api.get(f"queues/{PRICING}")
    (tick,) = await connector.site.rows(
        "select next_run_at - $2 = interval '60 s' as fits from schedules s join runs r on r.id = $3 "
        "where s.queue = $1",
        site_queue := connector.site.queue(PRICING),
        (await connector.site.rows("select tick from runs where id = $1", run["id"]))[0]["tick"],
        run["id"],
    )
    assert tick["fits"]
    assert queue["queue"] == site_queue
    assert queue["run_requested"] is False


async def test_a_stopped_intake_refuses_with_its_reason_and_a_resumed_one_takes_in(connector: Connector) -> None:
    (event,) = changes(PRICING, connector.site.skus(1))
    body = json.dumps({**event.to_document()}).encode()
    await connector.pause(PRICING)
    without = await connector.api.call("POST", "intake/stop", document={})
    await connector.api.post("intake/stop", {"reason": "stocktaking"}, actor="Ada")

    refused = await connector.api.call("POST", "events", body=body, headers={"Content-Type": "application/json"})
    shown = await connector.api.get("intake")
    await connector.api.post("intake/resume", {"reason": "counted"}, actor="Grace")
    taken = await connector.api.call("POST", "events", body=body, headers={"Content-Type": "application/json"})
    repeated = await connector.api.call("POST", "events", body=body, headers={"Content-Type": "application/json"})

    assert without.status == 422
    assert (refused.status, refused.document["code"], refused.document["reason"]) == (
        503,
        "intake_stopped",
        "stocktaking",
    )
    assert (shown["state"], shown["by"], shown["reason"]) == ("stopped", "Ada", "stocktaking")
    assert shown["since"]
    assert taken.document["accepted"] == 1
    assert (repeated.status, repeated.document["duplicate"]) == (202, 1)
    await connector.wait_until_waiting(PRICING, 1)
    assert (await connector.run_to_its_end(PRICING))["delivered"] == 1


async def test_run_now_is_heard_at_once_by_every_replica(own_site: Site) -> None:
    quiet = {"SCHEDULE_INTERVAL": "60", "LOG_LEVEL": "debug"}
    async with whole_life(own_site, **quiet) as one, whole_life(own_site, **quiet) as other:
        queue = own_site.queue(PRICING)
        for each in (one, other):
            await each.daemon.wait_for("schedule.changed", queue=queue)
        await one.idle(PRICING)

        await one.run(PRICING)

        for each in (one, other):
            await each.daemon.wait_for("schedule.changed", queue=queue, count=2)
