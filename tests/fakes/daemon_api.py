"""A small stateful server that speaks the daemon's API, for tests of the command line."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from daemon.settings.queue_processing import advise, merged
from daemon.sync.events import check_event
from queues.errors import InvalidMessage, InvalidSettings
from queues.message import ChangeEvent, parse_json_unbounded
from queues.settings import QueueProcessingSettings

TOKEN = "an-invented-token-of-the-tests"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
PRICING = "main.to_magento.pricing"


def letter(number: int, **members: object) -> dict[str, Any]:
    return {
        "id": number,
        "state": "failed",
        "queue": PRICING,
        "key": f"AC-{1000 + number}",
        "storeview": None,
        "time": "2026-11-21T10:00:00Z",
        "event_id": f"event-{number}",
        "source": "acumatica/REVISION",
        "generation": 0,
        "attempts": 3,
        "reason": "attempts_used_up",
        "error_class": "validation",
        "error": "Requested product doesn't exist.",
        "status": 200,
        "failed_at": "2026-11-21T10:05:00Z",
        "occurrences": 1,
        "changed_at": "2026-11-21T10:05:00Z",
        "changed_by": "",
        "changed_why": "",
        **members,
    }


def story(row: dict[str, Any], payload: object) -> dict[str, Any]:
    attempt = {
        "generation": 0,
        "number": 1,
        "at": "2026-11-21T10:01:00Z",
        "duration_ms": 41.5,
        "outcome": "refused",
        "error_class": "validation",
        "error": "Requested product doesn't exist.",
        "request": "POST /rest/all/V1/products/base-prices",
        "request_id": "0123abcd",
        "records": 25,
        "status": 200,
        "answer": '[{"message": "Requested product doesn\'t exist."}]',
        "settings_version": 0,
    }
    return {
        **row,
        "payload": payload,
        "payload_bytes": 123,
        "headers": {"x-origin": "test"},
        "attempt_log": [attempt],
        "acts": [],
        "story": ["A change of AC-1001 was announced.", "It is Failed: nothing is sent until a person reprocesses it."],
    }


def queue(name: str = PRICING, **members: object) -> dict[str, Any]:
    run = {
        "id": "6f0a6a8e-0000-4000-8000-000000000000",
        "queue": name,
        "worker": "host:1",
        "tick": "2026-11-21T10:00:00Z",
        "started_at": "2026-11-21T10:00:00Z",
        "ended_at": "2026-11-21T10:00:50Z",
        "ended_by": None,
        "skipped_ticks": 0,
        "requests": 2,
        "delivered": 49,
        "skipped": 0,
        "retried": 1,
        "failed": 0,
        "checks": [
            {"started_at": "2026-11-21T10:00:00Z", "mode": "batch", "waiting": 50, "requests": 2, "delivered": 49,
             "skipped": 0, "retried": 1, "failed": 0},
            {"started_at": "2026-11-21T10:00:05Z", "mode": "none", "waiting": 0, "requests": 0, "delivered": 0,
             "skipped": 0, "retried": 0, "failed": 0},
        ],
    }  # fmt: skip
    return {
        "queue": name,
        "state": "idle",
        "waiting": 51,
        "waiting_in_ledger": 1,
        "ready_at_broker": 50,
        "broker_fault": None,
        "trying": 0,
        "failed": 3,
        "next_run_at": "2026-11-21T10:01:00Z",
        "skipped_ticks": 0,
        "last_run": run,
        "paused": None,
        "on_hold": None,
        "hold_until": None,
        **members,
    }


@dataclass(slots=True, kw_only=True)
class FakeDaemon:
    """What the server knows, and what it was asked."""

    token: str = TOKEN
    url: str = ""
    letters: list[dict[str, Any]] = field(default_factory=list)
    payloads: dict[int, object] = field(default_factory=dict)
    queues: list[dict[str, Any]] = field(default_factory=lambda: [queue(), queue("main.to_magento.inventory")])
    settings: QueueProcessingSettings = field(default_factory=QueueProcessingSettings)
    settings_version: int = 0
    intake: dict[str, Any] = field(
        default_factory=lambda: {"state": "active", "since": None, "by": None, "reason": None}
    )
    reports: dict[str, dict[str, Any]] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    known: set[tuple[str, str]] = field(default_factory=set)
    batches: list[int] = field(default_factory=list)
    requests: list[tuple[str, str, Any]] = field(default_factory=list)
    changes_settings_meanwhile: bool = False
    batches_before_outage: int | None = None
    poison: str = ""
    took_in: asyncio.Event = field(default_factory=asyncio.Event)

    # --- dead letters

    async def list_letters(self, request: web.Request) -> web.Response:
        state, limit = request.query.get("state"), int(request.query["limit"])
        start = int(request.query.get("cursor", "0"))
        rows = [row for row in self.letters if state in {None, row["state"]}]
        following = start + limit if start + limit < len(rows) else None
        return answer(
            {"items": rows[start : start + limit], "next_cursor": None if following is None else f"{following}"}
        )

    async def show_letter(self, request: web.Request) -> web.Response:
        row = self.find(request.match_info["id"])
        return answer(story(row, self.payloads.get(row["id"], {"price": "12.50"})))

    async def reprocess(self, request: web.Request) -> web.Response:
        ids = (await request.json())["ids"]
        by_id = {row["id"]: row for row in self.letters}
        skipped = []
        requeued = 0
        for each in ids:
            row = by_id.get(each)
            if row is None or row["state"] != "failed":
                skipped.append({"id": each, "state": row["state"] if row else None})
            else:
                row["state"] = "reprocessing"
                requeued += 1
        return answer({"requeued": requeued, "skipped": skipped}, status=202)

    async def discard(self, request: web.Request) -> web.Response:
        row = self.find(request.match_info["id"])
        if row["state"] != "failed":
            raise Refusal(409, "state_conflict", f"dead letter {row['id']} is {row['state']}", state=row["state"])
        row["state"] = "discarded"
        return answer(row, status=202)

    def find(self, text: str) -> dict[str, Any]:
        for row in self.letters:
            if str(row["id"]) == text:
                return row
        raise Refusal(404, "not_found", f"there is no dead letter {text}")

    # --- queues, intake, connections

    async def list_queues(self, request: web.Request) -> web.Response:
        del request
        return answer({"items": self.queues, "next_cursor": None})

    async def show_queue(self, request: web.Request) -> web.Response:
        return answer(self.find_queue(request))

    async def control_queue(self, request: web.Request) -> web.Response:
        row = self.find_queue(request)
        row["state"] = {"pause": "paused", "resume": "idle", "run": "running"}[request.match_info["act"]]
        return answer(row, status=202)

    def find_queue(self, request: web.Request) -> dict[str, Any]:
        name = request.match_info["queue"]
        for row in self.queues:
            if name in {row["queue"], row["queue"].partition(".")[2]}:
                return row
        raise Refusal(404, "not_found", f"there is no queue {name}")

    async def show_intake(self, request: web.Request) -> web.Response:
        del request
        return answer(self.intake)

    async def control_intake(self, request: web.Request) -> web.Response:
        state = {"stop": "stopped", "resume": "active"}[request.match_info["act"]]
        reason = (await request.json()).get("reason")
        self.intake = {"state": state, "since": "2026-11-21T10:00:00Z", "by": "somebody", "reason": reason}
        return answer(self.intake)

    async def test_connection(self, request: web.Request) -> web.Response:
        ok: dict[str, Any] = {"ok": True, "reason": None, "detail": "connected", "details": {}}
        return answer(self.reports.get(request.match_info["name"], ok))

    # --- settings

    def settings_answer(self) -> web.Response:
        document = {
            **self.settings.to_document(),
            "version": self.settings_version,
            "changed_at": "2026-11-21T10:00:00Z" if self.settings_version else None,
            "changed_by": None,
            "reason": None,
            "advice": list(advise(self.settings)),
        }
        return answer(document, headers={"ETag": f'"{self.settings_version}"'})

    async def show_settings(self, request: web.Request) -> web.Response:
        del request
        response = self.settings_answer()
        if self.changes_settings_meanwhile:
            self.settings_version += 1
        return response

    async def change_settings(self, request: web.Request) -> web.Response:
        if request.headers["If-Match"] != f'"{self.settings_version}"':
            raise Refusal(412, "precondition_failed", "the settings have changed since the version in If-Match")
        try:
            self.settings = merged(self.settings, await request.json())
        except InvalidSettings as error:
            faults = [{"field": each.field, "expected": each.expected, "value": each.value} for each in error.faults]
            raise Refusal(422, "invalid_settings", str(error), title="Settings out of range", faults=faults) from error
        self.settings_version += 1
        return self.settings_answer()

    async def settings_history(self, request: web.Request) -> web.Response:
        del request
        about: dict[str, Any] = {
            "changed_at": "2026-11-21T10:00:00Z",
            "changed_by": "somebody",
            "reason": None,
            "advice": [],
        }
        old, new = QueueProcessingSettings(retry_count=5), QueueProcessingSettings(retry_count=7)
        items = [
            {"version": 2, **about, "settings": new.to_document()},
            {"version": 1, **about, "settings": old.to_document()},
        ]
        return answer({"items": items, "next_cursor": None})

    # --- events

    async def take_in(self, request: web.Request) -> web.Response:
        if self.intake["state"] == "stopped":
            raise Refusal(503, "intake_stopped", f"new events are refused: {self.intake['reason']}")
        if self.batches_before_outage is not None and len(self.batches) >= self.batches_before_outage:
            raise Refusal(503, "broker_unavailable", "RabbitMQ did not answer; nothing was accepted, repeat later")
        documents = parse_json_unbounded(await request.read())
        assert isinstance(documents, list)
        if self.poison and any(each["subject"] == self.poison for each in documents):
            raise Refusal(422, "invalid", "nested deeper than 64 levels")
        self.batches.append(len(documents))
        entries = [self.judge(index, document) for index, document in enumerate(documents)]
        counts = {
            name: sum(each["verdict"] == name for each in entries) for name in ("accepted", "duplicate", "refused")
        }
        summary = {**counts, "unavailable": 0, "events": entries}
        if counts["refused"] == len(entries):
            raise Refusal(422, "all_refused", f"all {len(entries)} events were refused", **summary)
        self.took_in.set()
        return answer(summary, status=202)

    def judge(self, index: int, document: object) -> dict[str, Any]:
        try:
            event = ChangeEvent.from_document(document)
            check_event(event)
        except InvalidMessage as fault:
            problem = {"code": fault.code, "member": fault.member, "detail": str(fault), "status": 422}
            return {"index": index, "verdict": "refused", "problem": problem}
        identity = {"id": event.id, "source": event.source}
        if (event.source, event.id) in self.known:
            return {"index": index, "verdict": "duplicate", **identity}
        self.known.add((event.source, event.id))
        self.events.append(event.to_document())
        return {"index": index, "verdict": "accepted", **identity}


class Refusal(Exception):
    def __init__(self, status: int, code: str, detail: str, **members: object) -> None:
        super().__init__(detail)
        self.status = status
        self.document = {
            "title": code,
            "status": status,
            "detail": detail,
            "code": code,
            "request_id": "req-1",
            **members,
        }


def answer(document: object, *, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    return web.json_response(document, status=status, headers=headers, dumps=lambda each: json.dumps(each, default=str))


@asynccontextmanager
async def running_fake(daemon: FakeDaemon) -> AsyncIterator[FakeDaemon]:
    """Serve *daemon* on a free port of the loopback while the block lasts."""

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            if request.headers.get("Authorization") != f"Bearer {daemon.token}":
                raise Refusal(401, "unauthenticated", "send Authorization: Bearer <token>")  # noqa: TRY301 - one way out
            body = await request.read()
            is_json = request.content_type == "application/json" and body
            daemon.requests.append((request.method, request.path, json.loads(body) if is_json else None))
            response: web.StreamResponse = await handler(request)
        except Refusal as refusal:
            response = answer(refusal.document, status=refusal.status)
            response.content_type = "application/problem+json"
        return response

    app = web.Application(middlewares=[guard], client_max_size=32 * 1024 * 1024)
    base = "/api/v1"
    app.add_routes(
        [
            web.get(f"{base}/dead-letters", daemon.list_letters),
            web.post(f"{base}/dead-letters/reprocess", daemon.reprocess),
            web.get(f"{base}/dead-letters/{{id}}", daemon.show_letter),
            web.post(f"{base}/dead-letters/{{id}}/discard", daemon.discard),
            web.get(f"{base}/queues", daemon.list_queues),
            web.get(f"{base}/queues/{{queue}}", daemon.show_queue),
            web.post(f"{base}/queues/{{queue}}/{{act}}", daemon.control_queue),
            web.get(f"{base}/intake", daemon.show_intake),
            web.post(f"{base}/intake/{{act}}", daemon.control_intake),
            web.post(f"{base}/connections/{{name}}/test", daemon.test_connection),
            web.get(f"{base}/settings/queue-processing", daemon.show_settings),
            web.patch(f"{base}/settings/queue-processing", daemon.change_settings),
            web.get(f"{base}/settings/queue-processing/history", daemon.settings_history),
            web.post(f"{base}/events", daemon.take_in),
        ]
    )
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    daemon.url = f"http://{host}:{port}"
    try:
        yield daemon
    finally:
        await runner.cleanup()
