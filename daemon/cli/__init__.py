"""The command `am-connector`: runs the connector, and operates a running one through its HTTP API."""

from daemon.cli.application import main

__all__ = ["main"]
