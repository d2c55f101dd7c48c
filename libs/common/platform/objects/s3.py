"""A bucket at anything that speaks the S3 API: Amazon's, Yandex Object Storage, MinIO, Ceph.

The bucket stands in the path, as every server of the API takes it. One call is not repeated here: who wrote knows
when to try again. How an object is presented is stored with it, so that its address needs nothing of us.
"""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from libs.common.platform.objects.port import Bucket, ObjectsError, Presented

if TYPE_CHECKING:
    from collections.abc import Awaitable

T = TypeVar("T")


class S3:
    """Objects in a bucket. `timeout`: seconds for one call."""

    def __init__(self, bucket: Bucket, timeout: float) -> None:
        self._store = S3Store(
            bucket.name,
            endpoint=bucket.endpoint,
            region=bucket.region,
            access_key_id=bucket.key,
            secret_access_key=bucket.secret.get_secret_value(),
            virtual_hosted_style_request=False,
            disable_bulk_delete=True,
            client_options={
                "allow_http": bucket.endpoint.startswith("http://"),
                "timeout": timedelta(seconds=timeout),
                "connect_timeout": timedelta(seconds=timeout / 4),
            },
            retry_config={"max_retries": 0},
        )

    async def put(self, key: str, content: bytes, presented: Presented) -> None:
        how = {"Content-Type": presented.type, "Content-Disposition": presented.disposition}
        await _done(obstore.put_async(self._store, key, content, attributes=how, use_multipart=False))

    async def delete(self, key: str) -> None:
        try:
            await obstore.delete_async(self._store, key)
        except FileNotFoundError:
            return
        except BaseError as error:
            raise ObjectsError(type(error).__name__) from None

    async def link(self, key: str, lasts: timedelta) -> str | None:
        return await _done(obstore.sign_async(self._store, "GET", key, lasts))

    def file(self, key: str) -> Path | None:
        del key
        return None


async def _done(call: "Awaitable[T]") -> T:
    try:
        return await call
    except BaseError as error:  # its text may quote the request
        raise ObjectsError(type(error).__name__) from None
