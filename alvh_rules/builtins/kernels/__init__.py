"""The vectorised implementations: one module a family, one function a record."""
