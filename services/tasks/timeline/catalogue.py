"""The title of each step of a timeline in both languages, and the facts that may be shown.

Titles are not part of the event models: only tasks shows them, and a new title must not change a contract.

Braces of a title are replaced by facts of the step. Personal data is never a fact; a test checks every row against
its model.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from libs.common.contracts import (
    EventData,
    assignment,
    attention,
    consents,
    desks,
    erasures,
    intake,
    masking,
    notices,
    notifications,
    payments,
    rates,
    tasks,
)
from services.tasks.engine.effects import Noticed
from services.tasks.playbooks.terms import Title


@dataclass(frozen=True, slots=True)
class Row:
    """The title of an event type, and the fields that may be shown."""

    title: Title
    facts: tuple[str, ...] = ()


class Kind(StrEnum):
    """Steps without an event, besides the engine's remarks; these codes are stored."""

    PLAYBOOK_AWAITED = "playbook_awaited"
    PLAYBOOK_CAME = "playbook_came"
    BREACH = "breach"
    PROCESS_STARTED = "process_started"
    PROCESS_NOT_STARTED = "process_not_started"
    PROCESS_STATUS = "process_status"
    PROCESS_OWNER = "process_owner"
    PROCESS_ENDED = "process_ended"
    PROCESS_REOPENED = "process_reopened"
    ATTEMPT = "attempt"
    WORK_BEGUN = "work_begun"
    STATUS_FOLLOWED = "status_followed"
    BROUGHT_FORWARD = "brought_forward"
    NO_ROOM = "no_room"
    RESERVED = "reserved"
    FIRST_CONTACT = "first_contact"
    ATTEMPTS_STOPPED = "attempts_stopped"
    COUNTED = "counted"
    DOCUMENT = "document"
    OUTCOME_MENDED = "outcome_mended"
    # Contacts of intake that are messages; what they say is kept by notifications alone (P.7).
    MESSAGE_RECEIVED = "message_received"
    MESSAGE_WRITTEN = "message_written"
    # A message of notifications that a person wrote, and no playbook asked for.
    MESSAGE_REPLIED = "message_replied"


_MESSAGE = ("template", "purpose", "channel", "provider")
_END = ("task_type", "outcome", "operator_id")
# What waits for a person is a task of its own, and that is shown.
_RAISED = Row(Title("Ждёт человека: {kind}", "Waits for a person: {kind}"), ("kind", "ref", "count"))
_SCRUBBED = Row(Title("Данные клиента стёрты", "The customer's data is erased"), ("erasure_id",))
_CLEARED = Row(Title("Больше не ждёт: {kind}", "Waits no more: {kind}"), ("kind", "ref"))

EVENTS: Mapping[type[EventData], Row] = {
    intake.LeadReceived: Row(
        Title("Заявка получена, заказ {order_number}", "Lead received, order {order_number}"),
        ("source", "order_number", "external_id", "order_status", "signals", "received_at"),
    ),
    intake.LeadReceivedV2: Row(
        Title("Заявка получена: {source}", "Lead received: {source}"),
        ("source", "status", "stage", "signals", "received_at"),
    ),
    intake.ContactRecorded: Row(
        Title("Обращение: {kind}", "Contact: {kind}"),
        ("kind", "direction", "at", "duration", "operator_id", "recording", "message_id", "source"),
    ),
    intake.CustomerChanged: Row(Title("Карточка клиента изменена", "Customer changed"), ("customer_id", "version")),
    consents.ConsentChanged: Row(
        Title("Согласие клиента изменилось", "Consent of the customer changed"), ("customer_id", "closed", "listed")
    ),
    intake.MessageResolved: Row(
        Title("Известно, чьё сообщение", "Message resolved"), ("message_id", "customer_id")
    ),
    intake.AppointmentChanged: Row(
        Title("Запись: {step}, {at}", "Appointment: {step}, {at}"),
        ("step", "at", "previous_at", "by", "warned", "partner_id"),
    ),
    payments.PaymentRecorded: Row(
        Title("Платёж ({kind}): {status}", "Payment ({kind}): {status}"),
        ("kind", "status", "amount", "received", "fully_paid", "doubled", "order_number"),
    ),
    payments.RefundChanged: Row(
        Title("Возврат: {state}", "Refund: {state}"), ("state", "amount", "due_on", "kept_by", "order_number")
    ),
    payments.AccessChanged: Row(
        Title("Доступ ({action}): {status}", "Access ({action}): {status}"), ("action", "status", "order_number")
    ),
    intake.PartnerChanged: Row(
        Title("Карточка партнёра: {code}", "Partner: {code}"), ("code", "version", "active")
    ),
    intake.ChangeRefused: Row(
        Title("Изменение не принято ({target}): {code}", "Change of {target} refused: {code}"),
        ("target", "code", "faults", "current_version"),
    ),
    intake.LeadUpdated: Row(Title("Данные клиента исправлены", "Customer details corrected"), ("language", "zone")),
    intake.LeadMerged: Row(
        Title("Заявки слиты или разделены", "Leads merged or parted"),
        ("merge_id", "winner_id", "loser_id", "undone"),
    ),
    intake.CustomerMerged: Row(
        Title("Клиенты слиты или разделены", "Customers merged or parted"),
        ("merge_id", "customer_id", "winner_id", "undone"),
    ),
    intake.LeadStatusChanged: Row(
        Title("Статус: «{to_status}»", "Status: “{to_status}”"), ("from_status", "to_status", "stage", "reason")
    ),
    intake.LeadStatusRefused: Row(
        Title("Статус «{status}» не принят: {code}", "Status “{status}” refused: {code}"),
        ("status", "current_status", "code"),
    ),
    intake.OrderChanged: Row(
        Title("Заказ: {from_status} → {to_status}", "Order: {from_status} → {to_status}"),
        ("order_number", "from_status", "to_status"),
    ),
    tasks.TaskOpened: Row(
        Title("Открыта задача «{task_type}»", "Task “{task_type}” opened"),
        ("task_type", "pool", "mode", "attempt", "important", "due_at", "offer_from"),
    ),
    tasks.TaskAssigned: Row(
        Title("Задача «{task_type}» назначена", "Task “{task_type}” assigned"),
        ("task_type", "operator_id", "decision_id", "due_at"),
    ),
    tasks.TaskTaken: Row(
        Title("Задача «{task_type}» взята", "Task “{task_type}” taken"),
        ("task_type", "operator_id", "pulled"),
    ),
    tasks.TaskReleased: Row(
        Title("Задача «{task_type}» освобождена: {reason}", "Task “{task_type}” released: {reason}"),
        ("task_type", "operator_id", "taken", "reason", "due_at", "lender_id"),
    ),
    tasks.TaskReassigned: Row(
        Title("Задача «{task_type}» передана", "Task “{task_type}” reassigned"),
        ("task_type", "from_operator_id", "to_operator_id", "reason", "due_at", "lender_id"),
    ),
    tasks.TaskLent: Row(
        Title("Задача «{task_type}» отдана на время", "Task “{task_type}” lent"),
        ("task_type", "from_operator_id", "to_operator_id", "until", "due_at"),
    ),
    tasks.TaskReturned: Row(
        Title("Задача «{task_type}» возвращена", "Task “{task_type}” returned"),
        ("task_type", "from_operator_id", "to_operator_id", "reason", "due_at"),
    ),
    tasks.TaskCompleted: Row(Title("Задача «{task_type}» выполнена", "Task “{task_type}” completed"), _END),
    tasks.TaskFailed: Row(Title("Задача «{task_type}» не удалась", "Task “{task_type}” failed"), _END),
    tasks.TaskDeferred: Row(
        Title("Задача «{task_type}» отложена", "Task “{task_type}” deferred"), (*_END, "successor_id", "due_at")
    ),
    tasks.TaskOverdue: Row(
        Title("Задача «{task_type}» просрочена", "Task “{task_type}” overdue"),
        ("task_type", "due_at", "operator_id"),
    ),
    notices.TaskReminded: Row(
        Title("Напоминание о задаче «{task_type}»", "Reminder of task “{task_type}”"),
        ("task_type", "due_at", "operator_id", "important"),
    ),
    notices.CallRinging: Row(
        Title("Звонит телефон {extension}", "Telephone {extension} rings"),
        ("operator_id", "extension", "line", "at"),
    ),
    notices.PartnerChargeDue: Row(
        Title("Партнёру начислено: {title}", "The partner owes: {title}"),
        ("charge", "title", "amount", "partner_id", "reason"),
    ),
    tasks.WorkRequested: Row(
        Title("Ищем оператора: {pool}", "Looking for an operator: {pool}"),
        ("pool", "role", "products", "due_at", "prefer_operator_id", "avoid_operator_id", "among_operator_ids"),
    ),
    tasks.WorkWithdrawn: Row(Title("Оператор больше не нужен", "Operator not needed any more"), ("reason",)),
    tasks.WorkDeclined: Row(
        Title("Предложение отклонено: {reason}", "Proposal declined: {reason}"),
        ("operator_id", "decision_id", "reason"),
    ),
    tasks.LeadStatusRequested: Row(
        Title("Запрошен статус «{status}»", "Status “{status}” requested"), ("status", "stage", "reason")
    ),
    tasks.LeadOwnerChanged: Row(
        Title("Сменился ответственный", "Owner changed"), ("from_operator_id", "to_operator_id", "reason")
    ),
    notices.WorkMerged: Row(
        Title("Работа по заявкам слита или разделена", "Work of leads merged or parted"), ("winner_id", "undone")
    ),
    tasks.MessageRequested: Row(
        Title("Запрошено сообщение «{template}»", "Message “{template}” requested"),
        ("message_id", "template", "purpose", "channels", "language", "deadline"),
    ),
    tasks.MessageWithdrawn: Row(
        Title("Сообщение отозвано: {purpose}", "Message withdrawn: {purpose}"), ("purpose", "reason")
    ),
    tasks.ChangeRequested: Row(
        Title("Запрошено изменение: {target}", "Change of {target} requested"), ("target", "target_id", "reason")
    ),
    desks.DeskChanged: Row(Title("Отдел «{code}» изменён", "Desk “{code}” changed"), ("code", "zone")),
    desks.PlaybookActivated: Row(
        Title("Плейбук «{code}» активирован, версия {version}", "Playbook “{code}” activated, version {version}"),
        ("code", "version"),
    ),
    desks.PlaybookActivatedV2: Row(
        Title("Плейбук «{code}» активирован, версия {version}", "Playbook “{code}” activated, version {version}"),
        ("desk", "code", "version"),
    ),
    assignment.WorkAssigned: Row(
        Title("Предложен оператор {operator_name}", "Operator {operator_name} proposed"),
        ("pool", "operator_id", "operator_name", "decision_id", "reason", "candidates"),
    ),
    assignment.WorkWaiting: Row(
        Title("Свободных операторов нет", "Nobody is eligible now"), ("pool", "decision_id", "candidates")
    ),
    assignment.OperatorChanged: Row(
        Title("Оператор изменён", "Operator changed"), ("operator_id", "active", "presence", "away")
    ),
    assignment.PoolChanged: Row(Title("Пул «{code}» изменён", "Pool “{code}” changed"), ("desk", "code")),
    erasures.CustomerErased: Row(Title("Клиента стирают", "Customer is erased"), ("erasure_id",)),
    erasures.TasksScrubbed: _SCRUBBED,
    erasures.AssignmentScrubbed: _SCRUBBED,
    erasures.NotificationsScrubbed: _SCRUBBED,
    attention.IntakeAttentionRaised: _RAISED,
    attention.IntakeAttentionCleared: _CLEARED,
    attention.AssignmentAttentionRaised: _RAISED,
    attention.AssignmentAttentionCleared: _CLEARED,
    attention.NotificationsAttentionRaised: _RAISED,
    attention.NotificationsAttentionCleared: _CLEARED,
    assignment.ShiftStarted: Row(Title("Смена начата", "Shift started"), ("operator_id", "at")),
    assignment.ShiftEnded: Row(Title("Смена окончена", "Shift ended"), ("operator_id", "at")),
    notifications.MessageSent: Row(
        Title("Сообщение «{template}» отправлено", "Message “{template}” sent"), _MESSAGE
    ),
    notifications.MessageDelivered: Row(
        Title("Сообщение «{template}» доставлено", "Message “{template}” delivered"), _MESSAGE
    ),
    notifications.MessageRead: Row(
        Title("Сообщение «{template}» прочитано", "Message “{template}” read"), _MESSAGE
    ),
    notifications.MessageFailed: Row(
        Title("Сообщение «{template}» не дошло: {code}", "Message “{template}” failed: {code}"),
        (*_MESSAGE, "state", "code"),
    ),
    notifications.ChannelChanged: Row(
        Title("Канал «{code}» изменён", "Channel “{code}” changed"), ("code", "kind", "active")
    ),
    notifications.AdvertisingSwitched: Row(
        Title("Клиент переключил рекламу: {channel}", "The customer switched advertisements: {channel}"),
        ("channel", "provider", "wanted", "at"),
    ),
    notifications.MessageReceived: Row(
        Title("Сообщение: {channel_code}", "Message: {channel_code}"),
        ("message_id", "channel", "channel_code", "provider", "direction", "at"),
    ),
    masking.MaskingChanged: Row(Title("Маскирование номеров: {lists}", "Masking of numbers: {lists}"), ("lists",)),
    rates.RateChanged: Row(
        Title("Курс {currency} на {day}: {per_unit} {base}", "Rate of {currency} on {day}: {per_unit} {base}"),
        ("currency", "day", "per_unit", "base"),
    ),
    notifications.TemplateApproved: Row(
        Title("Шаблон «{code}» одобрен, версия {version}", "Template “{code}” approved, version {version}"),
        ("code", "version"),
    ),
    notifications.TemplateRetired: Row(
        Title("Шаблон «{code}» выведен из работы", "Template “{code}” retired"), ("code",)
    ),
}


_AWAITED = Title("Заявка ждёт: плейбук «{playbook}» не активирован", "Waits: playbook “{playbook}” is not active")
_NO_ROOM = Title(
    "Названный оператор не может взять задачу, она доступна всем",
    "The named operator cannot have the task now, any may",
)
_CAME = Title(
    "Плейбук «{playbook}» активирован, заявка пошла в работу", "Playbook “{playbook}” is active: the lead goes on"
)


def _of_kind(kind: Kind) -> Title:  # noqa: C901 - one flat case per kind
    match kind:
        case Kind.PLAYBOOK_AWAITED:
            return _AWAITED
        case Kind.PLAYBOOK_CAME:
            return _CAME
        case Kind.BREACH:
            return Title("Не осталось открытых задач, открыта запасная", "Nothing was open: the fallback opened")
        case Kind.PROCESS_STARTED:
            return Title("Начат процесс «{playbook}»", "Process “{playbook}” started")
        case Kind.PROCESS_NOT_STARTED:
            return Title("Процесс «{playbook}» не начат: {reason}", "Process “{playbook}” not started: {reason}")
        case Kind.PROCESS_STATUS:
            return Title("Статус процесса: «{status}»", "Status of the process: “{status}”")
        case Kind.PROCESS_OWNER:
            return Title("Сменился ответственный за процесс", "Owner of the process changed")
        case Kind.PROCESS_ENDED:
            return Title("Процесс завершён", "Process ended")
        case Kind.PROCESS_REOPENED:
            return Title("Процесс возобновлён", "Process reopened")
        case Kind.ATTEMPT:
            return Title("Неудачная попытка {count}", "Unsuccessful attempt {count}")
        case Kind.WORK_BEGUN:
            return Title("Оператор начал работу", "Operator began")
        case Kind.STATUS_FOLLOWED:
            return Title("Принят статус «{status}»", "Status “{status}” followed")
        case Kind.NO_ROOM:
            return _NO_ROOM
        case Kind.RESERVED:
            return Title("Задача закреплена до первого контакта", "Task reserved for the first contact")
        case Kind.FIRST_CONTACT:
            return Title("Первый контакт с клиентом", "First contact with the customer")
        case Kind.BROUGHT_FORWARD:
            return Title("Задача выдаётся, не дожидаясь срока", "Task given out before its time")
        case Kind.COUNTED:
            return Title("{title}: {count}", "{title}: {count}")
        case Kind.DOCUMENT:
            return Title("Документ: {document}", "Document: {document}")
        case Kind.OUTCOME_MENDED:
            return Title("Исход исправлен: {comment}", "Outcome mended: {comment}")
        case Kind.MESSAGE_RECEIVED:
            return Title("Клиент написал", "The customer wrote")
        case Kind.MESSAGE_WRITTEN:
            return Title("Клиенту написали из приложения", "The customer was written to in the app")
        case Kind.MESSAGE_REPLIED:
            return Title("Клиенту ответили", "The customer was answered")
        case Kind.ATTEMPTS_STOPPED:
            return Title("Попытки начинаются заново", "Attempts begin anew")
        case _:
            assert_never(kind)


def _of_noticed(code: Noticed) -> Title:  # noqa: C901 - one flat case per code
    match code:
        case Noticed.NOTE:
            return Title("{text}", "{text}")
        case Noticed.RECEIVED_AGAIN:
            return Title("Заявка пришла повторно", "Lead came again")
        case Noticed.WAITING_FOR_NOTHING:
            return Title("Ожидание уже не нужно", "Waiting for nothing")
        case Noticed.ALREADY_TAKEN:
            return Title("Задача уже у этого оператора", "The operator has the task already")
        case Noticed.PROCESS_ENDED:
            return Title("Процесс завершён", "Process ended")
        case Noticed.TASK_CLOSED:
            return Title("Срок закрытой задачи", "Timer of a closed task")
        case Noticed.NOTHING_TO_DEFER:
            return Title("Откладывать нечего", "Nothing to defer")
        case Noticed.ALREADY_ASSIGNED:
            return Title("Это предложение уже принято", "This proposal was accepted already")
        case Noticed.MESSAGE_ALREADY_REQUESTED:
            return Title("Сообщение уже запрошено", "Message requested already")
        case Noticed.NOWHERE_TO_WRITE:
            return Title(
                "Сообщение «{text}» не запрошено: писать некуда",
                "Message “{text}” not requested: there is nowhere to write to",
            )
        case Noticed.CHARGED_ALREADY:
            return Title("Уже начислено: {text}", "Charged already: {text}")
        case Noticed.NOTHING_TO_CHARGE:
            return Title("Начислять нечего: {text}", "Nothing to charge: {text}")
        case Noticed.NOTHING_TO_CHANGE:
            return Title("Менять нечего: {text}", "Nothing to change: {text}")
        case _:
            assert_never(code)


#: All titles by stored kind.
TITLES: Mapping[str, Title] = {
    **{model.event_type: row.title for model, row in EVENTS.items()},
    **{kind.value: _of_kind(kind) for kind in Kind},
    **{code.value: _of_noticed(code) for code in Noticed},
}
