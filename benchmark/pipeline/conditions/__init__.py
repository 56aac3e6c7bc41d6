"""Which faces are compared with which: each condition of each method, before any recogniser."""
