"""Bodies that were packed for the way (`Content-Encoding`); what is unpacked is limited as any other body."""

import zlib
from collections.abc import Iterable

_GZIP = b"\x1f\x8b"
_WINDOWS = (31, 15, -15)  # gzip; deflate as RFC 9110 has it; deflate as some write it, without its frame


class TooLargeError(Exception):
    """A body is larger than the limit once it is unpacked."""


def unpacked(body: bytes, encodings: Iterable[str], limit: int) -> bytes:
    """Return a body without its encodings, which were applied in this order; one that was not is passed over.

    What cannot be unpacked stays as it is. Raises TooLargeError beyond `limit` bytes.
    """
    for encoding in reversed([each.strip().lower() for each in encodings]):
        if encoding in {"gzip", "x-gzip"} and body.startswith(_GZIP):
            body = _inflated(body, _WINDOWS[:1], limit)
        elif encoding == "deflate":
            body = _inflated(body, _WINDOWS[1:], limit)
    return body


def _inflated(body: bytes, windows: Iterable[int], limit: int) -> bytes:
    for window in windows:
        inflater = zlib.decompressobj(window)
        try:
            plain = inflater.decompress(body, limit + 1)
        except zlib.error:
            continue
        if len(plain) > limit:
            raise TooLargeError
        if inflater.eof:
            return plain
    return body
