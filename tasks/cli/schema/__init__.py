"""Every option of every composition: its type, range, unit and a sentence, in one place.

`checking` holds a configuration against it before torch is imported, in words from `wording`;
`document` writes conf/README.md from it. `run`, `backbone`, `data`, `optimizer`, `trainer` and
`task` describe the nodes of these names. What only one family has below `data` and `task` is in
`classification`, `detection`, `faces`, `geolocation` and `joint`. `choosing` says which model
describes which node.
"""
