"""What is on disk: files that are whole or absent, locks, digests, paths that stay in their folder."""
