"""Domain errors, and the table that maps them to HTTP."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Self
from uuid import UUID

from libs.common.platform.configuration import BadConfigurationError
from libs.common.platform.http.language import Text
from libs.common.platform.http.problems import ErrorTable, Fault, NotKnownYetError
from services.intake.deliveries.batch import OverloadedError


class NotFoundError(Exception):
    """The object does not exist, or the caller may not see it."""


class NoSecretError(Exception):
    """The source has no secret to rotate: its requests are not authenticated."""


class AlreadyExistsError(Exception):
    """A source or partner of this code exists in the desk; `existing` is its id."""

    def __init__(self, existing: UUID) -> None:
        super().__init__()
        self.context = {"existing": str(existing)}


class ConfigRefusedError(Exception):
    """A configuration or a secret that the format refuses; `faults` name each member, and no value."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__()
        self.faults = faults

    @classmethod
    def of(cls, place: str, code: str) -> Self:
        """Return the refusal of one member."""
        return cls([Fault(place, code, _CONFIG)])


class UnknownPartnerError(Exception):
    """The desk has no partner of this code."""

    def __init__(self, code: str) -> None:
        super().__init__()
        detail = Text(f"в отделе нет партнёра {code}", f"the desk has no partner {code}")
        self.faults = [Fault("/partner", "unknown_partner", detail)]


class MisspeltError(Exception):
    """A name that is not known, most often a slip of the pen; `nearest` are the known ones."""

    def __init__(self, member: str, name: str, nearest: Sequence[str]) -> None:
        super().__init__()
        known = ", ".join(nearest) or "–"
        detail = Text(f"{name!r} неизвестно; есть: {known}", f"{name!r} is not known; there is {known}")
        self.faults = [Fault(f"/{member}", f"unknown_{member}", detail)]


class ChannelTakenError(Exception):
    """Another source of the desk names the channel."""

    def __init__(self, channel: str, code: str) -> None:
        super().__init__()
        detail = Text(f"канал {channel} уже у источника {code}", f"the channel {channel} is source {code}'s")
        self.faults = [Fault("/channel", "channel_taken", detail)]


class StepRefusedError(Exception):
    """A step of an appointment with a time that does not fit; `problems` name field and code of each fault."""

    def __init__(self, problems: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self.faults = [Fault(f"/{field}", code, _TIMES.get(code, _CONFIG)) for field, code in problems]


class AlreadyPlannedError(Exception):
    """The lead has an appointment under way; `existing` is its id."""

    def __init__(self, existing: UUID) -> None:
        super().__init__()
        self.context = {"existing": str(existing)}


class IdentityTakenError(Exception):
    """Another customer has the identity; `customer_id` is theirs, shown to who may see them."""

    def __init__(self, customer_id: UUID, *, shown: bool = False) -> None:
        super().__init__()
        self.customer_id = customer_id
        self.context = {"customer_id": str(customer_id), "mend": "merge"} if shown else {"mend": "merge"}


class NoIdentityError(Exception):
    """What is given can identify no person, such as a number that cannot be one."""

    def __init__(self) -> None:
        super().__init__()
        self.faults = [Fault("/value", "no_identity", _NO_IDENTITY)]


class MergeRefusedError(Exception):
    """A plan with pairs that cannot be merged; `faults` name each by its place among the pairs."""

    def __init__(self, places: Mapping[int, str]) -> None:
        super().__init__()
        self.places = places


class MergeFaultsError(Exception):
    """A plan that is refused, with every fault at the place where its body has it."""

    def __init__(self, faults: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self.faults = [Fault(pointer, code, _MERGES[code]) for pointer, code in faults]


class MergeStateError(Exception):
    """Only a plan is applied, and only what was applied is taken back."""

    def __init__(self, state: str) -> None:
        super().__init__()
        self.context = {"state": state}


class LaterMergesError(Exception):
    """Leads of these customers were merged: those merges are to be taken back first."""

    def __init__(self, merges: Sequence[UUID]) -> None:
        super().__init__()
        self.context = {"merges": [str(merge) for merge in merges]}


class NotYoursError(Exception):
    """The caller's role does not act on payments and refunds."""


class AlreadyPaidError(Exception):
    """The order is fully paid, or this payment is recorded of another order."""


class OrderChangedError(Exception):
    """The order is another than the caller saw: `current_version` is its version now."""

    def __init__(self, current_version: int | None) -> None:
        super().__init__()
        self.context = {"current_version": current_version}


class NotDeletableError(Exception):
    """Only a manual payment that stands can be deleted."""


class PaymentRefusedError(Exception):
    """A payment, refund or hold that does not fit; `problems` name field and code of each fault."""

    def __init__(self, problems: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self.faults = [Fault(f"/{field}", code, _MONEY.get(code, _CONFIG)) for field, code in problems]


class RefundUnderWayError(Exception):
    """The order has a refund under way; `existing` is its id."""

    def __init__(self, existing: UUID) -> None:
        super().__init__()
        self.context = {"existing": str(existing)}


class OutOfTurnError(Exception):
    """The refund or access is not so far, or is over; `state` says how far it is."""

    def __init__(self, state: str) -> None:
        super().__init__()
        self.context = {"state": state}


class AppointmentOverError(Exception):
    """The appointment was cancelled, kept or missed."""


class CallRefusedError(Exception):
    """A call that cannot be started: `code` says why, of the member at `pointer`."""

    def __init__(self, pointer: str, code: str) -> None:
        super().__init__()
        self.faults = [Fault(pointer, code, _CALLS[code])]


class OrderRefusedError(Exception):
    """An order that no school can be given; `problems` are pointer and code of each fault."""

    def __init__(self, *problems: tuple[str, str]) -> None:
        super().__init__()
        self.faults = [Fault(pointer, code, _PLACINGS[code]) for pointer, code in problems]


class PaymentsRefusedError(Exception):
    """A list of payments, or the order of one, that cannot be taken; `faults` name each line and column."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__()
        self.faults = faults

    @classmethod
    def of(cls, pointer: str, code: str) -> Self:
        """Return the refusal of one member."""
        return cls([Fault(pointer, code, _NO_ORDER)])


class PaymentDecidedError(Exception):
    """A person has decided on the payment already."""

    def __init__(self, state: str) -> None:
        super().__init__()
        self.context = {"state": state}


class InTheFutureError(Exception):
    """What is recorded has yet to be said."""

    def __init__(self) -> None:
        super().__init__()
        self.faults = [Fault("/at", "in_the_future", Text("это время ещё не настало", "this time is yet to come"))]


class DoNotCallError(Exception):
    """The customer is not to be called: `reason` says whether they withdrew or are on the black list."""

    def __init__(self, reason: str) -> None:
        super().__init__()
        self.context = {"reason": reason}


class CallsExhaustedError(Exception):
    """The customer was called today as often as the desk allows; `next_at`: when their next day begins."""

    def __init__(self, next_at: datetime) -> None:
        super().__init__()
        self.context = {"next_at": next_at.isoformat()}


class CallUnderWayError(Exception):
    """The same call is under way, or it is in doubt whether it was made; `existing` is its id."""

    def __init__(self, existing: UUID) -> None:
        super().__init__()
        self.context = {"existing": str(existing)}


class CallNotConnectedError(Exception):
    """No conversation is known that could be passed on."""


class ExchangeHaltedError(Exception):
    """The exchange has refused us, and waits for a person to change its source; `reason` is its code."""

    def __init__(self, reason: str) -> None:
        super().__init__()
        self.context = {"reason": reason}


class RecordingUnavailableError(Exception):
    """A recording cannot be had: its keeper does not answer, or has it no more."""

    retry_after = 60


_MERGES = {
    "unknown": Text("в отделе такого нет", "the desk has no such one"),
    "same": Text("нельзя слить с собой", "it cannot be merged into itself"),
    "named_twice": Text("уже назван в этом слиянии", "it is named in this merge already"),
    "merged_already": Text("уже слит с другим", "it is merged into another already"),
    "other_customer": Text("это заявки разных клиентов", "these are leads of different customers"),
    "winner_is_over": Text("заявка-победитель закончена, а эта в работе", "the winner is over, this one is not"),
    "appointment_planned": Text("у неё есть запись", "it has an appointment"),
}
_NO_IDENTITY = Text("по этому нельзя узнать человека", "nobody can be known by this")
_CALLS = {
    "no_exchange": Text("этот источник не умеет звонить", "this source cannot call"),
    "no_extension": Text("неизвестно, с какого телефона звонить", "it is not known from which telephone to call"),
    "no_number": Text("по этому номеру нельзя позвонить", "this number cannot be called"),
}
_NO_ORDER = Text("в отделе нет такого заказа", "the desk has no such order")
_PLACINGS = {
    "no_school": Text("у этого источника нет аккаунта школы", "this source has no school's account"),
    "no_email": Text(
        "у клиента нет почты, без неё школа заказ не примет", "a school takes no order without e-mail"
    ),
    "no_number": Text("по этому номеру ничего не найти", "this number is of no use"),
    "no_title": Text("неизвестно, что заказано", "it is not known what is ordered"),
    "missing": Text("не указано", "missing"),
    "no_lead": Text("такой заявки в отделе нет", "the desk has no such lead"),
    "other_customer": Text("это заявка другого клиента", "the lead is another customer's"),
    "other_email": Text("у клиента другая почта", "the customer has another e-mail"),
    "of_another": Text("это почта или номер другого клиента", "this is another customer's e-mail or number"),
}
_MONEY = {
    "missing": Text("не указано", "missing"),
    "other_currency": Text("у заказа другая валюта", "the order has another currency"),
    "not_an_amount": Text("это не сумма платежа", "no sum of a payment"),
    "more_than_paid": Text("уплачено меньше", "more than what was paid"),
    "in_the_past": Text("это время прошло", "this time is past"),
    "in_the_future": Text("это время ещё не настало", "this time is yet to come"),
    "after_start": Text("пакет начнётся раньше", "the package begins before"),
    "not_unpaid": Text("заказ не ждёт оплаты", "the order does not wait for payment"),
}
_TIMES = {
    "in_the_past": Text("это время прошло", "this time is past"),
    "too_far": Text("слишком далеко", "too far ahead"),
    "outside_hours": Text("партнёр в это время не работает", "the partner does not work then"),
}
_CONFIG = Text("недопустимое значение", "not what the format takes")

ERRORS: ErrorTable = {
    BadConfigurationError: (422, "validation_failed"),
    NotKnownYetError: (409, "not_known_yet"),
    NotFoundError: (404, "not_found"),
    AlreadyExistsError: (409, "already_exists"),
    ConfigRefusedError: (422, "validation_failed"),
    UnknownPartnerError: (422, "validation_failed"),
    MisspeltError: (422, "validation_failed"),
    ChannelTakenError: (422, "validation_failed"),
    StepRefusedError: (422, "validation_failed"),
    AlreadyPlannedError: (409, "already_planned"),
    IdentityTakenError: (409, "identity_taken"),
    NoIdentityError: (422, "validation_failed"),
    InTheFutureError: (422, "validation_failed"),
    MergeFaultsError: (422, "validation_failed"),
    MergeStateError: (409, "merge_state"),
    LaterMergesError: (409, "later_merges"),
    AppointmentOverError: (409, "appointment_over"),
    NotYoursError: (403, "forbidden"),
    AlreadyPaidError: (409, "already_paid"),
    OrderChangedError: (409, "order_changed"),
    NotDeletableError: (409, "payment_kept"),
    PaymentRefusedError: (422, "validation_failed"),
    RefundUnderWayError: (409, "refund_under_way"),
    OutOfTurnError: (409, "out_of_turn"),
    CallRefusedError: (422, "validation_failed"),
    OrderRefusedError: (422, "validation_failed"),
    PaymentsRefusedError: (422, "validation_failed"),
    PaymentDecidedError: (409, "conflict"),
    DoNotCallError: (409, "do_not_call"),
    CallsExhaustedError: (409, "calls_exhausted"),
    CallUnderWayError: (409, "call_under_way"),
    CallNotConnectedError: (409, "call_not_connected"),
    ExchangeHaltedError: (409, "exchange_halted"),
    RecordingUnavailableError: (503, "recording_unavailable"),
    NoSecretError: (409, "no_secret"),
    OverloadedError: (503, "unavailable"),
}
