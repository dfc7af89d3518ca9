"""The story of `make run`: everything started, a sample fed, and told in words what became of it."""

from collections.abc import Mapping
from pathlib import Path

from deploy.local.services import named_servers, provisioned
from deploy.local.virtualenv import RUNTIME_LOCK, VirtualEnvironment


def run(root: Path, environ: Mapping[str, str]) -> int:
    """Start the broker and the database, and stay until told to stop."""
    broker_url, database_url = named_servers(environ, "CONNECTOR_")
    VirtualEnvironment(root).ensure(RUNTIME_LOCK)
    with provisioned(root / ".local", broker_url=broker_url, database_url=database_url):
        return 0
