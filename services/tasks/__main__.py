"""`python -m services.tasks api|worker|migrate|rotate-keys|all`."""

import sys

from libs.common.platform.service import run
from services.tasks.app import SERVICE

raise SystemExit(run(SERVICE, sys.argv[1:]))
