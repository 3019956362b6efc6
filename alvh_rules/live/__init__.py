"""Live: the decisions of `alvh run`, one bar at a time, kept in a journal.

```
feed ─▶ intake ─▶ engine ─▶ journal ─▶ sinks
          │                    ▲
          └── quarantine ──────┘
```

A feed gives messages. The intake makes bars of them, or says why not. The engine decides a bar by the
plan of the ruleset. The journal takes bar, decision, explanation and carried state in one transaction;
only then is anything told to anyone. Sinks read the journal. `docs/live.md` says what each promises.
"""
