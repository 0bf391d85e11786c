"""The HTTP front: requests from their bytes to their answers, faults included."""
