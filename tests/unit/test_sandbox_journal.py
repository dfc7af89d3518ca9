"""The request journal of the sandbox store."""

import asyncio

from daemon.sandbox.journal import Journal


def add(journal: Journal, path: str, body: bytes = b"", *, method: str = "POST") -> int:
    entry = journal.open(method=method, path=path)
    journal.close(entry, body)
    return entry.number


def test_it_keeps_the_newest_requests_and_counts_on() -> None:
    journal = Journal(entries=3, bodies=10)
    for number in range(5):
        add(journal, f"/{number}")

    assert [entry.number for entry in journal.entries()] == [3, 4, 5]


def test_it_keeps_the_bodies_of_the_newest_only() -> None:
    journal = Journal(entries=10, bodies=1)
    add(journal, "/a", b"old")
    add(journal, "/b", b"new \xff")

    views = journal.views(journal.entries(), with_bodies=True)

    assert [view.get("body") for view in views] == [None, "new \N{REPLACEMENT CHARACTER}"]
    assert "body" not in journal.views(journal.entries(), with_bodies=False)[1]


def test_it_is_asked_by_path_number_and_method() -> None:
    journal = Journal(entries=10, bodies=0)
    first = add(journal, "/base-prices")
    add(journal, "/source-items")
    add(journal, "/base-prices", method="GET")

    assert [entry.number for entry in journal.entries(path="base-prices")] == [1, 3]
    assert [entry.number for entry in journal.entries(path="base-prices", since=first)] == [3]
    assert [entry.number for entry in journal.entries(method="POST")] == [1, 2]


def test_numbers_go_on_after_a_clearing() -> None:
    journal = Journal(entries=10, bodies=10)
    add(journal, "/a")
    journal.clear()

    assert add(journal, "/b") == 2
    assert [entry.path for entry in journal.entries()] == ["/b"]


async def test_waiting_ends_with_the_request_that_was_missing() -> None:
    journal = Journal(entries=10, bodies=0)
    add(journal, "/base-prices")
    waiting = asyncio.ensure_future(journal.wait_for(3, path="base-prices"))
    await asyncio.sleep(0)
    add(journal, "/base-prices")
    add(journal, "/source-items")
    await asyncio.sleep(0)

    assert not waiting.done()

    add(journal, "/base-prices")
    async with asyncio.timeout(5):
        await waiting


async def test_waiting_for_what_is_there_ends_at_once() -> None:
    journal = Journal(entries=10, bodies=0)
    add(journal, "/a")

    async with asyncio.timeout(5):
        await journal.wait_for(1)
