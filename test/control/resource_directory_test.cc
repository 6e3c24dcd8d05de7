#include "source/control/resource_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "source/control/directory_check.h"
#include "source/control/resource_file.h"
#include "test/control/temporary_directory.h"

namespace outrigger::control {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr char kRoutesYaml[] = R"(
resources:
- "@type": type.googleapis.com/envoy.config.route.v3.RouteConfiguration
  name: main
  virtual_hosts:
  - name: all
    domains: ["*"]
    routes:
    - match: {prefix: /a}
      route: {cluster: web}
    - match: {prefix: /}
      route: {weighted_clusters: {clusters: [{name: blue, weight: 1}, {name: green, weight: 1}]}}
)";

constexpr char kListenerYaml[] = R"(
"@type": type.googleapis.com/envoy.config.listener.v3.Listener
name: in
filter_chains:
- filters:
  - name: hcm
    typed_config:
      "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
      rds: {route_config_name: main}
)";

std::vector<std::string> Names(const Snapshot& snapshot, std::string_view type) {
  std::vector<std::string> names;
  for (const auto& [name, resource] : snapshot.Of(type).by_name) names.push_back(name);
  return names;
}

std::string ErrorOf(const std::string& text) {
  const auto resources = ReadResources(text, "f.yaml");
  return resources.ok() ? "no error" : std::string(resources.status().message());
}

TEST(ResourceFile, ReadsAListOrOneResourceToADocument) {
  EXPECT_EQ(ReadResources(kRoutesYaml, "f")->size(), 1);
  EXPECT_EQ(ReadResources(ClusterYaml("a") + "---\n" + ClusterYaml("b") + "---\n", "f")->size(), 2);
  EXPECT_EQ(ReadResources("# nothing\n", "f")->size(), 0);
  EXPECT_EQ(ReadResources("resources: []", "f")->size(), 0);
}

TEST(ResourceFile, FindsWhatAResourceNames) {
  const auto resources = ReadResources(std::string(kRoutesYaml) + "---" + kListenerYaml, "f");
  std::vector<std::string> found;
  for (const ResourcePtr& resource : *resources) {
    for (const Reference& reference : resource->references) {
      found.push_back(reference.name + " at " + reference.path);
    }
  }
  EXPECT_THAT(
      found,
      ElementsAre("web at virtual_hosts[0].routes[0].route.cluster",
                  "blue at virtual_hosts[0].routes[1].route.weighted_clusters.clusters[0].name",
                  "green at virtual_hosts[0].routes[1].route.weighted_clusters.clusters[1].name",
                  "main at filter_chains[0].filters[0].typed_config.rds.route_config_name"));
}

TEST(ResourceFile, GivesEqualContentOneVersion) {
  const auto one = ReadResources(ClusterYaml("a", "1s"), "f");
  const auto two = ReadResources("# moved\n\n" + ClusterYaml("a", "1.0s"), "g");
  const auto other = ReadResources(ClusterYaml("a", "2s"), "f");
  EXPECT_EQ(one->front()->version, two->front()->version);
  EXPECT_NE(one->front()->version, other->front()->version);
}

TEST(ResourceFile, RefusesWhatIsNotAResource) {
  EXPECT_EQ(ErrorOf("resources: 1"), "f.yaml:1:12: resources: must be a list, got 1");
  EXPECT_THAT(ErrorOf("version_info: 1\nresources: []"),
              HasSubstr("f.yaml:1:1: unknown field \"version_info\" beside \"resources\""));
  EXPECT_THAT(ErrorOf("name: a"), HasSubstr("f.yaml:1:1: must be a map with \"@type\""));
  EXPECT_THAT(ErrorOf("\"@type\": x/envoy.config.core.v3.Node"),
              HasSubstr("@type: envoy.config.core.v3.Node is not a resource"));
  EXPECT_EQ(ErrorOf("\"@type\": x/envoy.config.cluster.v3.Cluster"),
            "f.yaml:1:1: name: must be set, a resource is known by it");
}

TEST(ResourceFile, TellsAllErrorsOfAFile) {
  EXPECT_EQ(ErrorOf(ClusterYaml("a", "x") + "---\n" + ClusterYaml("b", "y")),
            "f.yaml:3:18: connect_timeout: must be a duration in seconds such as \"1.5s\", got "
            "\"x\"\nf.yaml:7:18: connect_timeout: must be a duration in seconds such as \"1.5s\", "
            "got \"y\"");
}

TEST(ResourceDirectory, ServesTheResourcesOfAllFiles) {
  TemporaryDirectory files;
  files.Write("a.yaml", ClusterYaml("a"));
  files.Write("b.json", R"({"resources": []})");
  files.Write("c.yml", ClusterYaml("c"));
  files.Write("d.txt", "not a resource");
  files.Write(".e.yaml", "not a resource");
  ResourceDirectory directory(files.path());
  const auto outcomes = directory.Read({.everything = true});
  ASSERT_TRUE(outcomes.ok()) << outcomes.status();
  EXPECT_EQ(outcomes->size(), 3);
  EXPECT_THAT(Names(*directory.snapshot(), kCluster), ElementsAre("a", "c"));
}

TEST(ResourceDirectory, KeepsTheLastGoodContentOfABadFileAndAppliesTheOthers) {
  TemporaryDirectory files;
  files.Write("a.yaml", ClusterYaml("a"));
  files.Write("b.yaml", ClusterYaml("b"));
  ResourceDirectory directory(files.path());
  ASSERT_TRUE(directory.Read({.everything = true}).ok());
  files.Write("a.yaml", ClusterYaml("a2", "soon"));
  files.Write("b.yaml", ClusterYaml("b2"));
  const auto outcomes = directory.Read({.everything = true});
  ASSERT_EQ(outcomes->size(), 2);
  EXPECT_TRUE(outcomes->front().kept_last);
  EXPECT_THAT(outcomes->front().error, HasSubstr("a.yaml:3:18: connect_timeout: "));
  EXPECT_THAT(Names(*directory.snapshot(), kCluster), ElementsAre("a", "b2"));
}

TEST(ResourceDirectory, ReportsABadFileOnceUntilItChanges) {
  TemporaryDirectory files;
  files.Write("a.yaml", "nonsense");
  ResourceDirectory directory(files.path());
  EXPECT_EQ(directory.Read({.everything = true})->size(), 1);
  EXPECT_EQ(directory.Read({.everything = true})->size(), 0);
  files.Write("a.yaml", "other nonsense");
  EXPECT_EQ(directory.Read({.everything = true})->size(), 1);
}

TEST(ResourceDirectory, LooksOnlyAtWhatMayHaveChanged) {
  TemporaryDirectory files;
  files.Write("a.yaml", ClusterYaml("a"));
  files.Write("b.yaml", ClusterYaml("b"));
  ResourceDirectory directory(files.path());
  ASSERT_TRUE(directory.Read({.everything = true}).ok());
  files.Write("a.yaml", "half wri");
  files.Write("b.yaml", ClusterYaml("b2"));
  const auto outcomes = directory.Read({.files = {"b.yaml"}});
  ASSERT_EQ(outcomes->size(), 1);
  EXPECT_EQ(outcomes->front().file, "b.yaml");
}

TEST(ResourceDirectory, DropsTheResourcesOfADeletedFile) {
  TemporaryDirectory files;
  files.Write("a.yaml", ClusterYaml("a"));
  ResourceDirectory directory(files.path());
  ASSERT_TRUE(directory.Read({.everything = true}).ok());
  files.Delete("a.yaml");
  const auto outcomes = directory.Read({.files = {"a.yaml"}});
  ASSERT_EQ(outcomes->size(), 1);
  EXPECT_TRUE(outcomes->front().is_removed);
  EXPECT_THAT(Names(*directory.snapshot(), kCluster), ElementsAre());
}

TEST(ResourceDirectory, KeepsEverythingWhenItCannotBeListed) {
  auto files = std::make_unique<TemporaryDirectory>();
  files->Write("a.yaml", ClusterYaml("a"));
  ResourceDirectory directory(files->path());
  ASSERT_TRUE(directory.Read({.everything = true}).ok());
  files.reset();
  EXPECT_THAT(std::string(directory.Read({.everything = true}).status().message()),
              HasSubstr("cannot be listed"));
  EXPECT_THAT(Names(*directory.snapshot(), kCluster), ElementsAre("a"));
}

TEST(ResourceDirectory, LeavesOutTheSecondOfTwoWithOneName) {
  TemporaryDirectory files;
  files.Write("a.yaml", ClusterYaml("same", "1s"));
  files.Write("b.yaml", ClusterYaml("same", "2s"));
  ResourceDirectory directory(files.path());
  ASSERT_TRUE(directory.Read({.everything = true}).ok());
  EXPECT_EQ(directory.snapshot()->Of(kCluster).by_name.at("same")->file, files / "a.yaml");
  EXPECT_THAT(directory.duplicates(),
              ElementsAre(files / "b.yaml:1:1: \"same\" is defined twice, first at " +
                          files.path() + "/a.yaml:1; remove one"));
}

TEST(DirectoryCheck, FindsNamesThatNoOtherResourceHas) {
  TemporaryDirectory files;
  files.Write("listener.yaml", kListenerYaml);
  files.Write("web.yaml", ClusterYaml("web") + "type: EDS\n");
  const CheckReport missing = CheckDirectory(files.path());
  EXPECT_THAT(missing.errors,
              ElementsAre(HasSubstr("no ClusterLoadAssignment \"web\" in the directory"),
                          HasSubstr("rds.route_config_name: no RouteConfiguration \"main\"")));
  files.Write("web.yaml", ClusterYaml("web"));
  files.Write("routes.yaml", kRoutesYaml);
  const CheckReport fine = CheckDirectory(files.path());
  EXPECT_THAT(fine.errors, ElementsAre());
  EXPECT_THAT(fine.warnings,
              ElementsAre(HasSubstr("no Cluster \"blue\""), HasSubstr("no Cluster \"green\"")));
  EXPECT_THAT(fine.summary, HasSubstr("3 files, 3 resources, 0 errors, 2 warnings"));
}

TEST(DirectoryCheck, SaysWhatIsWrongWithEveryFile) {
  TemporaryDirectory files;
  files.Write("a.yaml", "nonsense");
  files.Write("b.yaml", ClusterYaml("b", "x"));
  EXPECT_EQ(CheckDirectory(files.path()).errors.size(), 2);
  EXPECT_EQ(CheckDirectory(files / "nowhere").errors.size(), 1);
}

}  // namespace
}  // namespace outrigger::control
