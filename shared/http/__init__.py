"""The one door to the network, and the only user of `requests`: judged addresses, deadlines, capped answers."""

from shared.exchange import Exchange, Limits, Request, Response
from shared.http.door import Door

__all__ = ["Door", "Exchange", "Limits", "Request", "Response"]
