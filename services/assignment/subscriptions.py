"""The events that assignment consumes, and the use case of each."""

from libs.common.contracts import EventData, Topic, desks, erasures, tasks
from libs.common.messaging.inbox import UseCase
from libs.common.platform.erasure.actions import note_erasures
from services.assignment.context import Context
from services.assignment.desks.actions import desk_events
from services.assignment.offers.actions import work_events
from services.assignment.offers.convert import accepts_proposal

TOPICS = (Topic.TASKS, Topic.PARTIES)


def subscriptions(ctx: Context) -> dict[str, UseCase]:
    """Return the use case of each event type; those of work share one, so that a batch is not split."""
    apply = work_events(ctx)
    return {
        tasks.WorkRequested.event_type: apply,
        tasks.WorkWithdrawn.event_type: apply,
        tasks.WorkDeclined.event_type: apply,
        tasks.TaskAssigned.event_type: apply,
        tasks.TaskTaken.event_type: apply,
        tasks.TaskReleased.event_type: apply,
        tasks.TaskReassigned.event_type: apply,
        tasks.TaskLent.event_type: apply,
        tasks.TaskReturned.event_type: apply,
        tasks.TaskCompleted.event_type: apply,
        tasks.TaskFailed.event_type: apply,
        tasks.TaskDeferred.event_type: apply,
        desks.DeskChanged.event_type: desk_events(ctx),
        erasures.CustomerErased.event_type: note_erasures,
    }


def heeds(data: EventData) -> bool:
    """Return whether an event says anything new; that tasks accepts a proposal, as of nearly each, does not."""
    return not accepts_proposal(data)
