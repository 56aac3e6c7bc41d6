"""A stored run as tables for papers, pages and programs."""
