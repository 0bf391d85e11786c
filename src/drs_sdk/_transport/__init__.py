"""How requests reach the service and answers come back: the only part that touches aiobotocore.

- `connection`: the client under the client, and who may use it when
- `aws`: sessions, configuration and credentials, as aiobotocore resolves them
- `http`: the HTTP session that aiobotocore is given; `certificates`: what it trusts and shows;
  `broken`: what broke on the way
- `retrying`: the loop over attempts; `permit`: leave for an unsafe one to be sent
- `attempt`: what happens in one, in the place of botocore's endpoint layer
- `failures`, `explaining`: what an attempt's end means, for the loop and in our errors
- `skew`: how far the service's clock is ahead
- `error_answers`: error answers made safe for botocore's parser
- `decoding`: bytes become models; `unreadable`: values that no JSON reader takes
- `call`: one call over all its attempts, and who is told of it
- `api_errors`, `ambiguity`: the errors that are raised here; `settings`: what a client is told
"""
