"""What is measured: each module is imported only by the process that does its work."""
