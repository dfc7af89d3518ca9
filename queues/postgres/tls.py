"""TLS to the database: verified whole or not used, nothing in between (`sslmode=verify-full`, `sslmode=disable`)."""

import ssl
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy.engine import URL

VERIFIED: Final = "verify-full"
PLAIN: Final = "disable"
_ROOTS: Final = "sslrootcert"
_CERTIFICATE: Final = "sslcert"
_KEY: Final = "sslkey"
_OURS: Final = ("sslmode", "ssl", _ROOTS, _CERTIFICATE, _KEY)


def split_tls(url: URL) -> tuple[URL, Mapping[str, Any]]:
    """
    Take the parameters of TLS out of *url*, and give what the driver is to be told instead.

    Without a mode the server decides, and nothing is verified: for a database on the same machine or network.

    Raises:
        ValueError: a mode that encrypts without knowing to whom, or certificates that cannot be read.
    """
    given = {name: str(url.query[name]) for name in _OURS if name in url.query}
    plain = url.difference_update_query(_OURS)
    mode = given.get("sslmode", given.get("ssl"))
    if mode is None:
        if given:
            raise ValueError(f"{', '.join(given)} need sslmode={VERIFIED}")
        return plain, {}
    if mode == PLAIN:
        return plain, {"ssl": False}
    if mode != VERIFIED:
        raise ValueError(f"sslmode must be {VERIFIED} (or {PLAIN}, or left out), got {mode}: others do not verify")
    try:
        # Without roots of its own: those of the system, or of SSL_CERT_FILE.
        context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=given.get(_ROOTS))
        if _CERTIFICATE in given:
            context.load_cert_chain(given[_CERTIFICATE], given.get(_KEY))
    except (OSError, ssl.SSLError) as error:
        raise ValueError(f"the certificates of the database's URL cannot be read: {error}") from error
    return plain, {"ssl": context}
