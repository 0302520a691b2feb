"""The act-now page: what could be treated within hours, looked for as soon as the baby's alignment is indexed.

It branches off before genome-wide calling and nothing of the main flow waits for it. Every line is provisional; the end of the
chain confirms or withdraws it. Rules: docs/actnow.md.
"""
