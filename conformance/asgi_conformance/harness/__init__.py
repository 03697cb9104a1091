"""All input and output of the suite's own process: the child, the client lane, the barriers, the recording."""
