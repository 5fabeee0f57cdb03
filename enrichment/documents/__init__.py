"""Competence files as documents: the content is a `CompetenceFileResult`, each module writes one format."""
