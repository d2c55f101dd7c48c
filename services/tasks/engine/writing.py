"""Messages that a step requests."""

from services.tasks.engine.effects import Noticed, Record, RequestMessage
from services.tasks.engine.fields import field_texts
from services.tasks.engine.progress import Progress
from services.tasks.engine.variables import recipient
from services.tasks.playbooks.terms import Title
from services.tasks.playbooks.verbs import SendMessage


def send_message(run: Progress, step: SendMessage) -> None:
    spec = run.playbook.messages[step.message]
    number = run.state.messages.get(spec.code, 0) + 1
    if spec.once and number > 1:
        run.emit(Record(run.rule, Noticed.MESSAGE_ALREADY_REQUESTED))
        return
    to = recipient(run.state, spec.to)
    if to is None:
        run.emit(Record(run.rule, Noticed.NOWHERE_TO_WRITE, Title(spec.code, spec.code)))
        run.unsent.append(spec.code)
        return
    deadline = run.now + spec.deadline if spec.deadline is not None else None
    task_id = run.task.id if run.task else None
    known = {**run.state.fields, **run.filled}
    texts = field_texts(run.playbook, known, to.language, to.zone)
    run.emit(RequestMessage(run.rule, spec, number, task_id, deadline, texts))
