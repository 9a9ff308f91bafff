"""The room `output`."""
