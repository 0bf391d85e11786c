"""The way back: re-protect, come home, clean up, and practise it.

A1 is the machine at home, B1 its source server on the recovery side, B2 the recovery instance
there (B3 its EC2 instance). A2 is the source server that replicates B2 home, A3 the recovery
instance at home (A4 its EC2 instance).

- `journey`: where a server is on its way, derived from what the service says
- `looking`: both sides are read
- `matching`: what belongs together
- `origins`: which client reaches the place where a machine came from
- `reversing`: a reversal is asked for, once
- `tagging`: what was made says whose it is
- `steps`: what the steps share
- `reprotecting`, `returning`, `retiring`, `rehearsing`: the steps
- `on_premises`: the launch home of machines that are no EC2 instances
- `report`: what became of it
"""
