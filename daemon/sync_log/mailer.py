"""Sending mail over one SMTP server: always over TLS before a password, and with a reason when it is not sent."""

import smtplib
import ssl
from base64 import b64encode
from collections.abc import Sequence
from email.message import EmailMessage
from typing import Final
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from daemon.secret import Secret

SECONDS: Final = 30
_SHOWN: Final = 200
_SIGNED_IN: Final = (235, 503)
"""The second: it is already."""


class MailNotSent(OSError):
    """The mail was not sent; the text names the server, what it was asked and what it said."""


class Mailer:
    """
    Sends mail over one SMTP server.

    Args:
        url: `smtp://user:password@host:587` (STARTTLS where the server offers it, and always before a password), or
            `smtps://…` (TLS from the start); `?cafile=` names an authority besides those the system trusts.
        sender: the address mails come from.
    """

    def __init__(self, url: Secret, sender: str) -> None:
        self._url = url
        self._sender = sender

    def send(self, message: EmailMessage, recipients: Sequence[str]) -> Sequence[str]:
        """
        Send *message*; blocks for up to half a minute.

        Returns:
            The recipients that the server does not know; it took the mail for the others.

        Raises:
            MailNotSent: it could not be sent.
        """
        parts = urlsplit(self._url.reveal())
        message["From"], message["To"] = self._sender, ", ".join(recipients)
        trusted = _trusted(parts)
        try:
            with _connected(parts, trusted) as server:
                _sign_in(server, parts)
                return sorted(server.send_message(message))
        except smtplib.SMTPAuthenticationError as error:
            user = unquote(parts.username or "")
            said = f"refused the user {user!r} or its password: {error.smtp_code} {_said(error.smtp_error)}"
            raise _not_sent(parts, said) from error
        except smtplib.SMTPNotSupportedError as error:
            raise _not_sent(parts, f"cannot do what this mail needs: {error}") from error
        except smtplib.SMTPRecipientsRefused as error:
            said = "; ".join(f"{code} {_said(text)}" for code, text in error.recipients.values())
            raise _not_sent(parts, f"takes mail for none of the recipients: {said}") from error
        except smtplib.SMTPResponseException as error:
            raise _not_sent(parts, f"answered {error.smtp_code} {_said(error.smtp_error)}") from error
        except ssl.SSLCertVerificationError as error:
            raise _not_sent(parts, f"has a certificate that is not trusted: {error.verify_message}") from error
        except (OSError, ValueError) as error:
            # A name or address that cannot be written down for the wire is a ValueError.
            raise _not_sent(parts, f"cannot be spoken to: {error}") from error


def _trusted(parts: SplitResult) -> ssl.SSLContext:
    context = ssl.create_default_context()
    for file in parse_qs(parts.query).get("cafile", ()):
        try:
            context.load_verify_locations(cafile=file)
        except OSError as error:
            raise MailNotSent(f"the file of the mail server's authority, {file}, cannot be read: {error}") from error
    return context


def _connected(parts: SplitResult, trusted: ssl.SSLContext) -> smtplib.SMTP:
    """Connect, over TLS where there is any."""
    host = parts.hostname or ""
    if parts.scheme == "smtps":
        return smtplib.SMTP_SSL(host, parts.port or 465, timeout=SECONDS, context=trusted)
    server = smtplib.SMTP(host, parts.port or 587, timeout=SECONDS)
    try:
        server.ehlo()
        if server.has_extn("starttls") or parts.password:
            server.starttls(context=trusted)
    except BaseException:
        server.close()
        raise
    return server


def _sign_in(server: smtplib.SMTP, parts: SplitResult) -> None:
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if not password:
        return
    if f"{user}{password}".isascii():
        server.login(user, password)
        return
    # The library writes both in ASCII only; by its standard this way to sign in carries UTF-8.
    server.ehlo_or_helo_if_needed()
    if "PLAIN" not in str(server.esmtp_features.get("auth", "")).upper().split():
        raise smtplib.SMTPNotSupportedError("user or password have letters that only AUTH PLAIN can carry")
    token = b64encode(f"\0{user}\0{password}".encode()).decode()
    code, said = server.docmd("AUTH", f"PLAIN {token}")
    if code not in _SIGNED_IN:
        raise smtplib.SMTPAuthenticationError(code, said)


def _not_sent(parts: SplitResult, said: str) -> MailNotSent:
    return MailNotSent(f"the mail server {parts.hostname}:{parts.port or parts.scheme} {said}")


def _said(text: bytes | str) -> str:
    """Give what a server said in one line."""
    plain = text.decode(errors="replace") if isinstance(text, bytes) else text
    return " ".join(plain.split())[:_SHOWN]
