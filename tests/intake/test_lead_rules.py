"""Decisions about statuses, without a database."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.common.contracts.shared import Stage
from libs.common.platform.ids import uuid7
from services.intake.leads.rules import (
    FINAL,
    Applied,
    LeadId,
    LeadState,
    Refusal,
    Refused,
    Retitled,
    StatusRequest,
    decide_status,
)

LEAD = LeadId(uuid7())


def lead(stage: Stage = Stage.NEW, status: str = "now") -> LeadState:
    return LeadState(LEAD, "demo", status, stage, {})


def wish(
    stage: Stage = Stage.WORKING, status: str = "then", actor: str = "system", desk: str = "demo"
) -> StatusRequest:
    return StatusRequest(uuid7(), LEAD, desk, status, stage, {}, actor, "why")


@pytest.mark.parametrize("stage", [stage for stage in Stage if stage not in FINAL])
def test_an_open_lead_takes_what_is_asked(stage: Stage) -> None:
    decision = decide_status(lead(stage), wish(Stage.LOST))
    assert isinstance(decision, Applied)
    assert (decision.after.stage, decision.after.status) == (Stage.LOST, "then")


def test_the_state_before_and_after_are_both_returned() -> None:
    asked = replace(wish(Stage.LOST), title={"ru": "Потом"})
    assert decide_status(lead(), asked) == Applied(
        lead(), LeadState(LEAD, "demo", "then", Stage.LOST, {"ru": "Потом"})
    )


@pytest.mark.parametrize("stage", sorted(FINAL))
def test_an_ended_lead_is_taken_back_by_people_alone(stage: Stage) -> None:
    assert decide_status(lead(stage), wish()) == Refused(Refusal.LEAD_IS_FINAL, "now")
    assert isinstance(decide_status(lead(stage), wish(actor="0190")), Applied)


def test_a_payment_after_all_wins_over_lost() -> None:
    assert isinstance(decide_status(lead(Stage.LOST), wish(Stage.WON)), Applied)


def test_another_desk_does_not_know_the_lead() -> None:
    assert decide_status(lead(), wish(desk="other")) == Refused(Refusal.UNKNOWN_LEAD, "")


def test_a_lead_takes_the_title_of_the_status_that_it_has_already() -> None:
    named = replace(wish(Stage.NEW, "now"), title={"ru": "Новая заявка"})
    assert decide_status(lead(), named) == Retitled(replace(lead(), title={"ru": "Новая заявка"}))


@given(
    st.none() | st.builds(lead, st.sampled_from(Stage), st.sampled_from(["a", "b"])),
    st.builds(wish, st.sampled_from(Stage), st.sampled_from(["a", "b"]), st.sampled_from(["system", "ann"])),
)
def test_every_wish_has_an_answer_and_once_applied_none(state: LeadState | None, asked: StatusRequest) -> None:
    decision = decide_status(state, asked)
    assert decision is None or isinstance(decision, Applied | Refused)
    if isinstance(decision, Applied):
        assert decide_status(decision.after, asked) is None
