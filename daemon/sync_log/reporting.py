"""Telling a day's errors by mail, once, whichever replica does it."""

import asyncio
from datetime import timedelta
from typing import Final

import structlog

from daemon.sync_log.choosing import LoggingInForce
from daemon.sync_log.cleaning_times import daily_cleaning
from daemon.sync_log.mail import compose
from daemon.sync_log.mailer import Mailer, MailNotSent
from queues.ports import Clock
from queues.postgres.journal import PostgresJournal, RequestFilter
from queues.postgres.log_keeping import PostgresLogKeeping

MOST: Final = 500
_DAY: Final = timedelta(days=1)

_log = structlog.stdlib.get_logger("daemon")


class ErrorReports:
    """
    The daily report.

    Args:
        instance: whose errors.
        log: tells which reports were made.
        journal: tells what went wrong.
        settings: in force; without recipients nothing is sent.
        mailer: None: no server is configured.
        clock: tells when a day is over.
    """

    def __init__(
        self,
        instance: str,
        *,
        log: PostgresLogKeeping,
        journal: PostgresJournal,
        settings: LoggingInForce,
        mailer: Mailer | None,
        clock: Clock,
    ) -> None:
        self._instance = instance
        self._log = log
        self._journal = journal
        self._settings = settings
        self._mailer = mailer
        self._clock = clock

    async def send_when_due(self) -> bool:
        """
        Send the report of the day up to the last cleaning, unless somebody has; none of a day without errors.

        It is taken in hand before it is sent: one that cannot be sent is told in the log, not tried again.
        """
        recipients = (await self._settings.logging()).report_recipients
        if self._mailer is None or not recipients:
            return False
        until = daily_cleaning(self._clock.now())
        if not await self._log.take_report(until):
            return False
        wanted = RequestFilter(level="error", since=until - _DAY, until=until)
        page = await self._journal.requests(wanted, limit=MOST)
        if not page.items:
            return False
        message = compose(self._instance, page.items, since=until - _DAY, until=until, is_all=page.next_cursor is None)
        try:
            unknown = await asyncio.to_thread(self._mailer.send, message, recipients)
        except MailNotSent as error:
            _log.error("error_report.not_sent", recipients=len(recipients), reason=str(error)[:500])
            return False
        if unknown:
            _log.warning("error_report.recipients_unknown", recipients=len(recipients), unknown=len(unknown))
        _log.info("error_report.sent", recipients=len(recipients), errors=len(page.items))
        return True
