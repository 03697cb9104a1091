"""All that runs beside the target: standard library and relative imports only, Python 3.8 and newer (see PROTOCOL.md)."""
