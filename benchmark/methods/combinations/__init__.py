"""Methods that combine the scores of several others: a fusion weighs them, a gate chooses one for each probe."""
