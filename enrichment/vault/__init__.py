"""What is at rest of a candidate, sealed under a key of the candidate's own: who destroys the key shreds every copy.

- `sealing`: a key, and what it makes of JSON and of bytes
- `keys`: the table of those keys, each wrapped by a master key of the settings
- `vault`: gets the keys that a statement needs, and opens what it has read

It is there where the settings hold a master key. Without one everything is kept as it is, and costs nothing. What was
stored before there was a master key stays as it is, with all that is made of it.
"""
