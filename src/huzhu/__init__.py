"""Huzhu (互助): a trade union's mutual-aid medical protection, from the roster to the payout."""

__version__ = "0.1.0"
