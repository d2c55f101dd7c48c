"""What a desk masks, on the wire."""

from pydantic import StrictBool

from libs.common.platform.http.wire import Wire


class Masking(Wire):
    """Whether operators see numbers and addresses masked, where neither lead nor task is their own.

    `lists` is the whole rule: it holds in lists and for one thing alone, for search, tasks, messages, the feed.
    """

    lists: StrictBool = False
