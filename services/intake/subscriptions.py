"""The events that intake consumes, and their use cases."""

from libs.common.contracts import Topic, assignment, tasks
from libs.common.messaging.inbox import UseCase
from services.intake.changes.actions import change_requests
from services.intake.context import Context
from services.intake.leads.actions import lead_events
from services.intake.operators.actions import project_operators
from services.intake.playbooks.actions import project_playbooks

#: The events of people that a release before this one left on assignment's topic are read there.
TOPICS = (Topic.TASKS, Topic.PEOPLE, Topic.ASSIGNMENT)


def subscriptions(ctx: Context) -> dict[str, UseCase]:
    """Return the use case of each event type; one function takes all events of a lead, so a batch is one call."""
    apply = lead_events(ctx.core.clock)
    return {
        tasks.LeadStatusRequested.event_type: apply,
        tasks.LeadOwnerChanged.event_type: apply,
        tasks.TaskAssigned.event_type: apply,
        tasks.ChangeRequested.event_type: change_requests(ctx.core.clock),
        tasks.PlaybookActivatedV2.event_type: project_playbooks,
        assignment.OperatorChanged.event_type: project_operators,
    }
