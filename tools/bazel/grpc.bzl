"""gRPC C++ stubs, for outrigger-control and for tests. The proxy itself has its own client."""

def _grpc_sources(ctx):
    outputs = {"h": [], "cc": []}
    sources = []
    info = ctx.attr.proto[ProtoInfo]
    for source in info.direct_sources:
        path = source.path
        root = info.proto_source_root
        if root != "." and path.startswith(root + "/"):
            path = path[len(root) + 1:]
        sources.append(path)
        for ext in outputs:
            outputs[ext].append(ctx.actions.declare_file(
                "%s/%s.grpc.pb.%s" % (ctx.label.name, path[:-len(".proto")], ext),
            ))

    args = ctx.actions.args()
    args.add_all(info.transitive_proto_path, format_each = "-I%s")
    args.add("--plugin=protoc-gen-grpc=" + ctx.executable._plugin.path)
    out = "%s/%s/%s" % (ctx.bin_dir.path, ctx.label.package, ctx.label.name)
    args.add("--grpc_out=" + out)
    args.add_all(sources)
    ctx.actions.run(
        executable = ctx.executable._protoc,
        arguments = [args],
        inputs = info.transitive_sources,
        tools = [ctx.executable._plugin],
        outputs = outputs["h"] + outputs["cc"],
        mnemonic = "GrpcCpp",
    )
    return [
        DefaultInfo(files = depset(outputs["h"] + outputs["cc"])),
        OutputGroupInfo(h = depset(outputs["h"]), cc = depset(outputs["cc"])),
    ]

_grpc_sources_rule = rule(
    implementation = _grpc_sources,
    attrs = {
        "proto": attr.label(mandatory = True, providers = [ProtoInfo]),
        "_plugin": attr.label(
            default = "@com_github_grpc_grpc//:grpc_cpp_plugin",
            allow_single_file = True,
            executable = True,
            cfg = "host",
        ),
        "_protoc": attr.label(
            default = "@com_google_protobuf//:protoc",
            executable = True,
            cfg = "host",
        ),
    },
)

def cc_grpc_library(name, proto, deps = [], visibility = ["//visibility:public"], **kwargs):
    """A cc_library with the gRPC classes of one proto_library.

    Args:
      name: of the cc_library.
      proto: the proto_library with the services.
      deps: its cc_proto_library (and those of other libraries its services mention).
      visibility: of the cc_library.
      **kwargs: for the cc_library.
    """
    generated = name + "_grpc_sources"
    _grpc_sources_rule(name = generated, proto = proto)
    for group in ["h", "cc"]:
        native.filegroup(name = generated + "_" + group, srcs = [generated], output_group = group)
    native.cc_library(
        name = name,
        srcs = [generated + "_cc"],
        hdrs = [generated + "_h"],
        includes = [generated],
        copts = ["-w"],
        deps = deps + ["@com_github_grpc_grpc//:grpc++"],
        visibility = visibility,
        **kwargs
    )
