"""Reads protobuf schemas: a FileDescriptorSet from protoc, or the descriptors inside Go packages.

A reader of the wire format of descriptor.proto, so that the schema test needs protoc and a plain
python3 and no protobuf runtime. Field numbers below are those of google/protobuf/descriptor.proto.
"""

import dataclasses
import pathlib
import re
from typing import Dict, Iterable, Iterator, List, Optional, Tuple

TYPE_NAMES = {
    1: "double", 2: "float", 3: "int64", 4: "uint64", 5: "int32", 6: "fixed64", 7: "fixed32",
    8: "bool", 9: "string", 10: "group", 11: "message", 12: "bytes", 13: "uint32", 14: "enum",
    15: "sfixed32", 16: "sfixed64", 17: "sint32", 18: "sint64",
}
REPEATED = 3


@dataclasses.dataclass
class Field:
    """One field of a message, or one value of an enum: that has only name, number and comment."""
    name: str = ""
    number: int = 0
    type: str = ""  # A scalar's name, or the full name of a message or enum, no leading dot.
    repeated: bool = False
    oneof: Optional[str] = None
    comment: str = ""


@dataclasses.dataclass
class Message:
    name: str                 # Full name, no leading dot.
    file: str
    fields: List[Field]
    comment: str = ""
    is_enum: bool = False
    is_map_entry: bool = False


@dataclasses.dataclass
class Method:
    name: str                 # Full name: package.Service.Method.
    file: str
    input: str
    output: str
    client_streams: bool
    server_streams: bool
    comment: str = ""


@dataclasses.dataclass
class Schema:
    messages: Dict[str, Message] = dataclasses.field(default_factory=dict)
    methods: Dict[str, Method] = dataclasses.field(default_factory=dict)
    files: List[str] = dataclasses.field(default_factory=list)


def _varint(data: bytes, at: int) -> Tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def wire_fields(data: bytes) -> Iterator[Tuple[int, object]]:
    """Every (number, value) of one message; value is an int or bytes."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        kind = tag & 7
        if kind == 0:
            value, at = _varint(data, at)
        elif kind == 2:
            size, at = _varint(data, at)
            value, at = data[at:at + size], at + size
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
            value, at = data[at:at + size], at + size
        else:
            raise ValueError(f"wire type {kind} in a descriptor")
        yield tag >> 3, value


def _group(data: bytes) -> Dict[int, list]:
    grouped: Dict[int, list] = {}
    for number, value in wire_fields(data):
        grouped.setdefault(number, []).append(value)
    return grouped


def _text(grouped: Dict[int, list], number: int) -> str:
    return grouped[number][-1].decode() if number in grouped else ""


def _number(grouped: Dict[int, list], number: int) -> int:
    return grouped[number][-1] if number in grouped else 0


def _comments(source_info: bytes) -> Dict[Tuple[int, ...], str]:
    """Path of a declaration -> its leading and trailing comments joined."""
    comments = {}
    for number, location in wire_fields(source_info):
        if number != 1:
            continue
        grouped = _group(location)
        path, packed, at = [], b"".join(grouped.get(1, [])), 0
        while at < len(packed):
            step, at = _varint(packed, at)
            path.append(step)
        text = (_text(grouped, 3) + _text(grouped, 4)).strip()
        if text:
            comments[tuple(path)] = text
    return comments


class _FileReader:
    """Adds the declarations of one FileDescriptorProto to a Schema."""

    def __init__(self, schema: Schema, data: bytes):
        grouped = _group(data)
        self._schema = schema
        self._file = _text(grouped, 1)
        self._comments = _comments(grouped[9][-1]) if 9 in grouped else {}
        package = _text(grouped, 2)
        schema.files.append(self._file)
        for index, message in enumerate(grouped.get(4, [])):
            self._message(message, package, (4, index))
        for index, enum in enumerate(grouped.get(5, [])):
            self._enum(enum, package, (5, index))
        for index, service in enumerate(grouped.get(6, [])):
            self._service(service, package, (6, index))

    def _comment(self, path: Tuple[int, ...]) -> str:
        return self._comments.get(path, "")

    def _message(self, data: bytes, scope: str, path: Tuple[int, ...]) -> None:
        grouped = _group(data)
        name = f"{scope}.{_text(grouped, 1)}"
        oneofs = [_text(_group(oneof), 1) for oneof in grouped.get(8, [])]
        options = _group(grouped[7][-1]) if 7 in grouped else {}
        message = Message(name, self._file, [], self._comment(path),
                          is_map_entry=bool(_number(options, 7)))
        self._schema.messages[name] = message
        for index, field in enumerate(grouped.get(2, [])):
            message.fields.append(self._field(field, oneofs, path + (2, index)))
        for index, nested in enumerate(grouped.get(3, [])):
            self._message(nested, name, path + (3, index))
        for index, enum in enumerate(grouped.get(4, [])):
            self._enum(enum, name, path + (4, index))

    def _field(self, data: bytes, oneofs: List[str], path: Tuple[int, ...]) -> Field:
        grouped = _group(data)
        type_name = _text(grouped, 6).lstrip(".")
        return Field(
            name=_text(grouped, 1), number=_number(grouped, 3),
            type=type_name or TYPE_NAMES[_number(grouped, 5)],
            repeated=_number(grouped, 4) == REPEATED,
            oneof=oneofs[_number(grouped, 9)] if 9 in grouped else None,
            comment=self._comment(path))

    def _enum(self, data: bytes, scope: str, path: Tuple[int, ...]) -> None:
        grouped = _group(data)
        enum = Message(f"{scope}.{_text(grouped, 1)}", self._file, [], self._comment(path),
                       is_enum=True)
        self._schema.messages[enum.name] = enum
        for index, value in enumerate(grouped.get(2, [])):
            entry = _group(value)
            enum.fields.append(Field(_text(entry, 1), _number(entry, 2),
                                     comment=self._comment(path + (2, index))))

    def _service(self, data: bytes, package: str, path: Tuple[int, ...]) -> None:
        grouped = _group(data)
        service = f"{package}.{_text(grouped, 1)}"
        for index, method in enumerate(grouped.get(2, [])):
            entry = _group(method)
            name = f"{service}.{_text(entry, 1)}"
            self._schema.methods[name] = Method(
                name, self._file, _text(entry, 2).lstrip("."), _text(entry, 3).lstrip("."),
                bool(_number(entry, 5)), bool(_number(entry, 6)), self._comment(path + (2, index)))


def read_descriptor_set(data: bytes) -> Schema:
    """The schema of a serialized FileDescriptorSet, as `protoc --descriptor_set_out` writes it."""
    schema = Schema()
    for number, value in wire_fields(data):
        if number == 1:
            _FileReader(schema, value)
    return schema


_GO_DESCRIPTOR = re.compile(r'^const file_\w+_rawDesc = "" \+\n((?:\t".*"(?: \+)?\n)+)', re.M)
_GO_LITERAL = re.compile(r'^\t"(.*)"(?: \+)?$', re.M)
_GO_ESCAPE = re.compile(
    r'\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8})|([abfnrtv\\"])|([0-7]{3}))')
_GO_SIMPLE = {"a": 7, "b": 8, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11, "\\": 92, '"': 34}


def _go_bytes(literal: str) -> bytes:
    out, at = bytearray(), 0
    for escape in _GO_ESCAPE.finditer(literal):
        out += literal[at:escape.start()].encode()
        at = escape.end()
        hexadecimal, short, long, simple, octal = escape.groups()
        if hexadecimal:
            out.append(int(hexadecimal, 16))
        elif short or long:
            out += chr(int(short or long, 16)).encode()
        elif simple:
            out.append(_GO_SIMPLE[simple])
        else:
            out.append(int(octal, 8))
    return bytes(out + literal[at:].encode())


def read_go_module(directory: pathlib.Path, files: Iterable[str]) -> Schema:
    """The schema of those of the .proto `files` that the Go module of xDS holds.

    Its folders are those of the .proto files below envoy/; protoc-gen-go 1.36 or newer made it.
    """
    schema = Schema()
    for file in files:
        path = directory / (file.split("/", 1)[1][:-len(".proto")] + ".pb.go")
        if not file.startswith("envoy/") or not path.exists():
            continue
        descriptor = _GO_DESCRIPTOR.search(path.read_text())
        if descriptor is None:
            raise ValueError(f"{path}: holds no descriptor in the form of protoc-gen-go 1.36")
        literals = _GO_LITERAL.findall(descriptor.group(1))
        _FileReader(schema, b"".join(_go_bytes(literal) for literal in literals))
    return schema
