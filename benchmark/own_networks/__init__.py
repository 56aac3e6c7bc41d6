"""Networks that a user names by a file: opening them, whatever they are used for."""
