"""How far clocks are apart: by the header Date, with what is not known taken off."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from email.utils import format_datetime

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from daemon.watch.clocks import FRESH, Clocks
from queues.errors import DatabaseUnavailable
from tests.fakes.clock import FakeClock


@asynccontextmanager
async def a_system(date: str | None) -> AsyncIterator[str]:
    async def answer(_: web.Request) -> web.Response:
        response = web.Response(status=401)
        if date is not None:
            response.headers["Date"] = date
        return response

    async def bare(_: web.Request, response: web.StreamResponse) -> None:
        if date is None:
            response.headers.pop("Date", None)

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", answer)
    app.on_response_prepare.append(bare)
    async with TestServer(app) as server:
        yield str(server.make_url("/entity"))


class Bench:
    """Clocks with a database of their own."""

    def __init__(self, address: str, *, database_ahead: float = 0.0) -> None:
        self.clock = FakeClock()
        self.looks = 0
        self._ahead = timedelta(seconds=database_ahead)
        self.is_down = False
        self.clocks = Clocks({"acumatica": address}, self._database, self._limit, clock=self.clock)

    async def _database(self) -> datetime:
        if self.is_down:
            raise DatabaseUnavailable("gone")
        self.looks += 1
        return self.clock.now() + self._ahead

    async def _limit(self) -> int:
        return 5


def at(seconds: float) -> str:
    return format_datetime(FakeClock().now().replace(microsecond=0) + timedelta(seconds=seconds), usegmt=True)


@pytest.mark.parametrize(("ahead", "is_apart"), [(0, False), (4, False), (7, True), (-60, True)])
async def test_a_clock_beyond_the_limit_is_a_warning(ahead: int, *, is_apart: bool) -> None:
    async with a_system(at(ahead)) as address:
        bench = Bench(address)
        database, erp = await bench.clocks.look()

    assert (database.ahead_seconds, database.is_apart) == (0.0, False)
    assert erp.ahead_seconds is not None
    assert abs(erp.ahead_seconds - ahead) <= 1
    assert erp.is_apart == is_apart
    assert [each.subject for each in bench.clocks.findings] == (["acumatica"] if is_apart else [])
    assert all(each.is_warning for each in bench.clocks.findings)


async def test_a_databases_clock_counts_as_well() -> None:
    async with a_system(at(0)) as address:
        bench = Bench(address, database_ahead=-30.0)
        await bench.clocks.look()

    assert [(each.subject, "30.0 s behind ours" in each.reason) for each in bench.clocks.findings] == [
        ("database", True)
    ]


@pytest.mark.parametrize(("date", "told"), [(None, "no Date"), ("soon", "no Date")])
async def test_a_system_that_tells_no_time_is_no_warning(date: str | None, told: str) -> None:
    async with a_system(date) as address:
        bench = Bench(address)
        _, erp = await bench.clocks.look()

    assert (erp.ahead_seconds, erp.is_apart) == (None, False)
    assert told in erp.told
    assert not bench.clocks.findings


async def test_a_system_that_does_not_answer_is_told_by_name() -> None:
    async with a_system(at(0)) as address:
        gone = address
    _, erp = await Bench(gone).clocks.look()

    assert "acumatica is not known: it does not answer" in erp.told


async def test_a_reading_is_used_again_while_it_is_fresh() -> None:
    async with a_system(at(0)) as address:
        bench = Bench(address)
        await bench.clocks.fresh()
        await bench.clocks.fresh()
        once = bench.looks
        await bench.clock.advance(FRESH.total_seconds() + 1)
        await bench.clocks.fresh()

    assert (once, bench.looks) == (1, 2)


async def test_without_the_database_nothing_is_compared() -> None:
    bench = Bench("http://127.0.0.1:1/")
    bench.is_down = True

    with pytest.raises(DatabaseUnavailable):
        await bench.clocks.fresh()
    assert not bench.clocks.findings
