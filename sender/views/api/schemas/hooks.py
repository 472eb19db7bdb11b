"""REST-hook subscriptions as the API takes and gives them."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from shared.web.schemas import Strict


class HookIn(Strict):
    """A subscription as an automation platform makes it."""

    model_config = ConfigDict(extra="ignore")

    target_url: str
    event: str


class HookOut(BaseModel):
    """A subscription."""

    id: str
