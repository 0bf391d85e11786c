"""Behaviour that people reach for, inherited by the generated models.

One module per structure. A trait only reads: it asks nothing of the service.
"""
