"""A result is a draft until a person has reviewed it; an approved one never changes again.

- `edits`: what a reviewer says of single fields, and the result that comes of it
- `act`: reviewing a job, whole
- `reviews`: the table of those edits, and the guarded statement that reviews a job
"""
