"""What providers have answered, kept so that nothing is paid for twice.

    reserve ──▶ store      one asker pays; everybody else takes what is stored
       └──────▶ release    the call failed: the next asker pays
       └──────▶ (expires)  its process died: the next asker pays

A response is found by what was asked (`questions`), so a retry, a repeated job and two at the same time share one.
"""
