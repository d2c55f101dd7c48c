"""Every table of the service, collected for migrations and the drift test."""

from services.tasks.attention import tables as attention
from services.tasks.bulk import tables as bulk
from services.tasks.calls import tables as calls
from services.tasks.desks import tables as desks
from services.tasks.fanouts import tables as fanouts
from services.tasks.masking import tables as masking
from services.tasks.mending import tables as mending
from services.tasks.merges import tables as merges
from services.tasks.metadata import metadata
from services.tasks.moves import tables as moves
from services.tasks.numbers import tables as numbers
from services.tasks.operators import tables as operators
from services.tasks.partners import tables as partners
from services.tasks.playbooks import tables as playbooks
from services.tasks.pools import tables as pools
from services.tasks.processes import tables as processes
from services.tasks.queues import tables as queues
from services.tasks.rates import tables as rates
from services.tasks.redistributions import tables as redistributions
from services.tasks.sheets import tables as sheets
from services.tasks.tasks import tables as tasks
from services.tasks.templates import tables as templates
from services.tasks.timeline import tables as timeline
from services.tasks.timers import tables as timers

TABLES = (
    desks.desk,
    playbooks.playbook,
    playbooks.activation,
    operators.operator,
    pools.pool,
    partners.partner,
    calls.call,
    processes.process,
    tasks.task,
    sheets.ticked_step,
    templates.approved_template,
    rates.rate,
    masking.masking,
    moves.pending_release,
    redistributions.redistribution,
    redistributions.member,
    bulk.bulk_action,
    bulk.bulk_member,
    mending.mendable,
    merges.merged,
    timers.timer,
    timeline.entry,
    queues.lane_visit,
    fanouts.fanout,
    fanouts.command,
    attention.matter,
    numbers.numbers,
    numbers.pay_table,
)

__all__ = ["TABLES", "metadata"]
