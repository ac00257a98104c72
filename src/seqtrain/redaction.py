"""Values that a config takes from the environment are kept out of what a run writes: a secret may be among them."""

import os
import re

_NAMED = re.compile(r"\$\{\s*oc\.env\s*:\s*(\w+)")
_SHORTEST = 6  # characters; a 1 is in every line of a log, and is no secret


class Redaction:
    """Puts `${oc.env:NAME}` back where the value of NAME stands.

    Args:
        config: as YAML, unresolved: the variables that it names are hidden.
    """

    def __init__(self, config: str) -> None:
        named = {name: os.environ.get(name, "") for name in _NAMED.findall(config)}
        values = {value: name for name, value in named.items() if len(value) >= _SHORTEST}
        self._values = dict(sorted(values.items(), key=lambda each: -len(each[0])))  # one may be in another

    def __call__(self, text: str) -> str:
        for value, name in self._values.items():
            text = text.replace(value, f"${{oc.env:{name}}}")
        return text
