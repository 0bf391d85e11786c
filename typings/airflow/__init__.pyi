# What drs_sdk.airflow uses of Apache Airflow, for type checks where it is not installed.
# `make test-airflow` checks the same code against Airflow itself.
