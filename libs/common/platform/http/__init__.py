"""HTTP for all four services: a front end that knows one knows all."""
