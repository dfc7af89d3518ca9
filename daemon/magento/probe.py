"""Asking a store whether it answers and accepts the credentials, changing nothing there."""

from daemon.magento.client import MagentoClient, NotDone
from daemon.magento.stores import fetch_store_configs


async def answers_and_accepts(client: MagentoClient) -> bool:
    """Tell whether the store answers a small read that needs a valid token."""
    return not isinstance(await fetch_store_configs(client), NotDone)
