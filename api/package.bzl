"""One package of .proto files."""

def api_package(deps = []):
    """Declares :pkg and :pkg_cc_proto for the .proto files of this folder.

    Imports and C++ includes start below api/: "envoy/config/core/v3/base.proto" and ".pb.h".

    Args:
      deps: the proto_library targets that the files import.
    """
    native.proto_library(
        name = "pkg",
        srcs = native.glob(["*.proto"]),
        strip_import_prefix = "/api",
        visibility = ["//visibility:public"],
        deps = deps,
    )
    native.cc_proto_library(
        name = "pkg_cc_proto",
        visibility = ["//visibility:public"],
        deps = [":pkg"],
    )
