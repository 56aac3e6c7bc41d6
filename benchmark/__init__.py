"""How much identity-verification accuracy a face mask takes, and how much each unmasking method wins back."""

__version__ = "0.2.0"
