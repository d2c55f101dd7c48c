"""Forms of several parts (RFC 7578), as browsers send them with files. Files are left out."""

import re
from codecs import BOM_UTF8
from collections.abc import Iterator
from email.message import Message

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser

from services.intake.formats.charsets import CHARSETS, decoded
from services.intake.formats.rules import Note, Reason, UnreadableError

_BOUNDARY = re.compile(rb"\s*--([^\r\n]{1,70})\r?\n")


class _Parts:
    """What the parser has said so far: the headers and the bytes of each part."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.parts: list[tuple[Message, bytearray]] = []
        self._name = self._value = b""

    def begin(self) -> None:
        if len(self.parts) >= self.limit:
            raise UnreadableError(Reason.BAD_FORM, Note("body", "form", "too many parts"))
        self.parts.append((Message(), bytearray()))

    def name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def header(self) -> None:
        self.parts[-1][0][self._name.decode("latin-1")] = decoded(self._value, "utf-8").replace("\r", "").strip()
        self._name = self._value = b""

    def data(self, data: bytes, start: int, end: int) -> None:
        self.parts[-1][1].extend(data[start:end])


def parts_of(body: bytes, content_type: str, charset: str, limit: int) -> Iterator[tuple[str, str]]:
    """Yield name and value of each field; `limit`: how many parts there may be. Raises UnreadableError."""
    found, body = _Parts(limit), body.removeprefix(BOM_UTF8).lstrip(b"\r\n")
    if b"\r\n" not in body:  # written by hand
        body = body.replace(b"\n", b"\r\n")
    parser = MultipartParser(
        _boundary(body, content_type),
        {
            "on_part_begin": found.begin,
            "on_part_data": found.data,
            "on_header_field": found.name,
            "on_header_value": found.value,
            "on_header_end": found.header,
        },
    )
    try:
        parser.write(body)
    except MultipartParseError as error:
        if not found.parts:
            raise UnreadableError(Reason.BAD_FORM, Note("body", "form", str(error)[:200])) from error
    for headers, value in found.parts:
        name = headers.get_param("name", header="content-disposition")
        if isinstance(name, str) and headers.get_filename() is None:
            own = CHARSETS.get(str(headers.get_param("charset") or "").lower(), charset)
            yield name, decoded(bytes(value), own)


def _boundary(body: bytes, content_type: str) -> bytes:
    """Return what parts the parts: as the header says, else as the body begins."""
    headers = Message()
    headers["content-type"] = content_type
    named = headers.get_boundary()
    first = _BOUNDARY.match(body)
    if named is not None and (first is None or f"--{named}".encode() in body):
        return named.encode("utf-8", "replace")
    if first is None:
        raise UnreadableError(Reason.BAD_FORM, Note("body", "form", "no boundary"))
    return first[1]
