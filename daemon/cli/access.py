"""How the daemon is reached: its address and token, from the few variables the operating verbs need."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from daemon import variables
from daemon.cli.errors import UsageError
from daemon.config import ConfigurationError
from daemon.environment import EnvironmentReader
from daemon.secret import Secret

_ANY_ADDRESS: Final = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 - what the daemon binds is never dialled


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Where the API is, without a slash at the end, and its token; None: none was given."""

    url: str
    token: Secret | None


def read_access(environ: Mapping[str, str], *, url: str | None) -> Access:
    """
    Find the daemon: at *url* if it is given, otherwise where the environment has it listen on this machine.

    Nothing else needs to be configured, but a name that does not exist is refused here as by the daemon.

    Raises:
        ConfigurationError: what is set is wrong.
        UsageError: *url* is none, or the daemon's port is not fixed.
    """
    reader = EnvironmentReader(environ)
    reader.refuse_unknown(variables.VARIABLES)
    host, port = reader.read(variables.HTTP_HOST), reader.read(variables.HTTP_PORT)
    own, admin = reader.read(variables.TOKEN), reader.read(variables.ADMIN_TOKEN)
    token = own or admin
    reader.finish()
    if url is not None:
        return Access(url=_checked(url), token=token)
    if not port:
        raise UsageError(f"{variables.HTTP_PORT.full_name} is 0, a port the daemon picks itself: give --url")
    host = host or ""
    return Access(url=f"http://{_ANY_ADDRESS.get(host, f'[{host}]' if ':' in host else host)}:{port}", token=token)


def describe_faults(error: ConfigurationError) -> str:
    """Tell every fault of the configuration, one a line."""
    return "\n".join(["the configuration is wrong:", *(f"  {fault.name}: {fault.text}" for fault in error.faults)])


def _checked(url: str) -> str:
    try:
        parts = urlsplit(url)
        good = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good:
        raise UsageError(f"--url must be an address such as http://127.0.0.1:8080, got {url[:200]!r}")
    if parts.username or parts.password or parts.query or parts.fragment:
        # Not repeated: it may hold a password, and would have stood in the list of processes.
        raise UsageError("--url must not hold a user, a query or a fragment; the token comes from the environment")
    return url.rstrip("/")
