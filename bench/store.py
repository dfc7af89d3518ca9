"""
The sandbox store with the recorded times of the real shop, as a process of its own.

Run as `python -m bench.store`. It tells its address and token as one JSON line; afterwards every line `report` on
standard input is answered with the writing requests that came.
"""

import asyncio
import contextlib
import json
import sys

from daemon.sandbox.sandbox import Sandbox
from daemon.sandbox.serve import running_sandbox
from daemon.sandbox.settings import SandboxSettings

_WRITING = ("products/base-prices", "inventory/source-items")


def report(sandbox: Sandbox) -> dict[str, int]:
    """Count writing requests, their records and distinct records; what was not answered 200 does not count."""
    entries = [
        entry
        for entry in sandbox.journal.entries(method="POST")
        if entry.path.endswith(_WRITING) and entry.status == 200  # noqa: PLR2004 - OK
    ]
    skus = [sku for entry in entries for sku in entry.skus]
    return {"requests": len(entries), "records": len(skus), "distinct": len(set(skus))}


async def serve() -> None:
    """Serve until standard input ends."""
    commands = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    settings = SandboxSettings(real_times=True)
    async with running_sandbox(settings) as running:
        _tell({"url": running.url, "token": settings.credentials.access_token})
        while await commands.readline():
            _tell(report(running.sandbox))


def _tell(line: dict[str, str] | dict[str, int]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve())
