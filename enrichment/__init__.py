"""Durable jobs that enrich candidates' data: the nouns that every other package reads."""
