"""``python -m priorvol``: the command line."""

import sys

from priorvol.cli import main

if __name__ == "__main__":
    sys.exit(main())
