"""Bodies: JSON with exact numbers."""

from decimal import Decimal

import msgspec

from daemon.sandbox.acumatica.errors import BodyFault

_DECODER = msgspec.json.Decoder(float_hook=Decimal)


def decode(body: bytes) -> object:
    """
    Decode a body; None for an empty one.

    Raises:
        BodyFault: 400, it is not JSON.
    """
    if not body.strip():
        return None
    try:
        return _DECODER.decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise BodyFault(f"The request body cannot be read: {error}") from error
