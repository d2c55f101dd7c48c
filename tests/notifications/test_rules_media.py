"""What a file is, how it is shown, and when it is tried again."""

from datetime import timedelta
from uuid import UUID

import pytest

from services.notifications.media.rules import (
    OTHER,
    Again,
    FileKind,
    Never,
    after_failure,
    disposition_of,
    key_of,
    kind_of,
    name_of,
    type_of,
)

pytestmark = pytest.mark.req("P.10")


@pytest.mark.parametrize(
    ("head", "found"),
    [
        (b"\xff\xd8\xff\xe0JFIF", "image/jpeg"), (b"\x89PNG\r\n\x1a\n", "image/png"), (b"OggS\x00", "audio/ogg"),
        (b"RIFF\x01\x02\x03\x04WEBPVP8", "image/webp"), (b"\x00\x00\x00\x20ftypisom", "video/mp4"),
        (b"\x00\x00\x00\x20ftypM4A ", "audio/mp4"), (b"%PDF-1.7", "application/pdf"), (b"ID3\x04", "audio/mpeg"),
        (b"<svg onload=alert(1)>", OTHER), (b"<html><script>", OTHER), (b"MZ\x90", OTHER), (b"PK\x03\x04", OTHER),
        (b"RIFF\x01\x02", OTHER), (b"GIF89", OTHER), (b" \xff\xd8\xff", OTHER), (b"", OTHER),
    ],
)  # fmt: skip
def test_a_file_is_what_it_begins_with(head: bytes, found: str) -> None:
    assert type_of(head) == found


@pytest.mark.parametrize(
    ("media", "kind"),
    [
        ({"type": "photo"}, FileKind.IMAGE), ({"type": "voice", "mime_type": "audio/ogg"}, FileKind.VOICE),
        ({"mime_type": "audio/ogg; codecs=opus"}, FileKind.VOICE), ({"mime_type": "audio/mpeg"}, FileKind.AUDIO),
        ({"type": "video_note"}, FileKind.VIDEO), ({"mime_type": "image/png"}, FileKind.IMAGE),
        ({"type": "document", "mime_type": "image/png"}, FileKind.DOCUMENT), ({"type": "file"}, FileKind.DOCUMENT),
        ({"mime_type": "application/zip"}, FileKind.DOCUMENT), ({}, FileKind.DOCUMENT),
    ],
)  # fmt: skip
def test_a_file_is_in_its_message_what_the_provider_says(media: dict[str, str], kind: FileKind) -> None:
    assert kind_of(media) is kind


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("Чек №1.pdf", "Чек №1.pdf"), ("../../etc/passwd", "_.._etc_passwd"), ("a\r\nb: c", "a__b_ c"),
        ("счёт\u202efdp.exe", "счёт_fdp.exe"), (" . ", None), ("", None), ("b" * 300, "b" * 200),
        ("a" * 300 + ".jpeg", "a" * 188 + ".jpeg"),
    ],
)  # fmt: skip
def test_a_name_can_be_saved_anywhere(given: str, name: str | None) -> None:
    assert name_of({"filename": given}) == name


def test_only_pictures_sound_and_video_are_shown() -> None:
    assert disposition_of("image/png", "чек.png") == "inline; filename*=UTF-8''%D1%87%D0%B5%D0%BA.png"
    saved = [disposition_of(one, None) for one in (OTHER, "application/pdf")]
    assert saved == ["attachment", "attachment"]


def test_the_key_is_made_of_the_id_alone() -> None:
    assert key_of(UUID(int=0xAB)) == "ab/00000000-0000-0000-0000-0000000000ab"


@pytest.mark.parametrize(
    ("code", "attempts", "after"),
    [
        ("no_answer", 1, Again("no_answer", timedelta(seconds=5))),
        ("http_503", 4, Again("http_503", timedelta(seconds=40))),
        ("http_429", 15, Again("http_429", timedelta(hours=1))), ("unreachable", 16, Never("unreachable")),
        ("http_404", 3, Again("http_404", timedelta(seconds=20))), ("http_404", 4, Never("http_404")),
        ("no_file", 4, Never("no_file")), ("empty", 1, Again("empty", timedelta(seconds=5))),
        ("too_large", 1, Never("too_large")), ("address_forbidden", 1, Never("address_forbidden")),
    ],
)  # fmt: skip
def test_what_may_pass_is_tried_for_hours_and_a_refusal_four_times(
    code: str, attempts: int, after: Again | Never
) -> None:
    assert after_failure(code, attempts) == after
