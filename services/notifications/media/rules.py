"""What becomes of a file of a message: what it is, how it is shown, when it is tried again. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from urllib.parse import quote
from uuid import UUID

MOST = 25 * 1024 * 1024  # bytes
LONGEST_NAME = 200  # characters
TRIES = 16  # of what may pass: some seven hours
TRIES_OF_REFUSED = 4  # of what the provider does not give: a link may be not ready, or be given anew
FIRST, LONGEST = timedelta(seconds=5), timedelta(hours=1)  # pauses between tries
TOO_LARGE, EMPTY, NO_FILE = "too_large", "empty", "no_file"
_HOPELESS = (TOO_LARGE, "address_forbidden", "request_malformed")  # the last two of the transport
#: Files of messages from before are fetched if they are no older: Meta keeps them for so long.
BEFORE = timedelta(days=30)
OTHER = "application/octet-stream"
_SHOWN = ("image/", "audio/", "video/")
HEAD = 512  # bytes by which a file is known


class FileState(StrEnum):
    """How far a file that is shown has come."""

    WAITING = "waiting"
    STORED = "stored"
    REFUSED = "refused"  # it will not be had; the code says why


#: The state of an erased file, which is shown no more: the object goes, and the row after it.
GONE = "gone"


class FileKind(StrEnum):
    """What a file is in its message."""

    IMAGE = "image"
    VIDEO = "video"
    VOICE = "voice"
    AUDIO = "audio"
    STICKER = "sticker"
    DOCUMENT = "document"


_KINDS: Mapping[str, FileKind] = {
    **{kind.value: kind for kind in FileKind},
    "photo": FileKind.IMAGE,
    **dict.fromkeys(("animation", "video_note"), FileKind.VIDEO),
    "file": FileKind.DOCUMENT,
}
# What messengers bring, by what it begins with. None of these but PDF can hold a script; all else is bytes to save.
_BEGINNINGS: tuple[tuple[re.Pattern[bytes], str], ...] = tuple(
    (re.compile(pattern, re.DOTALL), found)
    for pattern, found in (
        (rb"\xff\xd8\xff", "image/jpeg"),
        (rb"\x89PNG\r\n\x1a\n", "image/png"),
        (rb"GIF8[79]a", "image/gif"),
        (rb"RIFF.{4}WEBP", "image/webp"),
        (rb"RIFF.{4}WAVE", "audio/wav"),
        (rb".{4}ftyp(heic|heix|mif1)", "image/heic"),
        (rb".{4}ftypM4A", "audio/mp4"),
        (rb".{4}ftypqt", "video/quicktime"),
        (rb".{4}ftyp3g", "video/3gpp"),
        (rb".{4}ftyp", "video/mp4"),
        (rb"\x1aE\xdf\xa3.{0,60}webm", "video/webm"),
        (rb"OggS", "audio/ogg"),
        (rb"#!AMR", "audio/amr"),
        (rb"ID3|\xff[\xfb\xf3\xf2]", "audio/mpeg"),
        (rb"\xff[\xf1\xf9]", "audio/aac"),
        (rb"%PDF-", "application/pdf"),
    )
)
# Control characters, what a path or a shell reads, and marks that turn the direction of the text.
_UNNAMEABLE = re.compile('[\x00-\x1f\x7f-\x9f"*/:<>?\\\\|\u200e\u200f\u202a-\u202e\u2066-\u2069]')


def type_of(head: bytes) -> str:
    """Return what a file is by its first bytes; what its sender says of it counts for nothing."""
    return next((found for pattern, found in _BEGINNINGS if pattern.match(head)), OTHER)


def kind_of(media: Mapping[str, str]) -> FileKind:
    """Return what a file is in its message, as the provider says."""
    mime = media.get("mime_type", "").partition(";")[0].strip().lower()
    if mime == "audio/ogg" and media.get("type") not in _KINDS:  # voice, as messengers record it
        return FileKind.VOICE
    return _KINDS.get(media.get("type", "")) or _KINDS.get(mime.partition("/")[0]) or FileKind.DOCUMENT


def name_of(media: Mapping[str, str]) -> str | None:
    """Return a file's name as it may be saved."""
    name = _UNNAMEABLE.sub("_", media.get("filename", "")).strip(" .")
    if len(name) > LONGEST_NAME:
        stem, dot, ending = name.rpartition(".")
        name = f"{stem[: LONGEST_NAME - 12]}.{ending[:11]}" if dot else name[:LONGEST_NAME]
    return name or None


def disposition_of(found: str, name: str | None) -> str:
    """Return whether a browser shows a file or saves it, and under which name."""
    how = "inline" if found.startswith(_SHOWN) else "attachment"
    return how if name is None else f"{how}; filename*=UTF-8''{quote(name, safe='')}"


def key_of(file_id: UUID) -> str:
    """Return the key of a file's object: made of its id alone, so that a second try writes the same one."""
    return f"{file_id.hex[-2:]}/{file_id}"


@dataclass(frozen=True, slots=True)
class Again:
    """It is tried again after a pause."""

    code: str
    pause: timedelta


@dataclass(frozen=True, slots=True)
class Never:
    """It will not be had."""

    code: str


def after_failure(code: str, attempts: int) -> Again | Never:
    """Return what follows the failure of a try, of which this was the last of so many."""
    if code in _HOPELESS:
        return Never(code)
    most = TRIES_OF_REFUSED if _is_refusal(code) else TRIES
    if attempts >= most:
        return Never(code)
    return Again(code, min(FIRST * 2 ** (attempts - 1), LONGEST))


def _is_refusal(code: str) -> bool:
    """Return whether the provider has said that it does not give the file, other than for its load."""
    return code in (EMPTY, NO_FILE) or (
        code.startswith("http_4") and code not in ("http_408", "http_425", "http_429")
    )
