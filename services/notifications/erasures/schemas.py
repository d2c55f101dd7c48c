"""How long notifications keeps what names persons, on the wire."""

from libs.common.platform.http.wire import Days, Wire


class NotificationsRetention(Wire):
    """For how many days notifications keeps what names persons; null: for good."""

    messages: Days | None = None
    callbacks: Days | None = None
