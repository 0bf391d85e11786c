"""What generated code stands on: the base of models, sending rules, plain errors, open enums.

It imports nothing of the package but the clock.
"""
