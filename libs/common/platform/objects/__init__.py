"""Objects: bytes under a key, outside of the database. A folder where one machine is enough, else an S3 API."""

from libs.common.platform.objects.folder import Folder
from libs.common.platform.objects.port import Objects, ObjectsError, Presented
from libs.common.platform.objects.s3 import S3, Bucket

__all__ = ["S3", "Bucket", "Folder", "Objects", "ObjectsError", "Presented"]
