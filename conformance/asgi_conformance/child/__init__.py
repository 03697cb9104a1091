"""All that runs beside the target: the standard library and relative imports, Python 3.8 and newer (PROTOCOL.md)."""
