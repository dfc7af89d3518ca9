"""The error report by mail: what went wrong in a day, to those who asked for it (B10)."""

import smtplib
import ssl
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from email.message import EmailMessage
from typing import Final
from urllib.parse import unquote, urlsplit

from daemon.secret import Secret
from queues.masking import mask_document
from queues.postgres.journal import LoggedRequest

SECONDS: Final = 30
_SHOWN: Final = 20


def compose(
    instance: str, errors: Sequence[LoggedRequest], *, since: datetime, until: datetime, is_all: bool
) -> EmailMessage:
    """Write the report of *errors*, newest first; *is_all* is false when there were more. No personal data is in it."""
    by_queue = Counter(each.queue for each in errors)
    more = "" if is_all else " or more"
    lines = [
        f"Between {since:%Y-%m-%d %H:%M} and {until:%Y-%m-%d %H:%M} UTC {len(errors)}{more} requests went wrong:",
        "",
        *(f"  {count:>5}  {queue}" for queue, count in sorted(by_queue.items())),
        "",
        f"The newest {min(_SHOWN, len(errors))}:",
        "",
        *(f"  {each.at:%H:%M:%S}  {each.action or '-'}  {_why(each)}" for each in errors[:_SHOWN]),
        "",
        "All of them: am-connector logs list --level error. Failed messages: am-connector dead-letters list.",
    ]
    message = EmailMessage()
    message["Subject"] = f"am-connector {instance}: {len(errors)}{more} requests went wrong"
    message.set_content("\n".join(lines))
    return message


def _why(request: LoggedRequest) -> str:
    detail = next((each for each in request.details if each.get("reason")), {})
    told = mask_document({"key": detail.get("key", ""), "reason": detail.get("reason", "")}, personal=True)
    text = f"{told['key']}: {told['reason']}" if isinstance(told, dict) else ""
    return " ".join(text.split())[:200]


class Mailer:
    """
    Sends mail over one SMTP server.

    Args:
        url: `smtp://user:password@host:587` (STARTTLS where the server offers it, and always before a password), or
            `smtps://…` (TLS from the start).
        sender: the address mails come from.
    """

    def __init__(self, url: Secret, sender: str) -> None:
        self._url = url
        self._sender = sender

    def send(self, message: EmailMessage, recipients: Sequence[str]) -> None:
        """
        Send *message*; blocks for up to half a minute.

        Raises:
            OSError: it could not be sent (`smtplib.SMTPException` is one).
        """
        parts = urlsplit(self._url.reveal())
        host, password = parts.hostname or "", unquote(parts.password or "")
        message["From"], message["To"] = self._sender, ", ".join(recipients)
        trusted = ssl.create_default_context()
        if parts.scheme == "smtps":
            server: smtplib.SMTP = smtplib.SMTP_SSL(host, parts.port or 465, timeout=SECONDS, context=trusted)
        else:
            server = smtplib.SMTP(host, parts.port or 587, timeout=SECONDS)
        with server:
            if parts.scheme == "smtp":
                server.ehlo()
                if server.has_extn("starttls") or password:
                    server.starttls(context=trusted)
            if password:
                server.login(unquote(parts.username or ""), password)
            server.send_message(message)
