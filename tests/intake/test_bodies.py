"""Bodies as senders make them, over HTTP: charsets, packing, parts, brackets, characters that cannot be stored."""

import gzip
import json
import zlib
from collections.abc import Callable

import httpx
import pytest

from libs.common.contracts.intake import LeadReceivedV2
from libs.common.contracts.shared import Customer
from tests.intake.api import Api
from tests.intake.test_numbers_of_people import notes_of

FORM, JSON = "application/x-www-form-urlencoded", "application/json"
ANNA = "%C0%ED%ED%E0"  # in windows-1251
BODY = json.dumps({"name": "Анна", "phone": "+79130000001"}, ensure_ascii=False)
PARTS = (
    "--x\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nАнна\r\n"
    "--x\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"a.png\"\r\n\r\n\x00\x01\r\n"
    "--x\r\nContent-Disposition: form-data; name=\"phone\"\r\n\r\n+79130000001\r\n--x--\r\n"
)  # fmt: skip


async def post(
    api: Api, body: bytes, media: str = JSON, *, encoding: str = "", body_limit: int = 262_144
) -> httpx.Response:
    url = await api.source(body_limit=body_limit)
    headers = {"content-type": media, **({"content-encoding": encoding} if encoding else {})}
    return await api.send("POST", url, content=body, headers=headers)


async def person(api: Api) -> Customer:
    [event] = await api.said(LeadReceivedV2)
    return event.person


@pytest.mark.req("bom")
@pytest.mark.parametrize("body", [
    b"\xef\xbb\xbf" + BODY.encode(), b"\r\n \xef\xbb\xbf" + BODY.encode(), BODY.encode("utf-16"),
])  # fmt: skip
async def test_a_mark_of_the_charset_does_not_hide_what_follows(api: Api, body: bytes) -> None:
    answer = await post(api, body)
    assert (answer.json()["disposition"], (await person(api)).name) == ("accepted", "Анна")


@pytest.mark.req("unstorable")
@pytest.mark.parametrize(("name", "read"), [
    (r"Anna\u0000", "Anna\ufffd"), (r"Anna \ud83d", "Anna \ufffd"), (r"\udc00Anna", "\ufffdAnna"),
    (r"An\u0000na", "An\ufffdna"),
])  # fmt: skip
async def test_a_character_that_cannot_be_stored_loses_no_lead(api: Api, name: str, read: str) -> None:
    await post(api, rb'{"phone": "+79130000001", "name": "%s"}' % name.encode())
    [event] = await api.said(LeadReceivedV2)
    assert (event.person.name, event.signals) == (read, ("uncertain",))
    assert await notes_of(api) == [("name", "replaced_character", read)]


@pytest.mark.req("unstorable")
@pytest.mark.parametrize("name", ["%00Anna", "%FF%80Anna", "%ED%A0%80"])
async def test_nor_does_one_of_a_form(api: Api, name: str) -> None:
    await post(api, f"phone=79130000001&name={name}".encode(), FORM)
    [event] = await api.said(LeadReceivedV2)
    assert (event.person.phone, event.signals) == ("+79130000001", ("uncertain",))
    assert "\ufffd" in str(event.person.name)


@pytest.mark.req("multipart")
@pytest.mark.parametrize("media", [
    "multipart/form-data; boundary=x", 'multipart/form-data; boundary="x"', "Multipart/Form-Data",
    "multipart/form-data; boundary=y",
])  # fmt: skip
async def test_a_form_of_parts_is_read_without_its_files(api: Api, media: str) -> None:
    await post(api, PARTS.encode(), media)
    assert (await person(api)).model_dump(include={"name", "phone"}) == {"name": "Анна", "phone": "+79130000001"}


@pytest.mark.req("multipart", "bom")
@pytest.mark.parametrize("body", [
    PARTS.replace("\r\n", "\n").encode(), b"\xef\xbb\xbf" + PARTS.encode(), b"\r\n" + PARTS.encode(),
    PARTS.encode("windows-1251"), PARTS.replace('"name"', '"customer[name]"').encode(),
])  # fmt: skip
async def test_parts_are_read_as_senders_write_them(api: Api, body: bytes) -> None:
    await post(api, body, "multipart/form-data; boundary=x")
    assert (await person(api)).model_dump(include={"name", "phone"}) == {"name": "Анна", "phone": "+79130000001"}


@pytest.mark.req("multipart")
async def test_parts_that_never_end_are_read_as_far_as_they_go(api: Api) -> None:
    await post(api, PARTS.removesuffix("--\r\n").encode(), "multipart/form-data; boundary=x")
    assert (await person(api)).phone == "+79130000001"


@pytest.mark.req("multipart")
@pytest.mark.parametrize("charset", ["utf-8", "windows-1251"])
@pytest.mark.parametrize("body", [
    "name=Анна\r\nphone=+79130000001\r\n", "phone=8 913 000-00-01\r\nname=Анна\r\ncomment=a & b\r\nc=d\r\n",
])  # fmt: skip
async def test_a_form_that_a_browser_sends_as_plain_text_is_a_lead(api: Api, body: str, charset: str) -> None:
    await post(api, body.encode(charset), "text/plain")
    found = await person(api)
    assert (found.name, found.phone) == ("Анна", "+79130000001")


def bare_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


PACKERS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": ("gzip", gzip.compress),
    "deflate": ("deflate", zlib.compress),
    "bare deflate": ("DEFLATE", bare_deflate),
    "twice": ("deflate, x-gzip", lambda data: gzip.compress(zlib.compress(data))),
    "said and not done": ("gzip", bytes),
}


@pytest.mark.req("gzip")
@pytest.mark.parametrize("packed", PACKERS)
async def test_a_packed_body_is_unpacked(api: Api, packed: str) -> None:
    encoding, pack = PACKERS[packed]
    answer = await post(api, pack(BODY.encode()), encoding=encoding)
    assert (answer.json()["disposition"], (await person(api)).name) == ("accepted", "Анна")


@pytest.mark.req("gzip")
@pytest.mark.parametrize("packed", ["gzip", "deflate", "bare deflate", "twice"])
async def test_the_limit_holds_for_what_is_unpacked(api: Api, packed: str) -> None:
    encoding, pack = PACKERS[packed]
    answer = await post(api, pack(b" " * 3_000_000), encoding=encoding, body_limit=200_000)
    assert (answer.status_code, answer.json()["code"], await api.count("delivery")) == (413, "body_too_large", 0)


@pytest.mark.req("gzip")
async def test_what_cannot_be_unpacked_is_kept(api: Api) -> None:
    answer = await post(api, gzip.compress(BODY.encode())[:-9], encoding="gzip")
    assert (answer.status_code, answer.json()["disposition"]) == (202, "quarantined")


@pytest.mark.req("gzip")
async def test_a_packed_delivery_is_shown_and_read_again_as_it_reads(api: Api) -> None:
    answer = await post(api, gzip.compress(b'{"name": "Anna"}', mtime=0), encoding="gzip")
    delivery_id = await api.ctx.core.db.pool.fetchval("SELECT id FROM delivery")
    again = await api.ok("POST", f"/deliveries/{delivery_id}/rerun")
    assert (answer.json()["disposition"], again["reason"], again["body"]) == (
        "quarantined", "no_contact", '{"name": "Anna"}',
    )  # fmt: skip


@pytest.mark.req("cp1251-form")
@pytest.mark.parametrize(("body", "charset"), [
    (f"name={ANNA}", None), (f"name={ANNA}", "windows-1251"), ("name=%E1%CE%CE%C1", "koi8-r"),
    ("name=%D0%90%D0%BD%D0%BD%D0%B0", None), ("name=Анна", None),
])  # fmt: skip
async def test_a_form_is_read_in_its_charset(api: Api, body: str, charset: str | None) -> None:
    config = {"format": "landing", "auth": "none", "charset": charset}
    source = {"desk": "demo", "code": "landing", "playbook": "callback", "zone": "Europe/Moscow", "config": config}
    made = await api.ok("POST", "/sources", source)
    sent = f"{body}&phone=79130000001".encode()
    await api.send("POST", str(made["hook"]), content=sent, headers={"content-type": FORM})
    assert (await person(api)).name == "Анна"


@pytest.mark.req("cp1251-form")
@pytest.mark.parametrize(("body", "media"), [
    (b"name=\xc0\xed\xed\xe0&phone=79130000001", FORM),
    (BODY.encode("windows-1251"), JSON),
    (BODY.encode("windows-1251"), "application/json; charset=utf-8"),
    (f"name={ANNA}&phone=79130000001&city=%D0%9E%D0%BC%D1%81%D0%BA".encode(), FORM),
])  # fmt: skip
async def test_what_is_no_utf_8_is_read_as_the_cyrillic_that_it_makes(api: Api, body: bytes, media: str) -> None:
    await post(api, body, media)
    assert (await person(api)).name == "Анна"


@pytest.mark.req("brackets")
@pytest.mark.parametrize("body", [
    "customer[phone]=79130000001&customer[name]=Anna", "user[phone]=79130000001&user[first_name]=Anna",
    "phone[]=79130000001&name[]=Anna", "data[contact][phone]=79130000001&data[contact][name]=Anna",
    "form_fields[name]=Anna&form_fields[phone]=79130000001", "phone[0]=79130000001&name=Anna",
    "fields[name][value]=Anna&fields[phone][value]=79130000001",
    "order[phone]=79130000001&order[name]=Anna&order[id]=lp-1", "Customer[Phone]=79130000001&Customer[Name]=Anna",
    'data={"phone":"79130000001","name":"Anna"}',
])  # fmt: skip
async def test_names_in_brackets_are_read_like_nested_json(api: Api, body: str) -> None:
    await post(api, body.encode(), FORM)
    assert (await person(api)).model_dump(include={"name", "phone"}) == {"name": "Anna", "phone": "+79130000001"}


@pytest.mark.req("brackets")
async def test_numbers_of_one_list_are_a_number_and_a_second_one(api: Api) -> None:
    await post(api, b"phone[]=79130000001&phone[]=79140000002", FORM)
    assert (await person(api)).phone == "+79130000001"
    assert await notes_of(api) == [("phone", "second_phone", "+79140000002")]


@pytest.mark.req("brackets")
async def test_the_id_of_a_person_is_not_that_of_their_order(api: Api) -> None:
    url = await api.source()
    for course in "ab":
        await api.deliver(url, {"user": {"id": 7, "phone": "79130000001"}, "product": course})
    assert await api.count("lead") == 2
