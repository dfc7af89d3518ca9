"""
Choose TCP ports on this machine that nobody else uses.

A port is handed out only once per process, so that two servers started side by side do not get the same one before
either of them listens.
"""

import socket
import threading

LOOPBACK = "127.0.0.1"

_HIGHEST_PORT = 65535
_LOCK = threading.Lock()
_HANDED_OUT: set[int] = set()


def is_free(port: int) -> bool:
    """
    Tell whether *port* (1…65535) can be listened on, on the loopback address and on all addresses.

    Both are tried: a server bound to one of them does not always keep the other from being bound.
    """
    if not 1 <= port <= _HIGHEST_PORT:
        raise ValueError(f"port must be 1…{_HIGHEST_PORT}, got {port}")
    return all(_can_bind(address, port) for address in (LOOPBACK, "0.0.0.0"))  # noqa: S104 - probed, closed at once


def free_port(preferred: int | None = None) -> int:
    """Return *preferred* if nobody has it, else a port chosen by the kernel; never the same one twice."""
    with _LOCK:
        if preferred is not None and preferred not in _HANDED_OUT and is_free(preferred):
            _HANDED_OUT.add(preferred)
            return preferred
        while True:
            port = _any_port()
            if port not in _HANDED_OUT and is_free(port):
                _HANDED_OUT.add(port)
                return port


def _any_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def _can_bind(address: str, port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do: a port in TIME_WAIT after the last run is free, a listening one is not.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return False
        return True
