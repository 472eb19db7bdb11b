"""What the verbs need besides the database: settings, the vault of secrets and the door to the network."""

from __future__ import annotations

from dataclasses import dataclass

from flask import current_app
from sqlalchemy import Engine

from sender import transport
from sender.services.vault import Vault
from sender.settings import SenderSettings
from shared.http import Door
from shared.live import Bus

CHANGES = "hookloop_sender"  # the channel on which writing transactions announce themselves


@dataclass(frozen=True, slots=True)
class Context:
    """The tools of one process; made once by `create_app` and handed to every verb."""

    settings: SenderSettings
    vault: Vault
    door: Door
    live: Bus


def open_context(settings: SenderSettings, engine: Engine) -> Context:
    """Return the tools that `settings` describe."""
    live = Bus(engine, CHANGES, settings.streams)
    return Context(settings, Vault(settings.read_encryption_key()), transport.open_door(settings), live)


def current() -> Context:
    """Return the context of the application that handles the present request."""
    context: Context = current_app.extensions["hookloop_sender"]
    return context
