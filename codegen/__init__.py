"""The generator: botocore's `drs` service model and the overlays become `models/` and `operations/`."""
