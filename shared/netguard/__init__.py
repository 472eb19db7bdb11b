"""Where requests may go: judges addresses, resolves names once, and refuses private targets (SSRF).

Resolve first, judge every answer, connect to a judged one: a name that is judged as text, or resolved again when
connecting, can be pointed at an inner service in between.
"""

from shared.netguard.addresses import judge
from shared.netguard.allowed import AllowedTargets
from shared.netguard.lookup import ResolutionFailed, resolve
from shared.netguard.urls import Target, TargetRefused, check_url, refuse, split_url

__all__ = [
    "AllowedTargets",
    "ResolutionFailed",
    "Target",
    "TargetRefused",
    "check_url",
    "judge",
    "refuse",
    "resolve",
    "split_url",
]
