"""The Content-Security-Policy of pages that are one file: whatever a name smuggles in, only our own script runs."""

from __future__ import annotations

import base64
import hashlib


def content_security_policy(script: str) -> str:
    """What a page with this one script may do: nothing from elsewhere, no other script, no form.

    The script is allowed by its digest, which fits a static file better than a nonce: everybody who reads the file
    would know the nonce. Styles stay inline, since bars and colours are attributes of single elements, to which a
    digest does not apply; without anything to load, a style can send nothing away.

    >>> "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" in content_security_policy("")
    True
    """
    digest = base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
    return (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
