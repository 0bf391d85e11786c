# What drs_sdk.temporal takes from Temporal, for `--verifytypes` where it is not installed.
