"""What is kept of a report whose message is of an erased customer. Pure."""

from dataclasses import replace

from services.notifications.providers.values import Report, ReportKind

#: What a provider's part of a message may still do once its customer is erased: say how the message fares.
_OF_MESSAGES = frozenset({ReportKind.STATUS, ReportKind.ECHO})


def spared(report: Report, name: str, reference: str | None) -> Report:
    """Return a report without its customer: how the message fares is the desk's, under the names that are left."""
    return replace(
        report,
        external_id=name,
        reference=reference if report.kind in _OF_MESSAGES else None,
        payload={},
        address=None,
        sender=None,
        text=None,
        remember=None,
        written=None,
    )
