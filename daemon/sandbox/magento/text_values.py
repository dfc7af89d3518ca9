"""Texts the shop makes of other texts."""

import re
import unicodedata


def slug(name: str) -> str:
    """The URL key of a name."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^0-9a-z]+", "-", plain.lower()).strip("-")
