"""`make browser`: find the browser, then run the tests of this folder with it. Arguments are pytest's."""

import os
import subprocess
import sys

from tests.browser.finding import NoBrowserError, find, installer

try:
    browser = find(os.environ, installer())
except NoBrowserError as error:
    sys.exit(str(error))
command = [sys.executable, "-m", "pytest", "-n0", "--durations", "5", "--browser", browser, "tests/browser"]
sys.exit(subprocess.run([*command, *sys.argv[1:]], check=False).returncode)
