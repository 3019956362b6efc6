"""The language server, `alvh lsp`: what an editor asks while a ruleset is written.

`documents.py` keeps the texts that are open, `workspace.py` what they come to, `names.py` which name
stands where. A feature is a file: it takes a workspace and answers in the protocol's terms.
`server.py` alone speaks to the client.
"""
