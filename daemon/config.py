"""The environment, read once into frozen values; every fault of it is told at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import timedelta
from typing import Final, Self, TypeVar
from urllib.parse import unquote, urlsplit

from daemon import variables
from daemon.environment import FILE_SUFFIX, ConfigurationError, ConfigurationFault, EnvironmentReader, Variable
from daemon.secret import Secret
from daemon.variables import LogFormat
from queues.failpoints import Trap

__all__ = [
    "AcumaticaApplication",
    "AcumaticaConfig",
    "Config",
    "ConfigurationError",
    "ConfigurationFault",
    "HttpConfig",
    "LogConfig",
    "MagentoBearer",
    "MagentoConfig",
    "MagentoOAuth",
    "Secret",
    "SettingDescription",
    "describe",
]

T = TypeVar("T")

CLAIM_LEASE_FACTOR: Final = 3
"""A claim outlives the request it was made for and the retries of writing its outcome (RELIABILITY.md, section 2)."""

LONGEST_RUN_LEASE: Final = timedelta(seconds=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpConfig:
    """Where API and pages listen, and the token they ask for; *admin_token* is None only on loopback."""

    host: str
    port: int
    admin_token: Secret | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MagentoBearer:
    """The integration's access token, sent as a bearer token."""

    token: Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class MagentoOAuth:
    """The integration's four OAuth 1.0a values."""

    consumer_key: Secret
    consumer_secret: Secret
    access_token: Secret
    access_token_secret: Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class MagentoConfig:
    """
    The store.

    Attributes:
        url: without a slash at its end; None: Magento is not connected.
        credentials: None when none were given; a store then refuses every request.
        connect_timeout: for opening a connection.
        timeout: for a request in all, its answer read.
    """

    url: str | None
    credentials: MagentoBearer | MagentoOAuth | None
    connect_timeout: timedelta
    timeout: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class AcumaticaApplication:
    """A connected application of the ERP (OAuth 2.0)."""

    client_id: str
    client_secret: Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class AcumaticaConfig:
    """
    The ERP.

    Attributes:
        url: without a slash at its end; None: Acumatica is not connected.
        client: the connected application; None: cookie sessions.
        tenant: login name of the tenant; with *client* it is fixed by that.
        endpoint: `Default/24.200.001`; None: the best the site has.
        connect_timeout: for opening a connection.
        timeout: for a request in all, its answer read.
        sessions: how many may be open.
        requests_per_minute: how many are made at most.
    """

    url: str | None
    username: str | None
    password: Secret | None
    client: AcumaticaApplication | None
    tenant: str | None
    branch: str | None
    endpoint: str | None
    connect_timeout: timedelta
    timeout: timedelta
    sessions: int
    requests_per_minute: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LogConfig:
    """What is logged, and how it looks."""

    level: str
    format: LogFormat


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """
    What the environment says.

    Attributes:
        broker_url: amqp(s) URL, with its password.
        database_url: always in the form `postgresql+asyncpg://…`, with its password.
        instance: first part of every exchange's and queue's name.
        index_hook_url: posted to when the shop should index; None: nobody is told.
        schedule_interval: between two runs of a queue.
        shutdown_grace: how long a stop waits for requests in hand.
        failpoints: for tests only: where this process is to be killed, frozen or stopped.
        retention: how long finished messages, runs and known event ids are kept.
        oldest_message_alert: how long a message may wait in a queue that is run before somebody is told.
        smtp_url: mail server; None: no mail is sent.
        mail_from: the address mails come from.
        warnings: what was accepted, and should be looked at all the same; for people.
    """

    broker_url: Secret
    database_url: Secret
    instance: str
    http: HttpConfig
    magento: MagentoConfig
    acumatica: AcumaticaConfig
    index_hook_url: Secret | None
    logging: LogConfig
    schedule_interval: timedelta
    shutdown_grace: timedelta
    retention: timedelta
    oldest_message_alert: timedelta
    smtp_url: Secret | None
    mail_from: str
    failpoints: tuple[Trap, ...]
    warnings: tuple[str, ...] = ()

    @property
    def claim_lease(self) -> timedelta:
        """How long a claim of a message lasts by the database's clock: three times the longest request."""
        return CLAIM_LEASE_FACTOR * self.magento.timeout

    @property
    def run_lease(self) -> timedelta:
        """How long the queues of a lost daemon are left alone: 30 s, or a claim's lease where that is shorter."""
        return min(LONGEST_RUN_LEASE, self.claim_lease)

    def secrets(self) -> tuple[str, ...]:
        """Name every text that must not be shown: all secrets, and the passwords inside URLs."""
        found = _secrets_of(self)
        urls = (self.broker_url, self.database_url, *((self.smtp_url,) if self.smtp_url else ()))
        passwords = [urlsplit(url.reveal()).password or "" for url in urls]
        return tuple(dict.fromkeys(text for text in (*found, *passwords, *map(unquote, passwords)) if text))

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Self:
        """
        Read *environ* (and the files its `…_FILE` names point to).

        Raises:
            ConfigurationError: with every fault there is.
        """
        reader = EnvironmentReader(environ)
        reader.refuse_unknown(variables.VARIABLES)
        broker_url = reader.read(variables.BROKER_URL)
        database_url = reader.read(variables.DATABASE_URL)
        config = cls(
            # Placeholders are never seen: a missing value is a fault, and `finish` raises it.
            broker_url=broker_url or Secret(""),
            database_url=database_url or Secret(""),
            instance=_value(reader, variables.INSTANCE),
            http=_http(reader),
            magento=_magento(reader),
            acumatica=_acumatica(reader),
            index_hook_url=reader.read(variables.INDEX_HOOK_URL),
            logging=LogConfig(level=_value(reader, variables.LOG_LEVEL), format=_value(reader, variables.LOG_FORMAT)),
            schedule_interval=_value(reader, variables.SCHEDULE_INTERVAL),
            shutdown_grace=_value(reader, variables.SHUTDOWN_GRACE),
            retention=_value(reader, variables.RETENTION_DAYS),
            oldest_message_alert=_value(reader, variables.OLDEST_MESSAGE_ALERT),
            smtp_url=reader.read(variables.SMTP_URL),
            mail_from=_value(reader, variables.MAIL_FROM),
            failpoints=reader.read(variables.FAILPOINTS) or (),
            warnings=tuple(reader.warnings),
        )
        if config.shutdown_grace <= config.magento.timeout:
            reader.refuse(
                variables.SHUTDOWN_GRACE,
                f"must be longer than {variables.MAGENTO_TIMEOUT.full_name} "
                f"({config.magento.timeout.total_seconds():g} s), got {config.shutdown_grace.total_seconds():g} s",
            )
        reader.finish()
        return config


def _secrets_of(part: object) -> list[str]:
    """Find the secrets in a configuration, however deep: a new one cannot be forgotten."""
    if isinstance(part, Secret):
        return [part.reveal()]
    if not is_dataclass(part):
        return []
    return [text for each in fields(part) for text in _secrets_of(getattr(part, each.name))]


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingDescription:
    """One row of the settings table in the README."""

    name: str
    default: str
    meaning: str


def describe() -> Sequence[SettingDescription]:
    """List every environment variable with its default and meaning, in the order of the documentation."""
    return [
        SettingDescription(
            name=f"{each.full_name}[{FILE_SUFFIX}]" if each.secret else each.full_name,
            default=each.default or ("required" if each.required else "none"),
            meaning=each.meaning,
        )
        for each in variables.VARIABLES
    ]


def _value(reader: EnvironmentReader, variable: Variable[T]) -> T:
    """Read a variable that has a default; a refused value gives the default, so that later rules can be checked."""
    value = reader.read(variable)
    if value is None:
        if variable.default is None:
            raise ValueError(f"{variable.name} has no default")
        return variable.parse(variable.default)
    return value


def _http(reader: EnvironmentReader) -> HttpConfig:
    before = len(reader.faults)
    http = HttpConfig(
        host=_value(reader, variables.HTTP_HOST),
        port=_value(reader, variables.HTTP_PORT),
        admin_token=reader.read(variables.ADMIN_TOKEN),
    )
    if http.admin_token is None and len(reader.faults) == before and not variables.is_loopback(http.host):
        reader.refuse(variables.ADMIN_TOKEN, f"is not set, but {http.host} is reached by others than this machine")
    return http


def _magento(reader: EnvironmentReader) -> MagentoConfig:
    token = reader.read(variables.MAGENTO_TOKEN)
    names = (
        variables.MAGENTO_CONSUMER_KEY,
        variables.MAGENTO_CONSUMER_SECRET,
        variables.MAGENTO_ACCESS_TOKEN,
        variables.MAGENTO_ACCESS_TOKEN_SECRET,
    )
    values = [reader.read(name) for name in names]
    key, secret, access, access_secret = values
    credentials: MagentoBearer | MagentoOAuth | None = MagentoBearer(token=token) if token else None
    if token and any(values):
        reader.refuse(variables.MAGENTO_TOKEN, "is given beside the OAuth values: keep one way to sign in")
    elif key and secret and access and access_secret:
        credentials = MagentoOAuth(
            consumer_key=key, consumer_secret=secret, access_token=access, access_token_secret=access_secret
        )
    elif any(values):
        for name, value in zip(names, values, strict=True):
            if value is None:
                reader.refuse(name, "is not set: OAuth 1.0a needs all four values")
    magento = MagentoConfig(
        url=reader.read(variables.MAGENTO_URL),
        credentials=credentials,
        connect_timeout=_value(reader, variables.MAGENTO_CONNECT_TIMEOUT),
        timeout=_value(reader, variables.MAGENTO_TIMEOUT),
    )
    if magento.connect_timeout > magento.timeout:
        reader.refuse(
            variables.MAGENTO_CONNECT_TIMEOUT, f"must not be longer than {variables.MAGENTO_TIMEOUT.full_name}"
        )
    return magento


def _acumatica(reader: EnvironmentReader) -> AcumaticaConfig:
    url, client_id = reader.read(variables.ACUMATICA_URL), reader.read(variables.ACUMATICA_CLIENT_ID)
    secret = reader.read(variables.ACUMATICA_CLIENT_SECRET)
    half = "is not set: a connected application has an id and a secret"
    if client_id is None and secret is not None:
        reader.refuse(variables.ACUMATICA_CLIENT_ID, half)
    if secret is None and client_id is not None:
        reader.refuse(variables.ACUMATICA_CLIENT_SECRET, half)
    acumatica = AcumaticaConfig(
        url=url,
        username=reader.read(variables.ACUMATICA_USERNAME),
        password=reader.read(variables.ACUMATICA_PASSWORD),
        client=AcumaticaApplication(client_id=client_id, client_secret=secret) if client_id and secret else None,
        tenant=reader.read(variables.ACUMATICA_TENANT),
        branch=reader.read(variables.ACUMATICA_BRANCH),
        endpoint=reader.read(variables.ACUMATICA_ENDPOINT),
        connect_timeout=_value(reader, variables.ACUMATICA_CONNECT_TIMEOUT),
        timeout=_value(reader, variables.ACUMATICA_TIMEOUT),
        sessions=_value(reader, variables.ACUMATICA_SESSIONS),
        requests_per_minute=_value(reader, variables.ACUMATICA_REQUESTS_PER_MINUTE),
    )
    nobody = "is not set, but the ERP's address is: it lets nobody in without user and password"
    if url is not None and acumatica.username is None:
        reader.refuse(variables.ACUMATICA_USERNAME, nobody)
    if url is not None and acumatica.password is None:
        reader.refuse(variables.ACUMATICA_PASSWORD, nobody)
    return acumatica
