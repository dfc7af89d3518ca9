"""
The address that is told when the shop should index: Magento has no REST call for it (R97).

What stands behind it (a small script beside the shop, a CI job, the hosting's own hook) starts `bin/magento
indexer:reindex` or whatever the shop needs.
"""

from typing import Final

import aiohttp
import msgspec

from daemon.capture.indexing import IndexHook
from daemon.secret import Secret
from queues.ports import Clock

_TIMEOUT: Final = aiohttp.ClientTimeout(total=60, sock_connect=5)
_SUCCESS: Final = range(200, 300)


def index_hook(url: Secret | None, *, instance: str, clock: Clock) -> IndexHook:
    """
    Make the hook that posts to *url*; without one every call fails with the name of the variable.

    The address may hold a token: it is in no text.
    """

    async def call(sync: str, run: int) -> str:
        if url is None:
            return "CONNECTOR_INDEX_HOOK_URL is not set"
        body = {"instance": instance, "sync": sync, "run": run, "at": clock.now()}
        headers = {"Content-Type": "application/json", "Idempotency-Key": f"{instance}-{run}"}
        try:
            async with (
                aiohttp.ClientSession(timeout=_TIMEOUT) as session,
                session.post(
                    url.reveal(), data=msgspec.json.encode(body), headers=headers, allow_redirects=False
                ) as answer,
            ):
                return "" if answer.status in _SUCCESS else f"the hook answered HTTP {answer.status}"
        except (aiohttp.ClientError, OSError, ValueError) as error:
            # TimeoutError is an OSError. The texts of aiohttp may hold the address.
            return f"the hook was not reached: {type(error).__name__}"

    return call
