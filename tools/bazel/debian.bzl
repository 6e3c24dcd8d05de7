"""One repository rule that wraps what a Debian -dev package installed.

Headers live in /usr/include, which the compiler searches anyway; archives are linked into the
repository, so that an upgraded package relinks what uses it.
"""

_LIB = "/usr/lib/x86_64-linux-gnu"

def _matches(ctx, pattern):
    prefix, _, suffix = pattern.partition("*")
    names = sorted([p.basename for p in ctx.path(_LIB).readdir()]) if "*" in pattern else [pattern]
    found = [
        name
        for name in names
        if name.startswith(prefix) and name.endswith(suffix) and ctx.path(_LIB + "/" + name).exists
    ]
    if not found:
        fail("%s: %s/%s is not installed; run tools/setup" % (ctx.name, _LIB, pattern))
    return found

def _debian_repository(ctx):
    archives = []
    for pattern in ctx.attr.archives:
        archives += _matches(ctx, pattern)
    for archive in archives:
        ctx.symlink(_LIB + "/" + archive, "lib/" + archive)
    for source, link in ctx.attr.symlinks.items():
        if not ctx.path(source).exists:
            fail("%s: %s is not installed; run tools/setup" % (ctx.name, source))
        ctx.symlink(source, link)

    library = """package(default_visibility = ["//visibility:public"])

exports_files(glob(["**"]))

cc_library(
    name = "installed",
    srcs = %s,
    hdrs = glob(["include/**/*.h"]),
    defines = %s,
    includes = %s,
    linkopts = %s,
    deps = %s,
)
""" % (
        ["lib/" + a for a in archives],
        ctx.attr.defines,
        ctx.attr.includes,
        ctx.attr.linkopts + ["-pthread"],
        ctx.attr.deps,
    )
    builds = {"": library + ctx.attr.build}
    for package, names in ctx.attr.targets.items():
        text = builds.get(package, 'package(default_visibility = ["//visibility:public"])\n')
        for name in names:
            text += '\nalias(name = "%s", actual = "//:installed")\n' % name
        builds[package] = text
    for package, text in builds.items():
        ctx.file((package + "/" if package else "") + "BUILD.bazel", text)

debian_repository = repository_rule(
    implementation = _debian_repository,
    doc = "A library of the system: each of its targets is an alias of one cc_library.",
    local = True,
    attrs = {
        "archives": attr.string_list(doc = "Static libraries in link order; one may be a pattern."),
        "build": attr.string(doc = "More text for the root BUILD file."),
        "defines": attr.string_list(),
        "deps": attr.string_list(),
        "includes": attr.string_list(),
        "linkopts": attr.string_list(),
        "symlinks": attr.string_dict(doc = "Path on the system -> path in the repository."),
        "targets": attr.string_list_dict(doc = "Package -> names of its targets."),
    },
)
