"""Losses that compare a restored face with the true one."""
