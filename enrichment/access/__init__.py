"""Who may do what: keys, the scopes and the tenant that a key stands for, and the sessions of the page.

- `scopes`: what a caller may do, and `Principal`: who asks
- `secret`: a key as text, and how it is kept: never as itself
- `keys`: the table of the keys and each statement on it, written together with its audit
- `keyring`: the keys that this process knows, so that a request pays no statement
- `sessions`: the cookie that stands for a key
- `limits`: how many requests a caller may make in a time
- `wall`: the second wall between tenants, in PostgreSQL itself
"""
