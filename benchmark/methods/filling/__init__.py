"""How a hole is blanked, filled and blended, whatever paints it."""
