"""What the broker is."""

import asyncio

from bench.filling import channel


def broker_version(url: str) -> str:
    """Ask the broker for its version."""

    async def ask() -> str:
        async with channel(url) as open_channel:
            told = open_channel.connection.server_properties.get("version")
        return told.decode() if isinstance(told, bytes) else str(told)

    return asyncio.run(ask())
