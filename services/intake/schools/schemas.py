"""A school's account on the wire; its key is never read back."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field, SecretStr, StrictBool

from libs.common.platform.http.wire import Wire

Account = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$", description="acme of acme.getcourse.ru")]


class SchoolPart(Wire):
    """The account at GetCourse whose orders a source brings; a key that is left out stays as it is.

    With `webhook_key`, `<developer's key>_<school's key>` of its newer API, it is asked to report its orders.
    """

    account: Account
    api_key: Annotated[SecretStr | None, Field(min_length=1, max_length=200)] = None
    webhook_key: Annotated[SecretStr | None, Field(min_length=3, max_length=400)] = None
    check_minutes: Annotated[
        int, Field(ge=10, le=45, description="from check to check of its orders; each takes a few requests")
    ] = 30


class SchoolIn(SchoolPart):
    """See `SchoolPart`; `active`: whether anything is asked of the account."""

    active: StrictBool = True


class SchoolWebhooks(BaseModel):
    """Whether the school was asked to report its orders; `code`: why it does not, and it is asked again.

    `no_public_url`: it is not known where we are reached from outside. `needs_token`: the source wants a signature,
    and the school signs nothing. Others are the school's refusals, or that it gave no answer.
    """

    registered_at: datetime | None
    code: str | None


class SchoolView(BaseModel):
    """A school's account: how its check is doing, and why no order is made there."""

    source_id: UUID
    desk: str
    account: str
    check_minutes: int
    active: bool
    halted_code: str | None
    halted_at: datetime | None
    checked_at: Annotated[datetime, Field(description="what the school had said by then is known")]
    check_code: Annotated[str | None, Field(description="why the last question brought no list")]
    webhooks: SchoolWebhooks | None
    version: int
