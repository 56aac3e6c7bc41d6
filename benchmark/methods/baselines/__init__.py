"""Methods without networks: what a method that learns must beat."""
