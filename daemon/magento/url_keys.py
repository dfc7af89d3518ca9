"""URL keys: texts that make an address, unique by the key of the record at their end."""

import re
import unicodedata
from typing import Final

_LONGEST: Final = 180


def slug(text: str) -> str:
    """Make lower case letters, digits and hyphens of a text; of a long one the end is kept, where the key stands."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^0-9a-z]+", "-", plain.lower()).strip("-")[-_LONGEST:].strip("-")


def marked(text: str, mark: str) -> str:
    """Make a URL key of a text that ends with the mark, and so belongs to one record only."""
    return slug(f"{text} {mark}")
