"""The command line of recovery runs: `python -m drs_sdk.recovery`.

- `main`: from the arguments to the exit status; `signals`: Ctrl-C and the like
- `commands`: the table of commands; `actions`: what each does
- `arguments`, `option_groups`, `given`, `readers`: the command line, read
- `opening`: the places and the run that it names; `limit_options`: their quotas
- `terminal`, `typed_lines`: the person at the other end
- `approving`, `confirming`: what the person is asked; `display`: what the person sees
- `writing`, `tables`: what is left on paper
- `exit_codes`: what a script goes by
"""
