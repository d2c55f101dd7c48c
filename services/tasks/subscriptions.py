"""The events that tasks consumes, and the use case of each."""

from libs.common.contracts import (
    Topic,
    assignment,
    attention,
    erasures,
    intake,
    masking,
    notifications,
    payments,
    rates,
)
from libs.common.messaging.inbox import Subscriptions
from libs.common.platform.erasure.actions import note_erasures, sparing
from libs.common.platform.masking import project_masking
from services.tasks.attention.actions import follow_attention
from services.tasks.context import Context
from services.tasks.merges.actions import merge_customers, merge_leads
from services.tasks.moves.handover import hand_over
from services.tasks.operators.actions import project_operators
from services.tasks.pools.actions import project_pools
from services.tasks.processes.actions import advance
from services.tasks.rates.store import project_rates
from services.tasks.templates.actions import project_templates

TOPICS = (Topic.INTAKE, Topic.ASSIGNMENT, Topic.NOTIFICATIONS, Topic.PEOPLE, Topic.PARTIES)


#: Not applied once their lead or customer is erased. What assignment says of work is: its turns go on.
OF_PERSONS = (
    intake.LeadReceived,
    intake.LeadReceivedV2,
    intake.LeadUpdated,
    intake.LeadStatusChanged,
    intake.LeadStatusRefused,
    intake.OrderChanged,
    intake.ContactRecorded,
    intake.CustomerChanged,
    intake.LeadMerged,
    intake.CustomerMerged,
    intake.ChangeRefused,
    intake.AppointmentChanged,
    payments.PaymentRecorded,
    payments.RefundChanged,
    payments.AccessChanged,
    notifications.MessageSent,
    notifications.MessageDelivered,
    notifications.MessageRead,
    notifications.MessageFailed,
)


def table(ctx: Context) -> Subscriptions:
    """Return the use case of each event type; all events of processes share one, so that a batch is not split."""
    apply = advance(ctx)
    waits = follow_attention(ctx)
    return {
        intake.LeadReceived.event_type: apply,
        intake.LeadReceivedV2.event_type: apply,
        intake.LeadUpdated.event_type: apply,
        intake.LeadStatusChanged.event_type: apply,
        intake.LeadStatusRefused.event_type: apply,
        intake.OrderChanged.event_type: apply,
        intake.ContactRecorded.event_type: apply,
        intake.CustomerChanged.event_type: apply,
        intake.LeadMerged.event_type: merge_leads(ctx),
        intake.CustomerMerged.event_type: merge_customers(ctx),
        intake.ChangeRefused.event_type: apply,
        intake.AppointmentChanged.event_type: apply,
        payments.PaymentRecorded.event_type: apply,
        payments.RefundChanged.event_type: apply,
        payments.AccessChanged.event_type: apply,
        intake.PartnerChanged.event_type: apply,
        assignment.WorkAssigned.event_type: apply,
        assignment.WorkWaiting.event_type: apply,
        assignment.OperatorChanged.event_type: project_operators(ctx),
        assignment.ShiftStarted.event_type: apply,
        assignment.ShiftEnded.event_type: hand_over(ctx),
        assignment.PoolChanged.event_type: project_pools(ctx),
        notifications.MessageSent.event_type: apply,
        notifications.MessageDelivered.event_type: apply,
        notifications.MessageRead.event_type: apply,
        notifications.MessageFailed.event_type: apply,
        notifications.TemplateApproved.event_type: project_templates,
        notifications.TemplateRetired.event_type: project_templates,
        rates.RateChanged.event_type: project_rates,
        masking.MaskingChanged.event_type: project_masking,
        attention.IntakeAttentionRaised.event_type: waits,
        attention.IntakeAttentionCleared.event_type: waits,
        attention.AssignmentAttentionRaised.event_type: waits,
        attention.AssignmentAttentionCleared.event_type: waits,
        attention.NotificationsAttentionRaised.event_type: waits,
        attention.NotificationsAttentionCleared.event_type: waits,
        erasures.CustomerErased.event_type: note_erasures,
    }


def subscriptions(ctx: Context) -> Subscriptions:
    """Return the table, which spares who is erased."""
    return sparing(table(ctx), OF_PERSONS)
