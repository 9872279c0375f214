"""Interpretation on request: what a model makes of a data set, asked for, made once, and kept.

    jobs = Jobs(Index.in_folder(folder), worker="here")
    job = jobs.ask(asked)                          # at once; the same again is the same job
    Runner(jobs).start()                           # a thread, which makes them in processes with limits
    jobs.get(job.id).result                        # once its state is `done`

The file is read, never written to.
"""
