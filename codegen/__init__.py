"""The generator: botocore's service model and the overlays become the generated folders."""
