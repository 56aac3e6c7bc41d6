"""Time limits of the Ray engine, seconds; ``--help`` says them."""

from __future__ import annotations

SECONDS_TO_ANSWER = 5.0
"""For the first byte of the network's answer."""
SECONDS_TO_CONNECT = 60.0
SECONDS_TO_CHECK = 120.0
"""For every machine to load this package and say what it sees."""
SECONDS_WITHOUT_MACHINES = 60.0
"""After so long without any machine that offers a core, the run ends."""
ATTEMPTS = 4
"""How often work is begun whose process or machine dies."""
