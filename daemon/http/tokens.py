"""Tokens: who a caller is and what they may do."""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

from daemon.http.routes import ROLES, Role
from daemon.secret import Secret

LONGEST_TOKEN: Final = 4096
"""Bytes of a presented token that are looked at; longer ones are wrong without being digested."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """
    A person or system that has a token.

    Attributes:
        name: shown in the audit log.
        roles: what the token allows.
        digest: SHA-256 of the token; the token itself is not kept.
    """

    name: str
    roles: frozenset[Role]
    digest: bytes

    @classmethod
    def of(cls, name: str, token: Secret, roles: frozenset[Role] = ROLES) -> Self:
        """Make the principal that holds *token*."""
        return cls(name=name, roles=roles, digest=_digest(token.reveal().encode()))

    def session_key(self) -> bytes:
        """Give the key that signs this principal's browser sessions; a new token makes them void."""
        return hmac.digest(self.digest, b"am-connector session", "sha256")


class Tokens:
    """The tokens in force."""

    def __init__(self, principals: Sequence[Principal]) -> None:
        self._principals = tuple(principals)

    def find(self, presented: bytes) -> Principal | None:
        """Give the holder of the token *presented*, in a time that does not tell how near it came."""
        if not presented or len(presented) > LONGEST_TOKEN:
            return None
        digest = _digest(presented)
        found = None
        for principal in self._principals:
            # No early end: every comparison is made, whichever matches.
            if hmac.compare_digest(principal.digest, digest):
                found = principal
        return found

    def named(self, name: str) -> Principal | None:
        """Give the principal called *name*."""
        return next((each for each in self._principals if each.name == name), None)


def _digest(token: bytes) -> bytes:
    return hashlib.sha256(token).digest()
