"""The workbench: a local page over many finished families, with notes and sign-off by named users.

`families` reads the results, `worklist` and `search` put them in order, `log` keeps what users write, `users` knows who they
are, `guard` stands between the network and `pages`, and `run` is what the command calls.
"""
