"""Closing a connection without an answer."""

import os
import socket
import struct

from aiohttp import web

_LINGER_OFF = struct.pack("ii", 1, 0)  # closing then sends a reset


def cut(request: web.Request, *, with_reset: bool) -> None:
    """Close the connection without an answer."""
    transport = request.transport
    if transport is None:
        return
    if with_reset:
        # A socket of our own on the same connection: uvloop hands out one that takes no options.
        descriptor = os.dup(transport.get_extra_info("socket").fileno())
        with socket.socket(fileno=descriptor) as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_OFF)
    transport.abort()
