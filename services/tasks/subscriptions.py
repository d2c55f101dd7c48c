"""The events that tasks consumes, and the use case of each."""

from libs.common.contracts import Topic, assignment, intake, notifications
from libs.common.messaging.inbox import UseCase
from services.tasks.context import Context
from services.tasks.operators.actions import project_operators
from services.tasks.pools.actions import project_pools
from services.tasks.processes.actions import advance
from services.tasks.templates.actions import project_templates

TOPICS = (Topic.INTAKE, Topic.ASSIGNMENT, Topic.NOTIFICATIONS, Topic.PEOPLE, Topic.PARTIES)


def subscriptions(ctx: Context) -> dict[str, UseCase]:
    """Return the use case of each event type; all events of processes share one, so that a batch is not split."""
    apply = advance(ctx)
    return {
        intake.LeadReceived.event_type: apply,
        intake.LeadReceivedV2.event_type: apply,
        intake.LeadUpdated.event_type: apply,
        intake.LeadStatusChanged.event_type: apply,
        intake.LeadStatusRefused.event_type: apply,
        intake.OrderChanged.event_type: apply,
        intake.ContactRecorded.event_type: apply,
        intake.CustomerChanged.event_type: apply,
        intake.ChangeRefused.event_type: apply,
        intake.AppointmentChanged.event_type: apply,
        intake.PartnerChanged.event_type: apply,
        assignment.WorkAssigned.event_type: apply,
        assignment.WorkWaiting.event_type: apply,
        assignment.OperatorChanged.event_type: project_operators(ctx),
        assignment.PoolChanged.event_type: project_pools(ctx),
        notifications.MessageSent.event_type: apply,
        notifications.MessageDelivered.event_type: apply,
        notifications.MessageRead.event_type: apply,
        notifications.MessageFailed.event_type: apply,
        notifications.TemplateApproved.event_type: project_templates,
        notifications.TemplateRetired.event_type: project_templates,
    }
