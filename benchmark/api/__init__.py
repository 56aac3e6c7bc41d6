"""What a program or a notebook uses: runs from Python, with plugins as names or objects, and their results."""
