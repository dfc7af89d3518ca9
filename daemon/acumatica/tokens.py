"""Refresh tokens, kept so that a restart needs no new sign-in; only with the client's secret can they be read."""

import base64
import json
from dataclasses import dataclass
from typing import Final, Protocol

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from daemon.secret import Secret

_PURPOSE: Final = b"am-connector refresh tokens of Acumatica"


class TokenStore(Protocol):
    """Where sealed tokens are kept, by name; tokens rotate, so that the newest alone is good."""

    async def load(self, name: str) -> tuple[bytes, int] | None:
        """Give what is kept and its generation; None: nothing."""

    async def save(self, name: str, sealed: bytes, *, replaces: int) -> bool:
        """Keep *sealed* if the generation is still *replaces* (0: nothing was kept); tell whether it was."""

    async def forget(self, name: str) -> None:
        """Keep nothing any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptToken:
    """A refresh token as it was kept; *generation* counts how often it was replaced."""

    refresh_token: Secret
    generation: int


class SealedTokens:
    """
    Refresh tokens over a store, encrypted with a key derived from the client's secret.

    Args:
        store: keeps the bytes.
        secret: of the connected application; with another one everything kept is unreadable, and signed in anew.
    """

    def __init__(self, store: TokenStore, secret: Secret) -> None:
        self._store = store
        derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE).derive(secret.reveal().encode())
        self._seal = Fernet(base64.urlsafe_b64encode(derived))

    async def load(self, name: str) -> KeptToken | None:
        """Give the newest token; None: none is kept, or it was sealed with another secret."""
        kept = await self._store.load(name)
        if kept is None:
            return None
        sealed, generation = kept
        try:
            document = json.loads(self._seal.decrypt(sealed))
        except (InvalidToken, ValueError):
            return KeptToken(refresh_token=Secret(""), generation=generation)
        return KeptToken(refresh_token=Secret(str(document["refresh_token"])), generation=generation)

    async def save(self, name: str, token: str, *, replaces: int) -> bool:
        """Keep *token*; false: another daemon was first."""
        sealed = self._seal.encrypt(json.dumps({"refresh_token": token}).encode())
        return await self._store.save(name, sealed, replaces=replaces)


class MemoryTokenStore:
    """Keeps tokens for as long as the process lives: for commands, and where no database is at hand."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[bytes, int]] = {}

    async def load(self, name: str) -> tuple[bytes, int] | None:
        """Give what is kept."""
        return self._kept.get(name)

    async def save(self, name: str, sealed: bytes, *, replaces: int) -> bool:
        """Keep it."""
        if self._kept.get(name, (b"", 0))[1] != replaces:
            return False
        self._kept[name] = (sealed, replaces + 1)
        return True

    async def forget(self, name: str) -> None:
        """Keep nothing."""
        self._kept.pop(name, None)
