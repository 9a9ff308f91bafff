"""``python -m egp``."""

import sys

from egp.cli.main import main

sys.exit(main())
