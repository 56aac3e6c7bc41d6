"""An own campaign of hostile treatment: kills, mutated images, damaged results, hostile names.

``python -m tests.campaign --help``; not part of the ordinary tests (see ``CONTRIBUTING.md``).
"""
