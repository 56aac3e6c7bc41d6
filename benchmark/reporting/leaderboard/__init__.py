"""Many stored runs on one page: each is recomputed from its scores first, and set beside those it may be set beside."""
