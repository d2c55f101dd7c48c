"""Reading mails that came to a box of ours: reports of servers (RFC 3464, RFC 5965), and what people write."""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesParser
from email.utils import parseaddr

from libs.common.contracts.shared import IdentityKind, MessageContent, MessageProgress
from services.notifications.providers.reading import MAX_ID, identifier, rfc_date, storable
from services.notifications.providers.values import Reading, Remember, Report, ReportKind, Written

MAX_TEXT = 20_000  # characters of what a person wrote

_NAMED = re.compile(r"(?:\+|<|^)([0-9a-f]{32})(?:@|$)")
_STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
_PROGRESS = {"failed": MessageProgress.FAILED, "delivered": MessageProgress.DELIVERED}
_ACTIONS = ("failed", "delayed", "delivered", "relayed", "expanded")
_BROKEN = (MessageError, LookupError, ValueError, TypeError, AttributeError, AssertionError, RecursionError)
_BY_MACHINES = ("bulk", "list", "junk")


def mail_of(body: bytes, ours: str) -> Reading:
    """Read a whole mail of any bytes. Raises nothing; `ours`: the address that it answers to."""
    try:
        mail = BytesParser().parsebytes(body)
        kind = mail.get_param("report-type") if mail.get_content_type() == "multipart/report" else None
        if kind == "delivery-status":
            reports: Sequence[Report] = list(_bounces(mail))
        elif kind == "feedback-report":
            reports = list(_complaints(mail))
        elif _is_automatic(mail):
            return Reading(())
        else:
            reports = list(_answers(mail, ours))
    except _BROKEN:
        return Reading((), ("mail",))
    return Reading(reports, () if reports else ("mail",))


def _bounces(mail: "Message[str, str]") -> Iterator[Report]:
    """Yield what became of a mail of ours, by recipient."""
    blocks = [block for part in mail.walk() if _is(part, "message/delivery-status") for block in _blocks(part)]
    name = _name_of(mail) or next(
        (found for block in blocks if (found := _named(_text(block, "Original-Envelope-Id")))), None
    )
    at = rfc_date(_text(mail, "Date"))
    for block in blocks:
        action, status = _text(block, "Action").strip().lower(), _STATUS.search(_text(block, "Status"))
        if name is None or action not in _ACTIONS:
            continue
        progress = _PROGRESS.get(action)
        yield Report(
            kind=ReportKind.STATUS, external_id=name, at=at, word=action, progress=progress, reference=name,
            payload={"status": status[0] if status else "", "diagnostic": _text(block, "Diagnostic-Code")[:500]},
            code=f"smtp_{status[0]}" if status and progress is MessageProgress.FAILED else "",
            address=_address(_text(block, "Final-Recipient").rpartition(";")[2]),
        )  # fmt: skip


def _complaints(mail: "Message[str, str]") -> Iterator[Report]:
    """Yield that the reader of a mail of ours calls it unwanted: they get no more advertisements.

    Who it is says our name for the mail alone: an address could be written by any who knows where such reports go.
    """
    name = _name_of(mail)
    for block in (block for part in mail.walk() if _is(part, "message/feedback-report") for block in _blocks(part)):
        own = name or _named(_text(block, "Original-Mail-From"))
        if own is not None and _text(block, "Feedback-Type").strip().lower() == "abuse":
            yield Report(
                kind=ReportKind.PREFERENCE, external_id=own, reference=own, at=rfc_date(_text(mail, "Date")),
                word="complaint", payload={}, remember=Remember.OPTED_OUT_OF_MARKETING,
            )  # fmt: skip


def _answers(mail: "Message[str, str]", ours: str) -> Iterator[Report]:
    """Yield what a person wrote."""
    name, _ = parseaddr(_text(mail, "From"))
    sender, own = _address(_text(mail, "From")), identifier(_text(mail, "Message-ID").strip("<> \r\n\t"))
    if sender is None or own is None:
        return
    text = _plain(mail)
    written = Written(
        known_by=((IdentityKind.EMAIL, sender),),
        content=MessageContent.TEXT,
        name=name[:200] or None,
        text=(text or _text(mail, "Subject"))[:MAX_TEXT] or None,
        reply_to=_named(_text(mail, "In-Reply-To")),
    )
    at: datetime = rfc_date(_text(mail, "Date"))
    yield Report(
        kind=ReportKind.INBOUND, external_id=own, at=at, word="inbound", payload={}, address=sender, sender=ours,
        text=written.text, written=written,
    )  # fmt: skip


def _is_automatic(mail: "Message[str, str]") -> bool:
    """Return whether no person wrote it (RFC 3834)."""
    said = _text(mail, "Auto-Submitted").strip().lower()
    return (
        said not in ("", "no")
        or _text(mail, "Return-Path").strip() == "<>"
        or _text(mail, "Precedence").strip().lower() in _BY_MACHINES
        or mail["List-Id"] is not None
        or mail["X-Auto-Response-Suppress"] is not None
    )


def _name_of(mail: "Message[str, str]") -> str | None:
    """Return our own name for the mail that a report is about: of its envelope, else of what came back of it."""
    boxes = (str(value) for name in ("Delivered-To", "X-Original-To", "To") for value in mail.get_all(name, []))
    own = (_text(original, "Message-ID") for original in _originals(mail))
    return next((found for text in (*boxes, *own) if (found := _named(text))), None)


def _named(text: str) -> str | None:
    found = _NAMED.search(text.strip())
    return found[1] if found else None


def _originals(mail: "Message[str, str]") -> Iterator["Message[str, str]"]:
    """Yield what came back of our mail: the whole, or its headers."""
    for part in mail.walk():
        if _is(part, "text/rfc822-headers"):
            yield BytesParser().parsebytes(_bytes(part), headersonly=True)
        elif _is(part, "message/rfc822"):
            yield from _blocks(part)


def _blocks(part: "Message[str, str]") -> list["Message[str, str]"]:
    found = part.get_payload()
    if isinstance(found, list):
        return [one for one in found if isinstance(one, Message)]
    return [BytesParser().parsebytes(_bytes(part), headersonly=True)]


def _plain(mail: "Message[str, str]") -> str:
    """Return the plain text of a mail."""
    for part in mail.walk():
        if _is(part, "text/plain") and not part.is_multipart():
            charset = part.get_content_charset("utf-8")
            try:
                return storable(_bytes(part).decode(charset, "replace")).strip()
            except LookupError:
                return storable(_bytes(part).decode("utf-8", "replace")).strip()
    return ""


def _bytes(part: "Message[str, str]") -> bytes:
    found = part.get_payload(decode=True)
    return found if isinstance(found, bytes) else b""


def _is(part: "Message[str, str]", kind: str) -> bool:
    return part.get_content_type() == kind


def _text(part: "Message[str, str]", name: str) -> str:
    """Return a header as a text that can be stored."""
    value = str(part.get(name, ""))
    try:
        return storable(str(make_header(decode_header(value))))
    except _BROKEN:
        return storable(value)


def _address(text: str) -> str | None:
    """Return the address of a header, or None."""
    found = storable(parseaddr(text.strip())[1]).lower()
    return found if "@" in found and len(found) <= MAX_ID else None
