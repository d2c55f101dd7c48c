"""Answers of a Tally form, from the webhook to the lead."""

import pytest

from libs.common.contracts.intake import LeadReceivedV2
from tests.intake.api import Api, order_in
from tests.intake.payloads import raw_of

NEW = {"desk": "demo", "code": "form", "playbook": "callback", "zone": "Europe/Moscow"}
TALLY = {"config": {"format": "tally"}, "secret": "tally-secret-invented"}


async def webhook(api: Api) -> str:
    return str((await api.ok("POST", "/sources", {**NEW, **TALLY}))["hook"])


async def post(api: Api, url: str, sample: str) -> dict[str, str]:
    raw = raw_of(f"tally/{sample}")
    answer = await api.send("POST", url, content=raw.body, headers=raw.headers)
    assert answer.status_code == 202, answer.text
    document: dict[str, str] = answer.json()
    return document


@pytest.mark.req("P.1")
async def test_answers_are_a_lead_with_the_chosen_service(api: Api) -> None:
    await post(api, await webhook(api), "response")
    [lead] = await api.said(LeadReceivedV2)
    assert (lead.person.name, lead.person.phone, lead.marketing) == ("Анна", "+79000000001", {"utm_source": "vk"})
    assert [item.title for item in order_in(lead).items] == ["Маникюр"]


@pytest.mark.req("P.2")
async def test_a_retry_is_a_repeat(api: Api) -> None:
    url = await webhook(api)
    answers = [await post(api, url, "response") for _ in range(2)]
    assert [each["disposition"] for each in answers] == ["accepted", "repeat"]


async def test_what_is_no_answer_is_noted(api: Api) -> None:
    answer = await post(api, await webhook(api), "other_event")
    assert (answer["disposition"], await api.count("lead")) == ("noted", 0)


async def test_a_wrong_signature_is_refused(api: Api) -> None:
    raw = raw_of("tally/response")
    body = raw.body.replace("Анна".encode(), "Инна".encode())
    answer = await api.send("POST", await webhook(api), content=body, headers=raw.headers)
    assert (answer.status_code, await api.count("delivery")) == (401, 0)


async def test_the_form_s_own_words_are_named_by_the_source_s_map(api: Api) -> None:
    config = {"format": "tally", "auth": "none", "field_map": {"name": "Как к вам обращаться"}}
    url = str((await api.ok("POST", "/sources", {**NEW, "config": config}))["hook"])
    fields = [
        {"label": "Как к вам обращаться", "type": "INPUT_TEXT", "value": "Ольга"},
        {"label": "?", "type": "INPUT_PHONE_NUMBER", "value": "+79000000001"},
    ]
    await api.deliver(url, {"eventType": "FORM_RESPONSE", "data": {"submissionId": "sUb009", "fields": fields}})
    [lead] = await api.said(LeadReceivedV2)
    assert (lead.person.name, lead.person.phone) == ("Ольга", "+79000000001")
