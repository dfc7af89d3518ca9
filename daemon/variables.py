"""Every environment variable of the connector: name, how it is read, default and meaning (DESIGN.md, section 8)."""

import ipaddress
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final, Literal
from urllib.parse import parse_qs, urlsplit

from daemon.environment import Variable
from daemon.secret import Secret
from queues.failpoints import Trap, parse

LogFormat = Literal["auto", "console", "json"]

SHORTEST_TOKEN: Final = 16
"""Characters of an administration token; a generated one has 43 (256 bits)."""


def _text(text: str) -> str:
    return text


def _secret(text: str) -> Secret:
    return Secret(text)


def _instance(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,39}", text):
        raise ValueError("1 to 40 small letters, digits, - or _, starting with a letter or digit")
    return text


def _url(schemes: tuple[str, ...], expected: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        try:
            parts = urlsplit(text)
            reachable = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
        except ValueError as error:
            raise ValueError(expected) from error
        if not reachable:
            raise ValueError(expected)
        return text

    return parse


def _smtp_url(text: str) -> Secret:
    _smtp(text)
    if set(parse_qs(urlsplit(text).query, keep_blank_values=True)) - {"cafile"}:
        raise ValueError("a URL with no other parameter than cafile: certificates are always verified")
    return Secret(text)


def _mail_address(text: str) -> str:
    if not re.fullmatch(r"[^\s@<>,;]+@[^\s@<>,;]+", text):
        raise ValueError("a mail address such as connector@shop.example")
    return text


_amqp = _url(("amqp", "amqps"), "a URL amqp://user:password@host:port/vhost (or amqps)")
_postgres = _url(("postgresql", "postgresql+asyncpg"), "a URL postgresql://user:password@host:port/database")
_smtp = _url(("smtp", "smtps"), "a URL smtp://user:password@host:587 (or smtps)")
_http = _url(("http", "https"), "a URL https://host[:port][/path]")


def _broker_url(text: str) -> Secret:
    _amqp(text)
    unverified = {"no_verify_ssl", "verify_ssl", "verify"} & set(parse_qs(urlsplit(text).query, keep_blank_values=True))
    if unverified:
        raise ValueError(f"a URL without {', '.join(sorted(unverified))}: certificates are always verified")
    return Secret(text)


def _database_url(text: str) -> Secret:
    _postgres(text)
    modes = {mode for name in ("sslmode", "ssl") for mode in parse_qs(urlsplit(text).query).get(name, [])}
    if modes - {"verify-full", "disable"}:
        raise ValueError("a URL with sslmode=verify-full, or without sslmode: other modes verify nobody")
    return Secret(text.replace("postgresql://", "postgresql+asyncpg://", 1))


def _target_url(text: str) -> str:
    _http(text)
    parts = urlsplit(text)
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("a URL https://host[:port][/path] without user, query or fragment")
    return text.rstrip("/")


def _hook_url(text: str) -> Secret:
    _http(text)
    return Secret(text)


def _host(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9._:-]+", text):
        raise ValueError("an address or a host name")
    return text


def _admin_token(text: str) -> Secret:
    # RFC 6750 leaves these characters for a bearer token; blanks would be cut by every HTTP library in between.
    if not re.fullmatch(r"[\x21-\x7e]+", text):
        raise ValueError("printable ASCII without blanks")
    if len(text) < SHORTEST_TOKEN:
        raise ValueError(f"at least {SHORTEST_TOKEN} characters, such as `openssl rand -base64 32` gives")
    return Secret(text)


def _integer(lowest: int, highest: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not re.fullmatch(r"\d{1,9}", text) or not lowest <= int(text) <= highest:
            raise ValueError(f"an integer from {lowest} to {highest}")
        return int(text)

    return parse


def _seconds(lowest: float, highest: float) -> Callable[[str], timedelta]:
    def parse(text: str) -> timedelta:
        if not re.fullmatch(r"\d{1,9}(\.\d{1,6})?", text) or not lowest <= float(text) <= highest:
            raise ValueError(f"seconds from {lowest:g} to {highest:g}")
        return timedelta(seconds=float(text))

    return parse


def _days(text: str) -> timedelta:
    return timedelta(days=_integer(1, 3650)(text))


def _traps(text: str) -> tuple[Trap, ...]:
    return tuple(parse(text))


def _log_level(text: str) -> str:
    level = text.lower()
    if level not in {"debug", "info", "warning", "error"}:
        raise ValueError("debug, info, warning or error")
    return level


def _log_format(text: str) -> LogFormat:
    match text.lower():
        case "auto":
            return "auto"
        case "console":
            return "console"
        case "json":
            return "json"
        case _:
            raise ValueError("auto, console or json")


def _endpoint(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_]{1,64}/[0-9.]{1,20}", text):
        raise ValueError("a name and a version, Default/24.200.001")
    return text


def is_loopback(host: str) -> bool:
    """Tell whether only programs of this machine reach *host*."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


BROKER_URL = Variable(
    name="BROKER_URL",
    parse=_broker_url,
    required=True,
    secret=True,
    meaning="RabbitMQ, amqp://user:password@host:port/vhost or amqps://…",
)
DATABASE_URL = Variable(
    name="DATABASE_URL",
    parse=_database_url,
    required=True,
    secret=True,
    meaning="PostgreSQL, postgresql://user:password@host:port/database",
)
INSTANCE = Variable(
    name="INSTANCE",
    parse=_instance,
    default="main",
    meaning="names this installation; begins the name of every exchange and queue, so that several may share a broker",
)
HTTP_HOST = Variable(
    name="HTTP_HOST",
    parse=_host,
    default="127.0.0.1",
    meaning="address the API and the pages listen on; any but a loopback address needs ADMIN_TOKEN",
)
HTTP_PORT = Variable(
    name="HTTP_PORT",
    parse=_integer(0, 65535),
    default="8080",
    meaning="port the API and the pages listen on; 0 takes a free one and logs it",
)
ADMIN_TOKEN = Variable(
    name="ADMIN_TOKEN",
    parse=_admin_token,
    secret=True,
    meaning=f"bearer token of the first admin of API and pages, at least {SHORTEST_TOKEN} characters; without it one "
    "is generated and printed at start, on loopback only",
)
TOKEN = Variable(
    name="TOKEN",
    parse=_admin_token,
    secret=True,
    meaning="token the commands of this machine present to the daemon, as `am-connector tokens create` made it; "
    "without it ADMIN_TOKEN. The daemon itself does not look at it",
)
MAGENTO_URL = Variable(
    name="MAGENTO_URL",
    parse=_target_url,
    meaning="the store, https://shop.example; without it Magento is not connected",
)
MAGENTO_TOKEN = Variable(
    name="MAGENTO_TOKEN", parse=_secret, secret=True, meaning="bearer token of a Magento integration, or the four below"
)
MAGENTO_CONSUMER_KEY = Variable(
    name="MAGENTO_CONSUMER_KEY", parse=_secret, secret=True, meaning="OAuth 1.0a of the integration: consumer key"
)
MAGENTO_CONSUMER_SECRET = Variable(
    name="MAGENTO_CONSUMER_SECRET", parse=_secret, secret=True, meaning="OAuth 1.0a: consumer secret"
)
MAGENTO_ACCESS_TOKEN = Variable(
    name="MAGENTO_ACCESS_TOKEN", parse=_secret, secret=True, meaning="OAuth 1.0a: access token"
)
MAGENTO_ACCESS_TOKEN_SECRET = Variable(
    name="MAGENTO_ACCESS_TOKEN_SECRET", parse=_secret, secret=True, meaning="OAuth 1.0a: access token secret"
)
MAGENTO_CONNECT_TIMEOUT = Variable(
    name="MAGENTO_CONNECT_TIMEOUT",
    parse=_seconds(0.1, 300),
    default="5",
    meaning="seconds a connection to Magento may take to open",
)
MAGENTO_TIMEOUT = Variable(
    name="MAGENTO_TIMEOUT",
    parse=_seconds(0.1, 900),
    default="60",
    meaning="seconds a request to Magento may take in all; a claim of a message lasts three times as long",
)
ACUMATICA_URL = Variable(
    name="ACUMATICA_URL",
    parse=_target_url,
    meaning="the ERP, https://erp.example/instance; without it Acumatica is not connected",
)
ACUMATICA_USERNAME = Variable(name="ACUMATICA_USERNAME", parse=_text, meaning="user the connector signs in with")
ACUMATICA_PASSWORD = Variable(name="ACUMATICA_PASSWORD", parse=_secret, secret=True, meaning="its password")
ACUMATICA_CLIENT_ID = Variable(
    name="ACUMATICA_CLIENT_ID",
    parse=_text,
    meaning="OAuth 2.0: id of the connected application, GUID@TENANT; without it a cookie session is used",
)
ACUMATICA_CLIENT_SECRET = Variable(
    name="ACUMATICA_CLIENT_SECRET", parse=_secret, secret=True, meaning="OAuth 2.0: its secret; also seals kept tokens"
)
ACUMATICA_TENANT = Variable(name="ACUMATICA_TENANT", parse=_text, meaning="tenant (company) to sign in to")
ACUMATICA_BRANCH = Variable(name="ACUMATICA_BRANCH", parse=_text, meaning="branch to sign in to")
ACUMATICA_ENDPOINT = Variable(
    name="ACUMATICA_ENDPOINT",
    parse=_endpoint,
    meaning="web service endpoint and version, Default/24.200.001; else the best the site has from 23.200.001 on",
)
ACUMATICA_CONNECT_TIMEOUT = Variable(
    name="ACUMATICA_CONNECT_TIMEOUT",
    parse=_seconds(0.1, 300),
    default="5",
    meaning="seconds a connection to Acumatica may take to open",
)
ACUMATICA_TIMEOUT = Variable(
    name="ACUMATICA_TIMEOUT",
    parse=_seconds(0.1, 900),
    default="120",
    meaning="seconds a request to Acumatica may take in all; near its licence limits the ERP answers late on purpose",
)
ACUMATICA_SESSIONS = Variable(
    name="ACUMATICA_SESSIONS",
    parse=_integer(1, 20),
    default="2",
    meaning="sessions the connector may open; each takes one of the licence's API users (a trial has two)",
)
ACUMATICA_REQUESTS_PER_MINUTE = Variable(
    name="ACUMATICA_REQUESTS_PER_MINUTE",
    parse=_integer(1, 60_000),
    default="120",
    meaning="requests a minute the connector makes at most; keep it below half of what the licence allows",
)
INDEX_HOOK_URL = Variable(
    name="INDEX_HOOK_URL",
    parse=_hook_url,
    secret=True,
    meaning="address that is posted to when the shop should index after a sync (index_after); may hold a token",
)
LOG_LEVEL = Variable(name="LOG_LEVEL", parse=_log_level, default="info", meaning="debug, info, warning or error")
LOG_FORMAT = Variable(
    name="LOG_FORMAT",
    parse=_log_format,
    default="auto",
    meaning="console (for people), json (one object a line), auto: console on a terminal, json otherwise",
)
SCHEDULE_INTERVAL = Variable(
    name="SCHEDULE_INTERVAL",
    parse=_seconds(0.05, 86_400),
    default="60",
    meaning="seconds between two runs of a queue; other values are for tests",
)
SHUTDOWN_GRACE = Variable(
    name="SHUTDOWN_GRACE",
    parse=_seconds(0, 3600),
    default="75",
    meaning="seconds a stop waits for requests in hand; more than MAGENTO_TIMEOUT, so that none is cut off",
)
FAILPOINTS = Variable(
    name="FAILPOINTS",
    parse=_traps,
    meaning="for tests of crashes only: points in the code at which the process is killed, frozen or asked to stop, "
    "claim.committed=kill",
)
RETENTION_DAYS = Variable(
    name="RETENTION_DAYS",
    parse=_days,
    default="30",
    meaning="days finished messages with their attempts, runs and known event ids are kept; open dead letters never "
    "expire",
)
OLDEST_MESSAGE_ALERT = Variable(
    name="OLDEST_MESSAGE_ALERT",
    parse=_seconds(1, 31_536_000),
    default="900",
    meaning="seconds a message may wait in a queue that is run before health, metrics and log tell of it",
)

SMTP_URL = Variable(
    name="SMTP_URL",
    parse=_smtp_url,
    secret=True,
    meaning="mail server for the daily report of errors to `logging.report_recipients`, smtp://user:password@host:587 "
    "or smtps://…, with ?cafile= for an authority of your own; without it no mail is sent",
)
MAIL_FROM = Variable(
    name="MAIL_FROM",
    parse=_mail_address,
    default="am-connector@localhost",
    meaning="address that mails come from",
)

VARIABLES: Final[tuple[Variable[Any], ...]] = (
    BROKER_URL,
    DATABASE_URL,
    INSTANCE,
    HTTP_HOST,
    HTTP_PORT,
    ADMIN_TOKEN,
    TOKEN,
    MAGENTO_URL,
    MAGENTO_TOKEN,
    MAGENTO_CONSUMER_KEY,
    MAGENTO_CONSUMER_SECRET,
    MAGENTO_ACCESS_TOKEN,
    MAGENTO_ACCESS_TOKEN_SECRET,
    MAGENTO_CONNECT_TIMEOUT,
    MAGENTO_TIMEOUT,
    ACUMATICA_URL,
    ACUMATICA_USERNAME,
    ACUMATICA_PASSWORD,
    ACUMATICA_CLIENT_ID,
    ACUMATICA_CLIENT_SECRET,
    ACUMATICA_TENANT,
    ACUMATICA_BRANCH,
    ACUMATICA_ENDPOINT,
    ACUMATICA_CONNECT_TIMEOUT,
    ACUMATICA_TIMEOUT,
    ACUMATICA_SESSIONS,
    ACUMATICA_REQUESTS_PER_MINUTE,
    INDEX_HOOK_URL,
    LOG_LEVEL,
    LOG_FORMAT,
    SCHEDULE_INTERVAL,
    SHUTDOWN_GRACE,
    RETENTION_DAYS,
    OLDEST_MESSAGE_ALERT,
    SMTP_URL,
    MAIL_FROM,
    FAILPOINTS,
)
"""In the order of the documentation."""
