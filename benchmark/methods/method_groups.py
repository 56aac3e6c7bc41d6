"""Names in ``--methods`` that stand for several methods."""

from __future__ import annotations

ALL, BEST = "all", "best"
METHOD_GROUPS = frozenset({ALL, BEST})
BEST_METHODS = ("identity-completer:strong-teacher", "segmenter+adapt:three-looks", "periocular")
"""What ``best`` means: of the restorations, the adapters and the baselines, the one of each kind that did best in
``docs/results.md`` before a strong recogniser, or before all where none helps that one."""
