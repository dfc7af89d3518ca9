"""
Make the passwords and the token of a composition at its first start, and keep them at every later one.

Each directory is a volume that only the containers mount that need it; within them several users must read the files.
ADMIN_TOKEN, if it is set, is used instead of a generated token.
"""

import os
import secrets
from pathlib import Path

PLACE = Path("/run/am-connector")

_TOKEN_BYTES = 32


def main() -> None:
    """Write what is missing below PLACE."""
    if chosen := os.environ.get("ADMIN_TOKEN"):
        _write(PLACE / "admin" / "token", chosen)
    else:
        _keep(PLACE / "admin" / "token", secrets.token_urlsafe(_TOKEN_BYTES))
    broker = _keep(PLACE / "broker" / "password", secrets.token_urlsafe(_TOKEN_BYTES))
    _write(PLACE / "broker" / "url", f"amqp://connector:{broker}@broker:5672/")
    database = _keep(PLACE / "database" / "password", secrets.token_urlsafe(_TOKEN_BYTES))
    _write(PLACE / "database" / "url", f"postgresql://connector:{database}@database:5432/connector")


def _keep(file: Path, fresh: str) -> str:
    """Write *fresh* unless *file* exists; returns what is in it."""
    if not file.exists():
        _write(file, fresh)
    return file.read_text().strip()


def _write(file: Path, text: str) -> None:
    # Aside and renamed: a start that is cut off leaves no half of a password.
    aside = file.with_suffix(".new")
    aside.write_text(text)
    aside.chmod(0o444)
    aside.replace(file)


if __name__ == "__main__":
    main()
