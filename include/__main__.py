"""``python -m include``: everything a night does, without a scheduler."""

from __future__ import annotations

from include.cli.app import main

if __name__ == "__main__":
    main()
