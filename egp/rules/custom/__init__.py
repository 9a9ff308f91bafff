"""Rules that are not egp's own: written into a policy, or installed as a package and named on the command line."""
