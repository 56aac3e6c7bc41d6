"""The kinds of method, one module for each: what a method of that kind does to faces, and what is then compared."""
