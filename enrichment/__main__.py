"""`python -m enrichment`: the command line."""

from enrichment.cli import main

main()
