"""What a desk masks, on the wire."""

from pydantic import StrictBool

from libs.common.platform.http.wire import Wire


class Masking(Wire):
    """Whether lists mask numbers and addresses to operators, where the lead is not their own."""

    lists: StrictBool = False
