"""What a simulated site is started with. Invented credentials: the sandbox protects nothing."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class AcumaticaSandboxSettings:
    """
    How a simulated site starts.

    Attributes:
        site_path: the path the instance sits under, `/Site`, or empty.
        username: the one user.
        password: its password.
        tenants: login names of the tenants; with one alone any name signs in.
        branches: ids of the branches; the first is the user's own.
        client_name: the name of the connected application; its id is `<name>@<first tenant>`.
        client_secret: its secret.
        build: as `GET /entity` tells it.
        endpoint_versions: versions of `Default` the site lists; only 24.200.001 is served.
        tries_before_lock: wrong passwords in a row until the user is locked out.
        api_users: open sessions the licence allows; None: any number.
        requests_per_minute: over half of it each request is late; None: no limit.
        concurrent_requests: beyond it requests wait, beyond 20 waiting ones they are declined; None: no limit.
        login_limit_status: 500 or 429; the vendor does not say which.
        access_token_seconds: life of an access token.
        action_polls: how often the status of an action answers "running" before it is done; 0: done at once.
        default_items: how many stock items AC-1000 and up the site holds; 0 starts empty.
        validate: check every request against the contract and note the result in the journal.
        journal_entries: how many requests the journal keeps.
        journal_bodies: of how many of the newest requests it keeps the body.
    """

    site_path: str = ""
    username: str = "sync"
    password: str = "sandbox-sync-1"  # noqa: S105 - invented, printed at start, opens only the simulation
    tenants: tuple[str, ...] = ("Shop", "Archive")
    branches: tuple[str, ...] = ("MAIN", "WEST")
    client_name: str = "8E07A1C2-0000-4000-8000-00000000C0DE"
    client_secret: str = "sandbox-client-secret"  # noqa: S105 - as above
    build: str = "26.101.0225"
    endpoint_versions: tuple[str, ...] = ("20.200.001", "22.200.001", "23.200.001", "24.200.001", "25.200.001")
    tries_before_lock: int = 10
    api_users: int | None = 5
    requests_per_minute: int | None = None
    concurrent_requests: int | None = None
    login_limit_status: int = 500
    access_token_seconds: float = 3_600.0
    action_polls: int = 2
    default_items: int = 200
    validate: bool = True
    journal_entries: int = 200_000
    journal_bodies: int = 2_000

    def __post_init__(self) -> None:
        if not self.tenants or not self.branches:
            raise ValueError("a site has at least one tenant and one branch")
        if self.site_path and (not self.site_path.startswith("/") or self.site_path.endswith("/")):
            raise ValueError(f"site_path must be empty or like /Site, got {self.site_path!r}")
        if self.default_items < 0:
            raise ValueError(f"default_items must be >= 0, got {self.default_items}")

    @property
    def client_id(self) -> str:
        """The client id: it fixes the tenant."""
        return f"{self.client_name}@{self.tenants[0]}"
