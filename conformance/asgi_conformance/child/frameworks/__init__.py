"""One module for each framework: discover its routes, inject the probe, observe its objects."""
