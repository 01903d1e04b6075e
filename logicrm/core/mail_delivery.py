"""How a message leaves: through an SMTP server, or into a file of the instance folder (the default)."""

from __future__ import annotations

import os
import secrets
import smtplib
import ssl
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from email.errors import MessageError
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from email.policy import EmailPolicy
from email.policy import default as default_policy
from email.utils import format_datetime, getaddresses, parseaddr
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from flask import current_app

from logicrm.core import egress

TIMEOUT_S = 20.0
HERE = ("localhost", "127.0.0.1", "::1")


class Refusal(Exception):
    """The server will never take this message. Our own words: its answer may quote the address."""


@dataclass(frozen=True)
class Letter:
    """A message read out of its row, so that sending holds no transaction open."""

    id: uuid.UUID
    to: str
    subject: str
    text: str
    html: str
    message_id: str
    at: datetime
    headers: dict[str, str] = field(default_factory=dict)
    attached: Sequence[tuple[str, str, bytes]] = ()  # name, media type, content


class _Unfolded(EmailPolicy):
    """SMTP's policy, except that addresses of the web stay in one piece: the library would encode a long one."""

    WHOLE = frozenset({"list-unsubscribe", "list-unsubscribe-post", "message-id"})

    def fold(self, name: str, value: Any) -> str:
        return f"{name}: {value}\r\n" if name.lower() in self.WHOLE else super().fold(name, value)

    def fold_binary(self, name: str, value: Any) -> bytes:
        return self.fold(name, value).encode() if name.lower() in self.WHOLE else super().fold_binary(name, value)


POLICY = _Unfolded(linesep="\r\n", raise_on_defect=False)


def compose(letter: Letter) -> EmailMessage:
    """Build the message. Text always; formatted text and attachments where there are any."""
    message = EmailMessage(policy=POLICY)
    message["From"] = current_app.config["MAIL_FROM"]
    message["To"] = letter.to
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(letter.at)
    message["Message-ID"] = letter.message_id
    message["Auto-Submitted"] = "auto-generated"  # no answer of a robot to a robot (RFC 3834)
    for name, value in letter.headers.items():
        message[name] = value
    message.set_content(letter.text, cte="quoted-printable")
    if letter.html:
        message.add_alternative(letter.html, subtype="html", cte="quoted-printable")
    for name, media_type, content in letter.attached:
        main, _, sub = media_type.partition("/")
        message.add_attachment(content, maintype=main, subtype=sub or "octet-stream", filename=name)
    return message


def deliver(letter: Letter) -> None:
    """Hand the message over. Raises Refusal when trying again is useless, egress.NotListed when the server is not in
    the register of recipients, anything else when a later try may do."""
    url = current_app.config["MAIL_URL"]
    message = compose(letter)
    if url.startswith("file:"):
        egress.ask("mail", "")
        write_copy(letter.id, message.as_bytes())
        return
    sender = parseaddr(current_app.config["MAIL_FROM"])[1]
    with connected(url) as server:
        try:
            server.send_message(message, sender, [letter.to])
        except smtplib.SMTPRecipientsRefused as no:
            code = next(iter(no.recipients.values()))[0]
            if code >= 500:
                raise Refusal(f"the mail server refused the address ({code})") from None
            raise
        except (smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as no:
            if no.smtp_code >= 500:
                raise Refusal(f"the mail server refused the message ({no.smtp_code})") from None
            raise
        except smtplib.SMTPNotSupportedError:
            raise Refusal("the mail server does not take addresses with accents") from None


def server() -> str:
    """The machine that mail goes to; "" where it is written into files."""
    url = current_app.config["MAIL_URL"]
    return "" if url.startswith("file:") else urlsplit(url).hostname or ""


@contextmanager
def connected(url: str) -> Iterator[smtplib.SMTP]:
    """A session with the server of a MAIL_URL:

    smtp://host:25 (plain), smtp+starttls://user:password@host:587, smtps://user:password@host:465;
    `?cafile=/path` names a certificate authority of one's own. Certificates are verified always, and a
    password never goes over a plain line to another machine (ValueError). A server that is not in the register of
    recipients is never called (egress.NotListed).
    """
    parts = urlsplit(url)
    host = parts.hostname
    if parts.scheme not in ("smtp", "smtps", "smtp+starttls") or not host:
        raise ValueError("LOGICRM_MAIL_URL must begin with smtp://, smtp+starttls://, smtps:// or be file:")
    if parts.scheme == "smtp" and parts.username and host not in HERE:
        raise ValueError("LOGICRM_MAIL_URL would send the password unencrypted: use smtp+starttls:// or smtps://")
    egress.ask("mail", host)
    context = ssl.create_default_context(cafile=parse_qs(parts.query).get("cafile", [None])[0])
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # How we greet: our public name. The library would ask the name server for this machine's.
    hello = urlsplit(current_app.config["BASE_URL"]).hostname or "localhost"
    port = parts.port or {"smtp": 25, "smtp+starttls": 587, "smtps": 465}[parts.scheme]
    if parts.scheme == "smtps":
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, port, hello, timeout=TIMEOUT_S, context=context)
    else:
        server = smtplib.SMTP(host, port, hello, timeout=TIMEOUT_S)
    try:
        if parts.scheme == "smtp+starttls":
            server.starttls(context=context)
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
        yield server
    finally:
        with suppress(smtplib.SMTPException, OSError):
            server.quit()
        server.close()


# ---------------------------------------------------------------------------------- written copies


def _folder() -> Path:
    folder: Path = current_app.config["INSTANCE"] / "mail"
    return folder


def path_of(mail_id: uuid.UUID) -> Path:
    """Where a message is written: one name for all tries, with nothing in it about anybody."""
    return _folder() / f"{mail_id}.eml"


def write_copy(mail_id: uuid.UUID, content: bytes) -> None:
    """Write a message whole or not at all, readable by its owner only. A second try replaces the first."""
    folder = _folder()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    _remove_unfinished(mail_id)
    unfinished = folder / f"{mail_id}.{secrets.token_hex(8)}.unfinished"
    try:
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path_of(mail_id))
    finally:
        unfinished.unlink(missing_ok=True)


def remove_copy(mail_id: uuid.UUID) -> None:
    """Remove what was written of a message, and what a try began to write that was killed."""
    path_of(mail_id).unlink(missing_ok=True)
    _remove_unfinished(mail_id)


def _remove_unfinished(mail_id: uuid.UUID) -> None:
    for path in _folder().glob(f"{mail_id}.*.unfinished"):
        path.unlink(missing_ok=True)


def copies() -> Iterator[tuple[uuid.UUID, Path]]:
    """All written messages, and those that a try which was killed began to write."""
    for path in sorted(_folder().glob("*.*")):
        with suppress(ValueError):
            yield uuid.UUID(path.name.partition(".")[0]), path


def files_of(addresses: Sequence[str]) -> list[Path]:
    """Written messages to any of these addresses. The files themselves are read: their rows may be gone."""
    wanted = {address.lower() for address in addresses}
    parser = BytesHeaderParser(policy=default_policy)
    found = []
    for _mail_id, path in copies():
        with suppress(FileNotFoundError, MessageError), path.open("rb") as file:
            sent_to = getaddresses([str(value) for value in parser.parse(file).get_all("To", [])])
            if wanted & {address.lower() for _, address in sent_to}:
                found.append(path)
    return found
