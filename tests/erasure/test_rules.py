"""By what a person is found in texts: every way to write a number, and nothing that is another's."""

import base64

import pytest

from libs.common.contracts.erasures import Forgotten
from libs.common.contracts.shared import Identity, IdentityKind
from libs.common.platform.db import Database
from libs.common.platform.erasure.places import mentions_bytes
from libs.common.platform.erasure.rules import marks_of

pytestmark = pytest.mark.req("P.7")

PERSON = Forgotten(
    name="Анна",
    phone="+79161234567",
    email="Anna_T@example.org",
    identities=(
        Identity(kind=IdentityKind.TELEGRAM, value="55501234"),
        Identity(kind=IdentityKind.EXTERNAL, value="crm-123456"),
        Identity(kind=IdentityKind.MAX, value="77"),
    ),
    spellings=("8 (916) 123-45-67",),
)
THEIRS = (
    b'{"phone": "+7 (916) 123-45-67"}',
    b"phone=%2B7%20%28916%29%20123-45-67&x=1",
    b"tel: 8.916.123.45.67",
    b"mail=anna_t%40example.org",
    b"ANNA_T@EXAMPLE.ORG",
    '{"имя": "Анна", "chat": 55501234}'.encode(),
    b'{"id": "wamid.HBgLNzkxNjEyMzQ1NjcVAgARGBI5RjZBMTIzNDU2Nzg5MEFCQ0QA"}',
    base64.b64encode(b"??anna_t@example.org!"),
    base64.b64encode(b"?Anna_T@example.org"),  # as they wrote it
)
OTHERS = (
    b'{"phone": "+7 (916) 123-45-68"}',
    b"annaXt@example.org",
    "Анна".encode(),
    b'{"a": 916, "b": 1234567}',
    b'{"id": "wamid.HBgLNzkxNjEyMzQ1NjgVAgARGBI5RjZBMTIzNDU2Nzg5MEFCQ0QA"}',
    b"77",
)
FOUND = (
    f"""
SELECT array_agg({mentions_bytes("body")} ORDER BY n) FROM unnest($3::bytea[]) WITH ORDINALITY AS t(body, n)
""".replace(":words", "$1::text[]")
    .replace(":digits", "$2::text[]")
    .replace(":encoded", "$4::text[]")
)


def test_a_person_is_found_by_numbers_addresses_and_ids_and_never_by_a_name_or_a_short_id() -> None:
    marks = marks_of(PERSON)
    assert marks.digits == ("%9161234567%",)
    assert marks.words == ("%55501234%", r"%anna\_t@example.org%")
    assert {"79161234567", "+79161234567", "77", "anna_t@example.org"} <= set(marks.exact)


def test_of_who_is_known_by_nothing_no_text_is_taken() -> None:
    assert marks_of(Forgotten(name="Анна", phone="123")) == marks_of(Forgotten())


@pytest.mark.parametrize("junk", ["0000000", "00000000000", "1234567", "8 (000) 000-00-00"])
def test_what_is_no_number_is_looked_for_nowhere(junk: str) -> None:
    assert marks_of(Forgotten(phone_raw=junk)) == marks_of(Forgotten())


def test_of_two_numbers_in_one_text_each_is_looked_for() -> None:
    marks = marks_of(Forgotten(phone_raw="8 916 123-45-67, 8 903 555-01-01"))
    assert {"%9161234567%", "%9035550101%"} <= set(marks.digits)


async def test_every_way_to_write_them_is_found_and_no_one_else(intake_db: Database) -> None:
    marks = marks_of(PERSON)
    bodies = [*THEIRS, *OTHERS]
    given = list(marks.words), list(marks.digits), bodies, list(marks.encoded)
    found = await intake_db.pool.fetchval(FOUND, *given)
    assert found == [True] * len(THEIRS) + [False] * len(OTHERS)
