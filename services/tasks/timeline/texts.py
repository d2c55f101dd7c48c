"""What a step is called, in both languages; braces take the step's own facts."""

from collections.abc import Mapping

from services.tasks.playbooks.model import Playbook, Title

TEXTS: Mapping[str, Title] = {
    "dozvon.lead.received.v1": Title(
        "Заявка получена, заказ {order_number}", "Lead received, order {order_number}"
    ),
    "dozvon.lead.updated.v1": Title("Данные клиента исправлены", "Customer details corrected"),
    "dozvon.lead.status_requested.v1": Title("Запрошен статус «{status}»", "Status “{status}” requested"),
    "dozvon.lead.status_changed.v1": Title("Статус: «{to_status}»", "Status: “{to_status}”"),
    "dozvon.lead.status_refused.v1": Title(
        "Статус «{status}» не принят: {code}", "Status “{status}” refused: {code}"
    ),
    "dozvon.lead.owner_changed.v1": Title("Сменился ответственный", "Owner changed"),
    "dozvon.order.changed.v1": Title("Заказ: {from_status} → {to_status}", "Order: {from_status} → {to_status}"),
    "dozvon.task.opened.v1": Title("Открыта задача «{task_type}»", "Task “{task_type}” opened"),
    "dozvon.task.assigned.v1": Title("Задача «{task_type}» назначена", "Task “{task_type}” assigned"),
    "dozvon.task.taken.v1": Title("Задача «{task_type}» взята", "Task “{task_type}” taken"),
    "dozvon.task.completed.v1": Title("Задача «{task_type}» выполнена", "Task “{task_type}” completed"),
    "dozvon.task.failed.v1": Title("Задача «{task_type}» не удалась", "Task “{task_type}” failed"),
    "dozvon.task.deferred.v1": Title("Задача «{task_type}» отложена", "Task “{task_type}” deferred"),
    "dozvon.task.overdue.v1": Title("Задача «{task_type}» просрочена", "Task “{task_type}” overdue"),
    "dozvon.work.requested.v1": Title("Ищем оператора: {pool}", "Looking for an operator: {pool}"),
    "dozvon.work.assigned.v1": Title("Предложен оператор {operator_name}", "Operator {operator_name} proposed"),
    "dozvon.work.waiting.v1": Title("Свободных операторов нет", "Nobody is eligible now"),
    "dozvon.work.withdrawn.v1": Title("Оператор больше не нужен", "Operator not needed any more"),
    "dozvon.work.declined.v1": Title("Предложение отклонено: {reason}", "Proposal declined: {reason}"),
    "dozvon.message.requested.v1": Title("Запрошено сообщение «{template}»", "Message “{template}” requested"),
    "dozvon.message.sent.v1": Title("Сообщение «{template}» отправлено", "Message “{template}” sent"),
    "dozvon.message.delivered.v1": Title("Сообщение «{template}» доставлено", "Message “{template}” delivered"),
    "dozvon.message.read.v1": Title("Сообщение «{template}» прочитано", "Message “{template}” read"),
    "dozvon.message.failed.v1": Title(
        "Сообщение «{template}» не дошло: {code}", "Message “{template}” failed: {code}"
    ),
    "note": Title("{text}", "{text}"),
    "attempt": Title("Неудачная попытка {count}", "Unsuccessful attempt {count}"),
    "breach": Title(
        "Не осталось открытых задач, открыта запасная", "Nothing was open, the fallback task was opened"
    ),
    "process_ended": Title("Процесс завершён", "Process ended"),
    "process_reopened": Title("Процесс возобновлён", "Process reopened"),
    "playbook_awaited": Title(
        "Заявка ждёт: плейбук «{playbook}» не активирован", "Waits: playbook “{playbook}” is not active"
    ),
    "playbook_came": Title(
        "Плейбук «{playbook}» активирован, заявка пошла в работу",
        "Playbook “{playbook}” is active: the lead goes on",
    ),
    "work_begun": Title("Оператор начал работу", "Operator began"),
    "status_followed": Title("Принят статус «{status}»", "Status “{status}” followed"),
    "received_again": Title("Заявка пришла повторно", "Lead came again"),
    "waiting_for_nothing": Title("Ожидание уже не нужно", "Waiting for nothing"),
    "already_taken": Title("Задача уже у этого оператора", "The operator has the task already"),
    "task_closed": Title("Срок закрытой задачи", "Timer of a closed task"),
    "nothing_to_defer": Title("Откладывать нечего", "Nothing to defer"),
    "message_already_requested": Title("Сообщение уже запрошено", "Message requested already"),
}


def title_of(kind: str, facts: Mapping[str, object], playbook: Playbook | None, language: str) -> str:
    """Return a step's title; codes of the playbook are shown by their titles."""
    text = TEXTS.get(kind)
    if text is None:
        return kind
    return text.of(language).format_map(_Facts(facts, playbook, language))


class _Facts(dict[str, str]):
    """Facts by name; what is missing shows as a dash."""

    def __init__(self, facts: Mapping[str, object], playbook: Playbook | None, language: str) -> None:
        super().__init__({name: _shown(name, value, playbook, language) for name, value in facts.items()})

    def __missing__(self, key: str) -> str:
        return "—"


def _shown(name: str, value: object, playbook: Playbook | None, language: str) -> str:
    if isinstance(value, Mapping):
        return str(value.get(language, ""))
    code = str(value)
    if playbook is not None and name == "task_type" and code in playbook.task_types:
        return playbook.task_types[code].title.of(language)
    if playbook is not None and name in ("status", "to_status") and code in playbook.statuses:
        return playbook.statuses[code].title.of(language)
    return code
