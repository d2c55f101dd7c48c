"""Objects: bytes under a key, outside of the database. A folder on one machine, else an S3 API (`s3`)."""

from libs.common.platform.objects.folder import Folder
from libs.common.platform.objects.port import Bucket, Objects, ObjectsError, Presented

__all__ = ["Bucket", "Folder", "Objects", "ObjectsError", "Presented"]
