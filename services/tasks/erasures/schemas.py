"""How long tasks keeps what names persons, on the wire."""

from libs.common.platform.http.wire import Days, Wire


class TasksRetention(Wire):
    """For how many days tasks keeps what names persons; null: for good."""

    comments: Days | None = None
    timeline: Days | None = None
