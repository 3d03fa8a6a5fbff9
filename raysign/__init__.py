"""raysign turns sign-language video into a searchable sign dictionary, at cluster scale."""

__version__ = "0.1.0"
