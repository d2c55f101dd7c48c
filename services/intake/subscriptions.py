"""The events that intake consumes, and their use cases."""

from libs.common.contracts import Topic, assignment, desks, erasures, notifications, tasks
from libs.common.messaging.inbox import Subscriptions
from libs.common.platform.erasure.actions import sparing
from services.intake.changes.actions import change_requests
from services.intake.channels.actions import project_channels
from services.intake.consents.actions import follow_switches
from services.intake.context import Context
from services.intake.desks.actions import project_desks
from services.intake.erasures.actions import keep_answers
from services.intake.leads.actions import lead_events
from services.intake.messages.actions import resolve_messages
from services.intake.operators.actions import project_operators
from services.intake.playbooks.actions import project_playbooks

#: The events of people that a release before this one left on assignment's topic are read there.
TOPICS = (Topic.TASKS, Topic.NOTIFICATIONS, Topic.PEOPLE, Topic.ASSIGNMENT)


#: Not applied once their lead or customer is erased: they bring what people wrote of them.
OF_PERSONS = (tasks.ChangeRequested,)


def table(ctx: Context) -> Subscriptions:
    """Return the use case of each event type; one function takes all events of a lead, so a batch is one call."""
    apply, answers = lead_events(ctx.core.clock), keep_answers(ctx.core.clock)
    return {
        tasks.LeadStatusRequested.event_type: apply,
        tasks.LeadOwnerChanged.event_type: apply,
        tasks.TaskAssigned.event_type: apply,
        tasks.ChangeRequested.event_type: change_requests(ctx.core.clock),
        desks.DeskChanged.event_type: project_desks,
        desks.PlaybookActivatedV2.event_type: project_playbooks,
        notifications.MessageReceived.event_type: resolve_messages(ctx.core.clock),
        notifications.AdvertisingSwitched.event_type: follow_switches(ctx.core.clock),
        notifications.ChannelChanged.event_type: project_channels,
        assignment.OperatorChanged.event_type: project_operators,
        erasures.TasksScrubbed.event_type: answers,
        erasures.AssignmentScrubbed.event_type: answers,
        erasures.NotificationsScrubbed.event_type: answers,
    }


def subscriptions(ctx: Context) -> Subscriptions:
    """Return the table, which spares who is erased."""
    return sparing(table(ctx), OF_PERSONS)
