"""Mail over a real SMTP server: TLS both ways, an authority of one's own, signing in, and what stands against it."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from functools import partial
from pathlib import Path
from typing import Literal
from urllib.parse import quote

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from daemon.secret import Secret
from daemon.sync_log.mailer import Mailer, MailNotSent
from tests.tls import Authority, Kind

USER, PASSWORD = "ops@example.test", "open sesame/1"
Encryption = Literal["smtp", "smtps", "none"]


@dataclass
class MailServer:
    """A server that keeps the mails it takes, with who sent them and whether it was over TLS."""

    refuses: frozenset[str] = frozenset()
    password: str = PASSWORD
    port: int = 0
    mails: list[tuple[str, bytes | None, bool]] = field(default_factory=list)

    def sign_in(self, _server: SMTP, _session: Session, _envelope: Envelope, _how: str, given: object) -> AuthResult:
        is_right = isinstance(given, LoginPassword) and (given.login, given.password) == (
            USER.encode(),
            self.password.encode(),
        )
        return AuthResult(success=is_right, handled=False, auth_data=given)

    async def handle_RCPT(  # noqa: N802 - the name the library looks for
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address in self.refuses:
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 fine"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - as above
        given: object = session.auth_data
        who = given.login if isinstance(given, LoginPassword) else None
        transport = server.transport
        is_tls = transport is not None and transport.get_extra_info("sslcontext") is not None
        assert isinstance(envelope.content, bytes)
        self.mails.append((envelope.content.decode(), who, is_tls))
        return "250 taken"

    @asynccontextmanager
    async def running(self, encryption: Encryption, context: ssl.SSLContext | None) -> AsyncIterator[str]:
        """Listen; gives the beginning of its URL, up to the user."""
        loop = asyncio.get_running_loop()
        make = partial(
            SMTP,
            self,
            loop=loop,
            authenticator=self.sign_in,
            tls_context=context if encryption == "smtp" else None,
            require_starttls=encryption == "smtp",
            # With TLS from the start it does not know that there is any.
            auth_require_tls=encryption == "smtp",
        )
        server = await loop.create_server(make, "127.0.0.1", 0, ssl=context if encryption == "smtps" else None)
        self.port = server.sockets[0].getsockname()[1]
        async with server:
            yield "smtps" if encryption == "smtps" else "smtp"

    def url(self, scheme: str, *, password: str | None = PASSWORD, roots: Path | None = None) -> Secret:
        user = "" if password is None else f"{quote(USER, safe='')}:{quote(password, safe='')}@"
        query = "" if roots is None else f"?cafile={roots}"
        return Secret(f"{scheme}://{user}127.0.0.1:{self.port}{query}")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Sign for the servers of this module."""
    return Authority.at(tmp_path_factory.mktemp("mail"))


async def send(url: Secret, *recipients: str) -> tuple[str, ...]:
    message = EmailMessage()
    message["Subject"] = "What went wrong"
    message.set_content("AC-1001: refused")
    mailer = Mailer(url, "connector@example.test")
    return tuple(await asyncio.to_thread(mailer.send, message, recipients or ("ada@example.test",)))


@pytest.mark.parametrize("password", [PASSWORD, "öffne dich"])
@pytest.mark.parametrize("encryption", ["smtp", "smtps"])
async def test_a_mail_goes_over_tls_with_user_and_password(
    encryption: Encryption, password: str, authority: Authority
) -> None:
    server = MailServer(password=password)
    async with server.running(encryption, authority.context("good")) as scheme:
        unknown = await send(server.url(scheme, password=password, roots=authority.roots))

    ((mail, who, is_tls),) = server.mails
    assert (unknown, who, is_tls) == ((), USER.encode(), True)
    assert "To: ada@example.test" in mail
    assert "AC-1001: refused" in mail


@pytest.mark.parametrize("password", ["wrong-one", "wröng-one"])
@pytest.mark.parametrize("encryption", ["smtp", "smtps"])
async def test_a_wrong_password_is_told_with_the_user_and_never_shown(
    encryption: Encryption, password: str, authority: Authority
) -> None:
    server = MailServer()
    async with server.running(encryption, authority.context("good")) as scheme:
        with pytest.raises(MailNotSent) as told:
            await send(server.url(scheme, password=password, roots=authority.roots))

    assert str(told.value).startswith(
        f"the mail server 127.0.0.1:{server.port} refused the user 'ops@example.test' or its password: 535 "
    )
    assert password not in str(told.value)
    assert server.mails == []


@pytest.mark.parametrize("encryption", ["smtp", "smtps"])
@pytest.mark.parametrize(
    ("kind", "said"), [("wrong_authority", "unable to get local issuer"), ("wrong_host", "IP address mismatch")]
)
async def test_a_certificate_that_is_not_trusted_gets_neither_password_nor_mail(
    encryption: Encryption, kind: Kind, said: str, authority: Authority
) -> None:
    server = MailServer()
    async with server.running(encryption, authority.context(kind)) as scheme:
        with pytest.raises(MailNotSent, match="has a certificate that is not trusted") as told:
            await send(server.url(scheme, roots=authority.roots))

    assert said in str(told.value)
    assert server.mails == []


async def test_an_authority_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(MailNotSent, match=r"authority, .*none\.pem, cannot be read"):
        await send(MailServer(port=9).url("smtps", roots=tmp_path / "none.pem"))


async def test_a_server_without_tls_gets_mails_but_no_password() -> None:
    server = MailServer()
    async with server.running("none", None) as scheme:
        await send(server.url(scheme, password=None))
        with pytest.raises(MailNotSent, match="STARTTLS"):
            await send(server.url(scheme))

    ((_, who, is_tls),) = server.mails
    assert (who, is_tls) == (None, False)


async def test_recipients_that_are_unknown_are_named_and_the_others_get_the_mail() -> None:
    server = MailServer(refuses=frozenset({"gone@example.test"}))
    async with server.running("none", None) as scheme:
        unknown = await send(server.url(scheme, password=None), "ada@example.test", "gone@example.test")
        with pytest.raises(MailNotSent, match="takes mail for none of the recipients: 550 no such user"):
            await send(server.url(scheme, password=None), "gone@example.test")
    with pytest.raises(MailNotSent, match="cannot be spoken to"):
        await send(server.url(scheme, password=None))

    assert unknown == ("gone@example.test",)
    assert len(server.mails) == 1
