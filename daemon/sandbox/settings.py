"""What a sandbox store is started with, and the shop switches that may be turned while it runs."""

from dataclasses import dataclass
from typing import Literal

PriceScope = Literal["global", "website"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthCredentials:
    """The four values of an OAuth 1.0a integration. Invented: the sandbox protects nothing."""

    consumer_key: str
    consumer_secret: str
    access_token: str
    access_token_secret: str


DEFAULT_CREDENTIALS = OAuthCredentials(
    consumer_key="sandbox-consumer-key",
    consumer_secret="sandbox-consumer-secret",  # noqa: S106 - invented, printed at start, opens only the simulation
    access_token="sandbox-token",  # noqa: S106 - as above
    access_token_secret="sandbox-token-secret",  # noqa: S106 - as above
)
STOCK_ONLY_CREDENTIALS = OAuthCredentials(
    consumer_key="sandbox-stock-consumer-key",
    consumer_secret="sandbox-stock-consumer-secret",  # noqa: S106 - as above
    access_token="sandbox-stock-token",  # noqa: S106 - as above
    access_token_secret="sandbox-stock-token-secret",  # noqa: S106 - as above
)


@dataclass(slots=True, kw_only=True)
class ShopConfiguration:
    """
    The store configuration of the simulated shop; not frozen, because a merchant changes it while the shop runs.

    `bearer` is "Allow OAuth Access Tokens to be used as standalone Bearer tokens" (off in a fresh Magento, on here).
    `complex_array_limit`, `maximum_page_size` and `default_page_size` count only while `input_limits` is on;
    None means not set, as in 2.4.7-p3, where only the page size then has a limit (300).
    `consumer`: the shop's own queue is worked off, so that asynchronous calls are carried out.
    """

    bearer: bool = True
    price_scope: PriceScope = "global"
    input_limits: bool = False
    complex_array_limit: int | None = None
    maximum_page_size: int | None = None
    default_page_size: int | None = None
    consumer: bool = True

    @property
    def array_limit(self) -> int | None:
        """The number of objects one list may hold, None without a limit."""
        return self.complex_array_limit if self.input_limits else None

    @property
    def page_limit(self) -> int | None:
        """The largest page size a search may ask for, None without a limit."""
        if not self.input_limits:
            return None
        return 300 if self.maximum_page_size is None else self.maximum_page_size


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxSettings:
    """
    How a sandbox store starts.

    Attributes:
        credentials: OAuth 1.0a values of the integration with all permissions; its access token is the bearer token.
        stock_credentials: the same for an integration that may only write stock.
        admin_username: user of the admin token call.
        admin_password: its password.
        default_products: how many simple products AC-1000 and up the default catalogue holds; 0 starts empty.
        validate: check every request against the contract and note the result in the journal.
        real_times: take as long as the recorded shop did.
        time_scale: factor on the recorded times, above 0.
        journal_entries: how many requests the journal keeps.
        journal_bodies: of how many of the newest requests it keeps the body.
    """

    credentials: OAuthCredentials = DEFAULT_CREDENTIALS
    stock_credentials: OAuthCredentials = STOCK_ONLY_CREDENTIALS
    admin_username: str = "admin"
    admin_password: str = "sandbox-admin-1"  # noqa: S105 - invented, printed at start
    default_products: int = 2_000
    validate: bool = True
    real_times: bool = False
    time_scale: float = 1.0
    journal_entries: int = 200_000
    journal_bodies: int = 2_000

    def __post_init__(self) -> None:
        if self.default_products < 0:
            raise ValueError(f"default_products must be >= 0, got {self.default_products}")
        if self.time_scale <= 0:
            raise ValueError(f"time_scale must be > 0, got {self.time_scale}")
        if self.journal_entries < 1 or self.journal_bodies < 0:
            raise ValueError(
                f"journal_entries must be >= 1 and journal_bodies >= 0, got {self.journal_entries}, "
                f"{self.journal_bodies}"
            )
