"""`--url`: the client lane alone against an endpoint that already runs somewhere, judged at the wire only."""
