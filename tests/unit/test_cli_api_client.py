"""The client of the API: what changes something is sent again under one key while nobody knows what became of it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from daemon.cli.access import Access
from daemon.cli.api_client import REPEATS, ApiClient, open_api
from daemon.cli.errors import AnswerLost, ApiProblem, NotReachable

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the pauses between two tries pass at once."""
    real = asyncio.sleep

    async def pass_at_once(_seconds: float) -> None:
        await real(0)

    monkeypatch.setattr(asyncio, "sleep", pass_at_once)


@asynccontextmanager
async def answering(*handlers: Handler) -> AsyncIterator[tuple[ApiClient, list[web.Request]]]:
    """Give a client of a server that answers each request in turn with one of *handlers*, and what it was asked."""
    asked: list[web.Request] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        await request.read()
        asked.append(request)
        return await handlers[len(asked) - 1](request)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        async with open_api(Access(url=f"http://{host}:{port}", token=None)) as api:
            yield api, asked
    finally:
        await runner.cleanup()


async def hang_up(request: web.Request) -> web.StreamResponse:
    """Do it, and lose the connection before the answer."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def done(_request: web.Request) -> web.StreamResponse:
    return web.json_response({"requeued": 1})


def refused(status: int, code: str) -> Handler:
    async def refuse(_request: web.Request) -> web.StreamResponse:
        return web.json_response({"code": code, "detail": "no"}, status=status)

    return refuse


async def test_an_act_whose_answer_was_lost_is_repeated_under_its_key() -> None:
    async with answering(hang_up, hang_up, done) as (api, asked):
        answer = await api.post("dead-letters", "reprocess", document={"ids": [1]})

    assert answer.document == {"requeued": 1}
    keys = [request.headers["Idempotency-Key"] for request in asked]
    assert len(keys) == 3
    assert len(set(keys)) == 1


async def test_every_act_has_a_key_of_its_own() -> None:
    async with answering(done, done, done) as (api, asked):
        await api.post("queues", "x", "pause")
        await api.post("queues", "x", "pause")
        await api.patch("settings", document={}, if_match='"1"', reason="why")

    assert len({request.headers["Idempotency-Key"] for request in asked}) == 3
    assert (asked[2].headers["If-Match"], asked[2].headers["X-Reason"]) == ('"1"', "why")


@pytest.mark.parametrize("code", ["idempotency_under_way", "bulk_under_way"])
async def test_an_act_waits_for_one_that_is_under_way(code: str) -> None:
    async with answering(refused(409, code), refused(409, code), done) as (api, asked):
        assert (await api.post("dead-letters", "discard")).document == {"requeued": 1}

    assert len({request.headers["Idempotency-Key"] for request in asked}) == 1


async def test_an_act_whose_answers_are_all_lost_is_given_up() -> None:
    async with answering(*[hang_up] * (REPEATS + 1)) as (api, asked):
        with pytest.raises(AnswerLost):
            await api.post("queues", "x", "run")

    assert len(asked) == REPEATS + 1


async def test_what_was_refused_is_not_repeated() -> None:
    async with answering(refused(409, "state_conflict")) as (api, asked):
        with pytest.raises(ApiProblem, match="no"):
            await api.post("queues", "x", "run")

    assert len(asked) == 1


async def test_looking_is_neither_keyed_nor_repeated() -> None:
    async with answering(hang_up) as (api, asked):
        with pytest.raises(AnswerLost):
            await api.get("queues")

    assert "Idempotency-Key" not in asked[0].headers
    assert len(asked) == 1


async def test_a_daemon_that_is_not_there_is_told_at_once() -> None:
    async with open_api(Access(url="http://127.0.0.1:9", token=None)) as api:
        with pytest.raises(NotReachable, match="nobody listens") as told:
            await api.post("queues", "x", "run")

    assert not isinstance(told.value, AnswerLost)
