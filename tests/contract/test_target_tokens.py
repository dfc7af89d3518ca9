"""Kept tokens: over memory and over PostgreSQL."""

from collections.abc import AsyncIterator

import pytest

from daemon.acumatica.tokens import MemoryTokenStore, SealedTokens, TokenStore
from daemon.secret import Secret
from queues.postgres.engine import open_engine
from queues.postgres.target_tokens import PostgresTargetTokens


@pytest.fixture(params=["memory", "postgres"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[TokenStore]:
    if request.param == "memory":
        yield MemoryTokenStore()
        return
    engine = open_engine(request.getfixturevalue("database"))
    yield PostgresTargetTokens(engine)
    await engine.dispose()


async def test_the_newest_is_kept_and_only_one_of_two_replaces_it(store: TokenStore) -> None:
    assert await store.load("erp/1") is None
    assert await store.save("erp/1", b"first", replaces=0)
    assert not await store.save("erp/1", b"too late", replaces=0)
    assert await store.save("erp/1", b"second", replaces=1)
    assert not await store.save("erp/1", b"too late", replaces=1)

    assert await store.load("erp/1") == (b"second", 2)
    assert await store.load("erp/2") is None


async def test_what_is_forgotten_is_gone(store: TokenStore) -> None:
    await store.save("erp/1", b"first", replaces=0)

    await store.forget("erp/1")

    assert await store.load("erp/1") is None


async def test_what_is_kept_cannot_be_read_without_the_secret(store: TokenStore) -> None:
    await SealedTokens(store, Secret("right")).save("erp/1", "the-refresh-token", replaces=0)

    kept = await store.load("erp/1")
    right = await SealedTokens(store, Secret("right")).load("erp/1")
    wrong = await SealedTokens(store, Secret("wrong")).load("erp/1")

    assert kept is not None
    assert b"the-refresh-token" not in kept[0]
    assert right is not None
    assert right.refresh_token == Secret("the-refresh-token")
    assert wrong is not None
    assert (wrong.refresh_token, wrong.generation) == (Secret(""), 1)
