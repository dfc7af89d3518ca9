"""Roles: what each kind of token allows."""

from collections.abc import Mapping
from typing import Final, Literal

from queues.postgres.tokens import TokenRole

Permission = Literal["read", "publish", "operate", "configure", "administer"]
"""
What a call asks for: `read` looks, `publish` brings events in, `operate` reprocesses, discards, pauses and stops,
`configure` changes settings, `administer` makes and revokes tokens.
"""

PERMISSIONS: Final[Mapping[TokenRole, frozenset[Permission]]] = {
    "viewer": frozenset({"read"}),
    "publisher": frozenset({"publish"}),
    "operator": frozenset({"read", "publish", "operate"}),
    "admin": frozenset({"read", "publish", "operate", "configure", "administer"}),
}


def roles_with(permission: Permission) -> list[TokenRole]:
    """List the roles that have *permission*, the smallest first."""
    return [role for role, permissions in PERMISSIONS.items() if permission in permissions]
