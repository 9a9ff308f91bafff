"""``python -m egp``."""

import sys

from egp.cli import main

sys.exit(main())
