"""What a process keeps: counts, charges of the partner, documents of the subject (S0.15, S3.18)."""

from collections.abc import Mapping
from decimal import Decimal
from typing import TypeAlias, assert_never

from services.tasks.engine.effects import Noticed, Record
from services.tasks.engine.facts import Document
from services.tasks.engine.kept import AddDocument, Count, RaiseCharge
from services.tasks.engine.progress import Progress
from services.tasks.playbooks.fields import FieldValue
from services.tasks.playbooks.keeps import Charge, CountUp, LinkDocument
from services.tasks.playbooks.terms import Title

Keeping: TypeAlias = CountUp | Charge | LinkDocument

NO_PARTNER = Title("партнёра нет", "there is no partner")
NO_SUM = Title("сумма не указана", "the sum is not known")


def keep(run: Progress, step: Keeping) -> None:
    """Count, charge, or link a document."""
    match step:
        case CountUp(counter=counter, by=by):
            title, before = run.playbook.counters[counter], run.state.counts.get(counter, 0)
            run.emit(Count(run.rule, counter, title, before + by))
        case Charge():
            _charge(run, step)
        case LinkDocument():
            _link(run, step)
        case _:
            assert_never(step)


def _charge(run: Progress, step: Charge) -> None:
    """Raise a charge, once in a process and only if it is clear who owes it and how much."""
    spec, fields = run.playbook.charges[step.charge], {**run.state.fields, **run.filled}
    given = spec.amount if step.amount is None else fields.get(step.amount)
    amount = Decimal(given) if isinstance(given, str | Decimal) else None
    partner_id = run.state.facts.whose_partner
    if spec.code in run.state.charges:
        run.emit(Record(run.rule, Noticed.CHARGED_ALREADY, spec.title))
    elif partner_id is None:
        run.emit(Record(run.rule, Noticed.NOTHING_TO_CHARGE, NO_PARTNER))
    elif step.amount is not None and amount is None:
        run.emit(Record(run.rule, Noticed.NOTHING_TO_CHARGE, NO_SUM))
    else:
        currency = None if amount is None else spec.currency
        run.emit(RaiseCharge(run.rule, spec, partner_id, amount, currency, run.actor))


def _link(run: Progress, step: LinkDocument) -> None:
    """Link a document, unless it is linked already or its field was not filled in."""
    document = _document(run, step)
    if document is not None and document not in run.state.documents:
        run.emit(AddDocument(run.rule, document, run.actor))


def _document(run: Progress, step: LinkDocument) -> Document | None:
    if step.title is not None and step.url is not None:
        return Document(step.title.of(run.state.desk.languages[0]), step.url)
    fields: Mapping[str, FieldValue] = {**run.state.fields, **run.filled}
    value = fields.get(step.field or "")
    return Document(value["title"], value["url"], value.get("number")) if isinstance(value, Mapping) else None
