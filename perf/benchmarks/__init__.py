"""One module for each row, or each few rows, of the table."""
