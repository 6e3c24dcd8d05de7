"""Compares our schema with upstream's, declaration by declaration."""

import dataclasses
from typing import Dict, List, Tuple

from descriptors import Field, Message, Schema

Peers = Dict[str, Schema]


def _described(field: Field, is_enum: bool) -> str:
    if is_enum:
        return f"{field.name} = {field.number}"
    label = "repeated " if field.repeated else ""
    oneof = f" in oneof {field.oneof}" if field.oneof else ""
    return f"{label}{field.type} {field.name} = {field.number}{oneof}"


def _compare_field(path: str, ours: Field, messages: Dict[str, Message]) -> List[str]:
    differences, found = [], False
    for peer, message in messages.items():
        # Whatever upstream gives the same name or number must be this very field.
        claims = [f for f in message.fields if ours.name == f.name or ours.number == f.number]
        found = found or bool(claims)
        wanted = _described(ours, message.is_enum)
        for claim in claims:
            theirs = _described(claim, message.is_enum)
            if theirs != wanted:
                differences.append(f"{path}: ours is `{wanted}`, {peer} has `{theirs}`")
    if not found:
        differences.append(f"{path}: not in {' or '.join(messages)}")
    return differences


def _compare_message(ours: Message, peers: Peers) -> List[str]:
    messages = {name: peer.messages[ours.name] for name, peer in peers.items()
                if ours.name in peer.messages}
    if not messages:
        return [f"{ours.name}: not in {' or '.join(peers)}"]
    differences = []
    for peer, theirs in messages.items():
        for what in ("file", "is_enum", "is_map_entry"):
            if getattr(theirs, what) != getattr(ours, what):
                differences.append(f"{ours.name}: {what} is {getattr(ours, what)}, "
                                   f"{peer} has {getattr(theirs, what)}")
    for field in ours.fields:
        differences += _compare_field(f"{ours.name}.{field.name}", field, messages)
    return differences


def compare(ours: Schema, peers: Peers) -> List[str]:
    """Every way in which `ours` differs from what the peers hold; holding less is no difference."""
    differences = []
    for message in ours.messages.values():
        differences += _compare_message(message, peers)
    for method in ours.methods.values():
        found = {name: peer.methods[method.name] for name, peer in peers.items()
                 if method.name in peer.methods}
        if not found:
            differences.append(f"{method.name}: not in {' or '.join(peers)}")
        for peer, theirs in found.items():
            for what in ("input", "output", "client_streams", "server_streams"):
                if getattr(theirs, what) != getattr(method, what):
                    differences.append(f"{method.name}: {what} is {getattr(method, what)}, "
                                       f"{peer} has {getattr(theirs, what)}")
    return differences


def split_by_age(ours: Schema, older: Schema) -> Tuple[Schema, List[str]]:
    """The part of `ours` that the older peer knows, and a line for each declaration it does not."""
    known, newer = Schema(files=ours.files, methods=ours.methods), []
    for message in ours.messages.values():
        theirs = older.messages.get(message.name)
        theirs_or_none = theirs.fields if theirs else []
        taken = {key for field in theirs_or_none for key in (field.name, field.number)}
        kept = [field for field in message.fields if field.name in taken or field.number in taken]
        newer += [f"{message.name}: {_described(field, message.is_enum)}"
                  for field in message.fields if field not in kept]
        if theirs:
            known.messages[message.name] = dataclasses.replace(message, fields=kept)
        elif not message.fields:
            newer.append(f"{message.name}: no fields")
    return known, sorted(newer)


def uncommented(schema: Schema) -> List[str]:
    """Messages, enums, fields and methods without a comment. Enum values need none."""
    missing = []
    for message in schema.messages.values():
        if message.is_map_entry:
            continue
        if not message.comment:
            missing.append(f"{message.name}: no comment")
        if not message.is_enum:
            missing += [f"{message.name}.{field.name}: no comment"
                        for field in message.fields if not field.comment]
    missing += [f"{method.name}: no comment"
                for method in schema.methods.values() if not method.comment]
    return missing
