#!/usr/bin/env python3
"""Fails when api/ differs from upstream's xDS schema, or holds a declaration without a comment.

Upstream is what tools/fetch_upstream_schema put in .cache/upstream-schema: the .proto files of
@grpc/grpc-js-xds, and the descriptors in go-control-plane, which is newer. What only the latter has
is listed in newest_upstream.txt: a machine without Go compares with that list, one with Go checks
the list too; `schema_test.py --record` writes it.
"""

import pathlib
import shutil
import subprocess
import sys
from typing import List

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "test/api"))

from descriptors import Schema, read_descriptor_set, read_go_module  # noqa: E402
from schema_comparison import compare, mislabelled, split_by_age, uncommented  # noqa: E402

CACHE = ROOT / ".cache/upstream-schema"
NEWEST = ROOT / "test/api/newest_upstream.txt"
# Beside envoy/, the messages that xDS itself uses from elsewhere.
COMPARED = ("envoy/", "google/api/", "google/rpc/", "udpa/", "xds/")


def fail(sentence: str) -> None:
    print(f"schema_test: {sentence}")
    print("0 passed, 1 failed")
    sys.exit(1)


def parse(include: List[pathlib.Path], files: List[str]) -> Schema:
    """What protoc makes of `files`, each named below one of the `include` folders."""
    command = ["protoc", "--include_source_info", "--descriptor_set_out=/dev/stdout"]
    command += [f"-I{folder}" for folder in include] + ["-I/usr/include"] + files
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    if result.returncode != 0:
        fail("protoc: " + result.stderr.decode().strip())
    return read_descriptor_set(result.stdout)


def our_schema() -> Schema:
    api = ROOT / "api"
    return parse([api], sorted(str(path.relative_to(api)) for path in api.rglob("*.proto")))


def npm_schema(files: List[str]) -> Schema:
    deps = CACHE / "npm/package/deps"
    include = [deps / name for name in ("envoy-api", "xds", "googleapis", "protoc-gen-validate")]
    held = [file for file in files if any((folder / file).exists() for folder in include)]
    if not held:
        fail(f"{deps} holds none of our files; remove it and run tools/fetch_upstream_schema")
    return parse(include, held)


def newest_problems(newer: List[str], record: bool) -> List[str]:
    """Where what is newer than the npm package differs from the list of it."""
    if record:
        NEWEST.write_text("\n".join(newer) + "\n")
    listed = set(NEWEST.read_text().split("\n")) - {""}
    return [f"{line}: not in grpc-js-xds and not in {NEWEST.name}; compare it with Go and --record"
            for line in sorted(set(newer) - listed)] + [
        f"{line}: in {NEWEST.name}, but ours differs, or is gone" for line in
        sorted(listed - set(newer))]


def report(problems: List[str], schema: Schema) -> None:
    for problem in problems:
        print(problem)
    fields = sum(len(message.fields) for message in schema.messages.values())
    print(f"schema_test: {len(schema.files)} files, {len(schema.messages)} messages and enums, "
          f"{fields} fields and values, {len(schema.methods)} methods; {len(problems)} problems")
    print("0 passed, 1 failed" if problems else "1 passed, 0 failed")
    sys.exit(1 if problems else 0)


def main() -> None:
    if shutil.which("protoc") is None:
        fail("protoc is missing; tools/setup installs it (Debian package protobuf-compiler)")
    if not (CACHE / "npm/package").exists():
        fail(f"{CACHE} has no schema; run tools/fetch_upstream_schema, which says what it lacks")
    ours = our_schema()
    compared = Schema(
        {name: m for name, m in ours.messages.items() if m.file.startswith(COMPARED)},
        {name: m for name, m in ours.methods.items() if m.file.startswith(COMPARED)},
        [file for file in ours.files if file.startswith(COMPARED)])
    npm = npm_schema(compared.files)
    known, newer = split_by_age(compared, npm)
    has_go = (CACHE / "go").exists()
    if has_go:
        go = read_go_module(CACHE / "go", compared.files)
        problems = compare(compared, {"grpc-js-xds": npm, "go-control-plane": go})
    else:
        print("schema_test: missing peer: Go; what grpc-js-xds lacks is compared with "
              f"{NEWEST.name} alone")
        problems = compare(known, {"grpc-js-xds": npm})
    problems += newest_problems(newer, record=has_go and sys.argv[1:] == ["--record"])
    report(problems + uncommented(ours) + mislabelled(ours), compared)


if __name__ == "__main__":
    main()
