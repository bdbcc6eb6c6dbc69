"""``python -m vae_studio`` is the ``vae-studio`` command."""

import sys

from vae_studio.cli import main

if __name__ == "__main__":
    sys.exit(main())
