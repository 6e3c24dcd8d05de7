#include "source/control/options.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "source/config/loading/near_names.h"

namespace outrigger::control {

const char kHelp[] = R"(outrigger-control: serves a directory of xDS resources to proxies over ADS

usage: outrigger-control --dir DIRECTORY [--listen ADDRESS] [--log-level LEVEL]
                         [--tls-cert FILE --tls-key FILE [--tls-client-ca FILE]]
       outrigger-control --dir DIRECTORY --check

  --dir DIRECTORY      the resources: every *.yaml, *.yml and *.json file in it. Changes are served
                       within a moment of saving. A file with an error is reported with its line,
                       and what it held before stays in service; other files are not affected
  --listen ADDRESS     IP:PORT, [IPV6]:PORT or unix:PATH; port 0 takes a free one and prints it
                       (default: 127.0.0.1:18000)
  --tls-cert FILE      serve over TLS with this certificate (PEM, the leaf first). The files are
                       read again within a second of a change: new connections use what they hold
  --tls-key FILE       its private key (PEM)
  --tls-client-ca FILE only proxies with a certificate of these authorities may connect
  --check              say all that is wrong in the directory, also names that one resource mentions
                       and no other has, and exit: 0 if nothing is wrong, else 1
  --log-level LEVEL    error, warning, info or debug (default: info)
  --version            show the version and exit
  --help               show this text and exit

A file holds a list of resources, or one resource to a YAML document:

  resources:
  - "@type": type.googleapis.com/envoy.config.cluster.v3.Cluster
    name: web
    type: EDS
    connect_timeout: 1s
    eds_cluster_config: {eds_config: {ads: {}, resource_api_version: V3}}
  - "@type": type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment
    cluster_name: web
    endpoints:
    - lb_endpoints:
      - endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: 8080}}}

Try it: check the directory, then serve it and watch what the proxies answer.

  outrigger-control --dir examples/first-light --check
  outrigger-control --dir examples/first-light

Over mutual TLS, with throwaway certificates:

  tools/certs --help

Each event is one line on standard output, made for grep:

  time=... level=info event=ack type=cds version=4f0c... node=web-1
  time=... level=warning event=nack type=rds version=91ab... node=web-1 code=3 error="..."

SIGTERM and SIGINT end all streams and exit with 0.
)";

namespace {

absl::Status Apply(const std::string& flag, const std::string& value, Options& options) {
  if (value.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(flag, ": needs a value; see --help"));
  }
  if (flag == "--dir") options.directory = value;
  if (flag == "--listen") options.listen.address = value;
  if (flag == "--tls-cert") options.listen.tls_certificate = value;
  if (flag == "--tls-key") options.listen.tls_key = value;
  if (flag == "--tls-client-ca") options.listen.tls_client_authorities = value;
  if (flag == "--log-level") {
    const std::optional<LogLevel> level = ParseLogLevel(value);
    if (!level) {
      return absl::InvalidArgumentError(absl::StrCat(flag, ": unknown level \"", value,
                                                     "\"; known: error, warning, info, debug"));
    }
    options.log_level = *level;
  }
  return absl::OkStatus();
}

bool TakesValue(const std::string& flag) {
  return flag == "--dir" || flag == "--listen" || flag == "--log-level" || flag == "--tls-cert" ||
         flag == "--tls-key" || flag == "--tls-client-ca";
}

absl::Status CheckTls(const ListenOptions& listen) {
  if (listen.tls_certificate.empty() != listen.tls_key.empty()) {
    return absl::InvalidArgumentError(listen.tls_key.empty()
                                          ? "--tls-cert: needs --tls-key beside it"
                                          : "--tls-key: needs --tls-cert beside it");
  }
  if (!listen.tls_client_authorities.empty() && !listen.uses_tls()) {
    return absl::InvalidArgumentError("--tls-client-ca: needs --tls-cert and --tls-key beside it");
  }
  return absl::OkStatus();
}

absl::Status Unknown(const std::string& flag) {
  const std::string suggestion =
      loading::DidYouMean(flag, {"--dir", "--listen", "--check", "--log-level", "--tls-cert",
                                 "--tls-key", "--tls-client-ca", "--version", "--help"});
  return absl::InvalidArgumentError(
      absl::StrCat("unknown argument \"", flag, "\"",
                   suggestion.empty() ? "; --help shows what there is" : suggestion));
}

}  // namespace

absl::StatusOr<Options> ParseOptions(const std::vector<std::string>& arguments) {
  Options options;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const size_t equals = arguments[i].find('=');
    const std::string flag = arguments[i].substr(0, equals);
    if (TakesValue(flag)) {
      std::string value;
      if (equals != flag.npos) {
        value = arguments[i].substr(equals + 1);
      } else if (i + 1 < arguments.size()) {
        value = arguments[++i];
      }
      if (absl::Status status = Apply(flag, value, options); !status.ok()) return status;
    } else if (arguments[i] == "--check") {
      options.mode = Options::Mode::kCheck;
    } else if (arguments[i] == "--version") {
      options.mode = Options::Mode::kShowVersion;
      return options;
    } else if (arguments[i] == "--help" || arguments[i] == "-h") {
      options.mode = Options::Mode::kShowHelp;
      return options;
    } else {
      return Unknown(flag);
    }
  }
  if (options.directory.empty()) {
    return absl::InvalidArgumentError("--dir: must name the directory to serve; see --help");
  }
  if (absl::Status status = CheckTls(options.listen); !status.ok()) return status;
  return options;
}

}  // namespace outrigger::control
