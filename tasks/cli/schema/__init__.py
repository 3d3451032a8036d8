"""Every option of every composition: its type, range, unit and a sentence, in one place.

`checking` holds a configuration against it before torch is imported; `document` writes
conf/README.md from it. Each of `run`, `backbone`, `data`, `optimizer`, `trainer` and `task`
describes the nodes of that name.
"""
