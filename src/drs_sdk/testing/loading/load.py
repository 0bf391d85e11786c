"""Takes over resources from what describe calls printed.

Any JSON will do in which the objects of describe answers stand, however deep: the walk knows
them by their members. What it knows stands in `kinds` and `parts`.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, cast

from drs_sdk.testing.loading import links, parts
from drs_sdk.testing.loading.foreign_json import (
    date_of,
    hidden,
    plain,
    require_list,
    require_types,
)
from drs_sdk.testing.loading.kinds import KINDS, Kind
from drs_sdk.testing.service.documents import Doc, copy_doc
from drs_sdk.testing.world.account import Account

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drs_sdk.testing.loading.parts import Part


def read_source(source: object) -> object:
    """Return the JSON value that `DRSEmulator.load` was given, reading the file if it is a path.

    Raises:
        ValueError: The file holds no JSON.
    """
    if isinstance(source, str | os.PathLike):
        path = Path(cast("str | os.PathLike[str]", source))
        try:
            # As bytes: what a shell on Windows redirects into a file is not UTF-8.
            return cast("object", json.loads(path.read_bytes()))
        except (ValueError, RecursionError) as error:
            raise ValueError(f"{path} holds no JSON: {error}") from error
    return source


def load_resources(account: Account, value: object) -> tuple[Account, list[str]]:
    """Store every resource that stands in a JSON value, in a copy of an account.

    One that stands there more than once is merged, the later members winning; one that the
    account has already is replaced.

    Returns:
        The copy, and the identifiers of what was loaded, in the order they were found.

    Raises:
        ValueError: Something does not say what it belongs to, or that is not there, or it is
            not what the service describes.
    """
    # All or nothing: what was loaded before a mistake shows would stay behind.
    copy = Account.restore(account.snapshot(), account.world)
    try:
        loaded = _load(copy, plain(value))
    except (AttributeError, LookupError, RecursionError, TypeError) as error:
        raise ValueError(f"this is nothing that the service answers: {error!r}") from error
    links.link_reversed(copy, account)
    return copy, loaded


def _load(account: Account, value: object) -> list[str]:
    found: dict[tuple[Kind, str], Doc] = {}
    attached: list[tuple[Part, str, list[Doc]]] = []
    for kind, owner, docs in _walk([value], {}):
        for doc in docs:
            require_types(kind.shape, doc)
        if isinstance(kind, Kind):
            found.setdefault((kind, docs[0][kind.id_member]), {}).update(docs[0])
        else:
            attached.append((kind, owner, docs))
    for kind, resource_id in _in_order(found):
        _store(account, kind, resource_id, found[kind, resource_id])
    for kind, resource_id in found:
        if kind.owner:
            owners, what = account.collection(kind.owner), kind.collection.replace("_", " ")
            parts.required(owners, resource_id, what)
    loaded = dict.fromkeys(resource_id for kind, resource_id in found if not kind.owner)
    for part, owner, docs in attached:
        loaded.update(dict.fromkeys(parts.attach(account, part, owner, docs)))
    return list(loaded)


def _in_order(found: dict[tuple[Kind, str], Doc]) -> list[tuple[Kind, str]]:
    """Return what was found in the order in which it was made, by dates and places in listings."""
    listed = {key: -place if key[0].latest_first else place for place, key in enumerate(found)}
    return sorted(found, key=lambda key: (date_of(found[key], key[0].dated_by), listed[key]))


def _store(account: Account, kind: Kind, resource_id: str, doc: Doc) -> None:
    collection = account.collection(kind.collection)
    stored = copy_doc(doc)
    arn = ""
    if kind.arn_member:
        default_arn = account.settings.arn(collection.resource_type, resource_id)
        arn = stored.get(kind.arn_member, default_arn)
    made_up: Doc = {
        name: account.stamp() if default is None else default
        for name, default in kind.defaults.items()
        if name not in stored
    }
    stored.update(made_up)
    state = copy_doc(dict(kind.state))
    state["made_up"] = copy_doc(hidden(kind.shape, made_up))
    present = collection.get(resource_id)
    if present is not None:
        # What hangs on it, such as the steps of a plan, is loaded by itself.
        state.update({key: present.state[key] for key in kind.state if key in present.state})
        collection.remove(resource_id)
    for name, key, shape in kind.in_state:
        if name in stored:
            state[key] = stored.pop(name)
            require_list(shape, state[key])
    if kind.complete is not None:
        kind.complete(account, stored, state)
    collection.add(resource_id, stored, arn=arn, state=state)


def _walk(value: object, around: Doc) -> Iterator[tuple[Kind | Part, str, list[Doc]]]:
    """Find resources and parts; `around` holds the members of the objects they stand in."""
    if isinstance(value, list):
        items = cast("list[object]", value)
        yield from _parts(items, around)
        for item in items:
            yield from _walk(item, around)
    elif isinstance(value, dict):
        doc = cast("Doc", value)
        kind = next((kind for kind in KINDS if kind.recognises(doc)), None)
        if kind is not None:
            yield kind, "", [_bare(doc)]
            return
        around = {**around, **{k: v for k, v in doc.items() if isinstance(v, str)}}
        for item in doc.values():
            # A part that stands alone, as Get answers have it.
            yield from _parts([item], around)
            yield from _walk(item, around)


def _parts(items: list[object], around: Doc) -> Iterator[tuple[Part, str, list[Doc]]]:
    grouped: dict[tuple[Part, str], list[Doc]] = {}
    for item in items:
        if isinstance(item, dict):
            doc = cast("Doc", item)
            part = parts.part_of(doc)
            if part is not None:
                owner = str(doc.get(part.owner) or around.get(part.owner, ""))
                grouped.setdefault((part, owner), []).append(_bare(doc))
    for (part, owner), docs in grouped.items():
        yield part, owner, docs


def _bare(doc: Doc) -> Doc:
    """Leave out the member that boto3 adds to answers, bare resources among them."""
    return {name: value for name, value in doc.items() if name != "ResponseMetadata"}
