"""The step after a run: made once, told where the run tells, tried again, and never with the address in a text."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import msgspec
from aiohttp import web
from aiohttp.test_utils import TestServer

from daemon.capture.indexing import Indexing
from daemon.index_hook import index_hook
from daemon.secret import Secret
from queues.postgres.sync_indexing import DueStep, FailedStep, OpenStep
from tests.fakes.capture_stores import FakeSyncRuns
from tests.fakes.clock import FakeClock


@dataclass
class Steps:
    """One step that is due, and what became of it."""

    due: list[DueStep] = field(default_factory=lambda: [DueStep(id=7, sync="product", tries=3)])
    moved: list[tuple[str, Sequence[str], Sequence[str]]] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    async def open(self) -> Sequence[OpenStep]:
        return [OpenStep(id=8, sync="inventory_price", state="delivering")]

    async def move_on(self, step: OpenStep, *, kinds: Sequence[str], queues: Sequence[str]) -> None:
        self.moved.append((step.sync, kinds, queues))

    async def give_up(self) -> Sequence[FailedStep]:
        return []

    async def take(self) -> DueStep | None:
        return self.due.pop() if self.due else None

    async def done(self, step: DueStep) -> None:
        self.told.append(f"{step.sync} done")

    async def not_done(self, step: DueStep, error: str) -> bool:
        self.told.append(f"{step.sync} {error}")
        return True

    async def failed(self) -> Sequence[FailedStep]:
        return [FailedStep(sync="product", error=text) for text in self.told if "done" not in text]


@asynccontextmanager
async def a_shop(status: int, seen: list[dict[str, object]]) -> AsyncIterator[str]:
    async def take(request: web.Request) -> web.Response:
        seen.append(msgspec.json.decode(await request.read()))
        return web.Response(status=status)

    app = web.Application()
    app.router.add_post("/reindex", take)
    async with TestServer(app) as server:
        yield str(server.make_url("/reindex?token=very-secret"))


async def look(url: str | None) -> tuple[Steps, FakeSyncRuns, Indexing]:
    steps, runs, clock = Steps(), FakeSyncRuns(), FakeClock()
    hook = index_hook(None if url is None else Secret(url), instance="main", clock=clock)
    kinds = {"inventory_price": ("to_magento.pricing", "to_magento.inventory")}
    indexing = Indexing(steps, runs, lambda sync: kinds.get(sync, ()), hook, instance="main", clock=clock)
    await indexing.look()
    return steps, runs, indexing


async def test_the_shop_is_told_once_which_run_of_which_sync_is_over() -> None:
    seen: list[dict[str, object]] = []
    async with a_shop(202, seen) as url:
        steps, runs, indexing = await look(url)

    assert [(each["instance"], each["sync"], each["run"]) for each in seen] == [("main", "product", 7)]
    assert (steps.told, indexing.failed) == (["product done"], [])
    assert [line.text for line in runs.told[7]] == ["the shop was told to index"]
    assert steps.moved == [
        (
            "inventory_price",
            ("to_magento.pricing", "to_magento.inventory"),
            ["main.to_magento.pricing", "main.to_magento.inventory"],
        )
    ]


async def test_a_refusal_is_a_warning_in_the_runs_log_without_the_address() -> None:
    seen: list[dict[str, object]] = []
    async with a_shop(500, seen) as url:
        steps, runs, indexing = await look(url)

    (line,) = runs.told[7]
    assert (line.level, line.text) == ("warning", "the shop was not told to index: the hook answered HTTP 500")
    assert [each.sync for each in indexing.failed] == ["product"]
    assert "secret" not in "".join(steps.told)


async def test_nobody_there_is_told_without_the_address() -> None:
    async with a_shop(200, []) as url:
        gone = url
    steps, _, _ = await look(gone)

    assert len(steps.told) == 1
    assert "not reached" in steps.told[0]
    assert "secret" not in steps.told[0]


async def test_without_an_address_the_variable_is_named() -> None:
    steps, _, _ = await look(None)

    assert steps.told == ["product CONNECTOR_INDEX_HOOK_URL is not set"]
