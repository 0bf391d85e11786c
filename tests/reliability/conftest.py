"""The walk through the whole service stands with the emulator's tests."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent.parent / "emulator"))
