"""The report of a run, rendered.

- `words`: durations, moments and names, as people read them; what is not known is ``?``
- `tallies`: counts and worst figures of a wave
- `outline`: what every rendering tells; `sections`: its sections and tables
- `server_labels`: what servers are called
- `next_steps`: what is left for a person to do
- `text`, `markdown`, `html`: the renderings
- `timeline`: the jobs over time, as SVG; `axis`: its scale
- `screen`: where a run stands, in the lines that a terminal has; `changes`: a line for each change
- `elements`: HTML and SVG that cannot forget to escape; `style`: the page's style sheet
"""
