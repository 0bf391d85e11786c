from __future__ import annotations

import pytest
from scripted import ScriptedService


@pytest.fixture
def service() -> ScriptedService:
    return ScriptedService()
