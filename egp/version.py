"""The version of egp."""

VERSION = "0.1.0"
