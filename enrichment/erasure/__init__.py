"""A candidate's right to be forgotten, and to see what is held.

act       cancels, then erases store by store, the rows last: what breaks off can simply be repeated
records   the statements on the rows, and the tombstone: that somebody was erased, never who
exports   everything that is held of a candidate, as JSON
"""
