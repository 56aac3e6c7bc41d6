"""What a run would make, by the keys that it would use, without making anything."""
