"""Where the work on images is done: in processes of this machine, or on a Ray cluster."""
