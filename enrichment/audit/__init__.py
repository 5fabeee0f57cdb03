"""What was done with candidates' data, when, by whom and with which model: only ever added to, without the data.

A trigger writes an entry in the transaction of the act itself: when a run that had begun ends, and when a person
reviews its result. So no path through the code can forget it, and it costs no round trip.
"""
