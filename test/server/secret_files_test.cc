#include "source/server/secret_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test/server/secret_world.h"

namespace outrigger::server {
namespace {

using net::tls::SecretNeed;
using test::CertificateNeed;
using test::Folder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::string Response(const std::string& version, const std::string& content) {
  return "version_info: " + version +
         "\n"
         "resources:\n"
         "- \"@type\": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret\n"
         "  name: default\n"
         "  tls_certificate: { certificate_chain: { inline_string: \"" +
         content + "\" } }\n";
}

class FilesWorld : public test::SecretWorld {
 public:
  FilesWorld() {
    on_interest = [this](const SecretNeed& need, bool wanted) {
      wanted ? files.Watch(need) : files.Unwatch(need);
    };
  }
  ~FilesWorld() { uses.clear(); }
  static SecretNeed Need(const std::string& path, const std::string& watched = "",
                         int timeout_ms = 15000) {
    SecretNeed need = CertificateNeed("default", timeout_ms);
    need.source = {
        .kind = net::tls::SecretSource::Kind::kFile, .path = path, .watched_directory = watched};
    return need;
  }
  xds::ResourceDescription Described() const { return files.Describe().at(0).secrets.at(0); }

  SecretFiles files{loop, compile_thread, watcher, store, intake};
};

TEST(SecretFiles, ReadsADiscoveryResponse) {
  const Folder folder("sds_response");
  FilesWorld world;
  world.Want(FilesWorld::Need(folder.Put("sds.yaml", Response("v1", "1"))));
  ASSERT_TRUE(world.Builds("default:1"));
  EXPECT_EQ(world.Stat("sds.default.update_success"), 1u);
  EXPECT_EQ(world.Described().version, "v1");
  EXPECT_EQ(world.Described().status, xds::ClientStatus::kAcked);
}

TEST(SecretFiles, ReadsABareSecretInJson) {
  const Folder folder("sds_bare");
  FilesWorld world;
  world.Want(FilesWorld::Need(folder.Put(
      "sds.json",
      R"({"name": "default", "tls_certificate": {"certificate_chain": {"inline_string": "5"}}})")));
  ASSERT_TRUE(world.Builds("default:5"));
  EXPECT_EQ(world.Described().version, "1") << "the first that was read";
}

TEST(SecretFiles, FollowsAFileThatIsMovedIntoPlace) {
  const Folder folder("sds_moved");
  FilesWorld world;
  world.Want(FilesWorld::Need(folder.Put("sds.yaml", Response("v1", "1"))));
  ASSERT_TRUE(world.Builds("default:1"));
  folder.Put("sds.yaml", Response("v2", "2"));
  EXPECT_TRUE(world.Builds("default:2"));
  EXPECT_EQ(world.Described().version, "v2");
}

TEST(SecretFiles, FollowsAVolumeThatIsRenewed) {
  const Folder folder("sds_volume");
  folder.PutVolume("v1", "sds.yaml", Response("v1", "1"));
  FilesWorld world;
  world.Want(FilesWorld::Need(folder.path + "/sds.yaml"));
  ASSERT_TRUE(world.Builds("default:1"));
  folder.PutVolume("v2", "sds.yaml", Response("v2", "2"));
  EXPECT_TRUE(world.Builds("default:2"));
}

TEST(SecretFiles, FollowsTheDirectoryThatIsToBeWatched) {
  const Folder folder("sds_elsewhere"), watched("sds_watched");
  FilesWorld world;
  world.Want(FilesWorld::Need(folder.Put("sds.yaml", Response("v1", "1")), watched.path));
  ASSERT_TRUE(world.Builds("default:1"));
  folder.Put("sds.yaml", Response("v2", "2"));
  watched.Put("anything", "");
  EXPECT_TRUE(world.Builds("default:2"));
}

TEST(SecretFiles, FollowsTheFilesThatASecretNames) {
  const Folder folder("sds_named"), certificates("sds_named_certs");
  FilesWorld world;
  const std::string chain = certificates.Put("chain.pem", "1");
  const std::string bare =
      "name: default\ntls_certificate: { certificate_chain: { filename: " + chain + " } }\n";
  world.Want(FilesWorld::Need(folder.Put("sds.yaml", bare)));
  ASSERT_TRUE(world.Builds("default:1"));
  certificates.Put("chain.pem", "2");
  ASSERT_TRUE(world.Builds("default:2"));
  certificates.Put("chain.pem", "bad");
  ASSERT_TRUE(world.Turn([&] { return world.Stat("sds.default.update_rejected") == 1; }));
  certificates.Put("chain.pem", "3");
  EXPECT_TRUE(world.Builds("default:3"));
  EXPECT_THAT(world.plans.built(), ElementsAre("default:1", "default:2", "default:3"));
}

TEST(SecretFiles, KeepsTheLastGoodSecretWhenTheFileTurnsBad) {
  const Folder folder("sds_bad");
  FilesWorld world;
  world.Want(FilesWorld::Need(folder.Put("sds.yaml", Response("v1", "1"))));
  ASSERT_TRUE(world.Builds("default:1"));
  folder.Put("sds.yaml", "resources: [");
  ASSERT_TRUE(world.Turn([&] { return world.Stat("sds.default.update_failure") == 1; }));
  folder.Put("sds.yaml", Response("v2", "bad"));
  ASSERT_TRUE(world.Turn([&] { return world.Stat("sds.default.update_rejected") == 1; }));
  EXPECT_EQ(world.Described().status, xds::ClientStatus::kNacked);
  EXPECT_EQ(world.Described().version, "v1");
  EXPECT_THAT(world.Described().refused->details,
              HasSubstr("resources[0]: tls_certificate.certificate_chain: must be a number"));
  folder.Put("sds.yaml", "resources: []");
  ASSERT_TRUE(world.Turn([&] { return world.Stat("sds.default.update_rejected") == 2; }));
  EXPECT_THAT(world.Described().refused->details, HasSubstr("which has none that can be used"));
  folder.Put("sds.yaml", Response("v3", "3"));
  ASSERT_TRUE(world.Builds("default:3"));
  EXPECT_THAT(world.plans.built(), ElementsAre("default:1", "default:3"));
}

TEST(SecretFiles, WaitsForAFileThatIsNotThereYet) {
  const Folder folder("sds_late");
  FilesWorld world;
  world.Want(FilesWorld::Need(folder.path + "/sds.yaml", "", 1000));
  ASSERT_TRUE(world.Turn([&] { return world.Stat("sds.default.update_failure") == 1; }));
  world.clock.Advance(base::Milliseconds(1000));
  ASSERT_TRUE(world.Turn([&] { return world.ready == 1; }));
  EXPECT_EQ(world.Stat("sds.default.init_fetch_timeout"), 1u);
  EXPECT_EQ(world.Described().status, xds::ClientStatus::kTimeout);
  folder.Put("sds.yaml", Response("v1", "1"));
  EXPECT_TRUE(world.Builds("default:1"));
}

TEST(SecretFiles, ReadsNothingMoreForASecretThatNobodyWants) {
  const Folder folder("sds_unwanted");
  FilesWorld world;
  world.Want(FilesWorld::Need(folder.Put("sds.yaml", Response("v1", "1"))));
  ASSERT_TRUE(world.Builds("default:1"));
  world.uses.clear();
  EXPECT_THAT(world.files.Describe(), IsEmpty());
  world.Want(FilesWorld::Need(folder.path + "/sds.yaml"));
  world.uses.clear();  // while it is read
  folder.Put("sds.yaml", Response("v2", "2"));
  world.Want(FilesWorld::Need(folder.path + "/sds.yaml"));
  EXPECT_TRUE(world.Builds("default:2"));
}

TEST(SecretFile, ErrorsQuoteNothingOfTheFile) {
  const auto error = [](std::string_view text) {
    const auto read = ParseSecretFile(text, "sds.yaml", test::CompileNumber);
    EXPECT_FALSE(read.ok());
    return std::string(read.status().message());
  };
  for (const std::string_view text : {
           "name: default\ntls_certificate: { private_key: hunter2 }\n",
           "name: default\ntls_certificate: { private_key: \"hunter2 \\\"hunter2\\\"\" }\n",
           "name: default\ntls_certificate: { private_key: { inline_bytes: \"hunter2!\" } }\n",
           "name: default\ntls_certificate: { private_key: [hunter2] }\n",
           "resources: hunter2\n",
           "hunter2",
       }) {
    EXPECT_THAT(error(text), HasSubstr("sds.yaml:")) << text;
    EXPECT_THAT(error(text), Not(HasSubstr("hunter2"))) << text;
  }
}

TEST(SecretFile, RefusesWhatIsNotASecret) {
  const auto read =
      ParseSecretFile("resources:\n- \"@type\": type.googleapis.com/envoy.config.core.v3.Node\n",
                      "sds.yaml", test::CompileNumber);
  EXPECT_EQ(std::string(read.status().message()),
            "sds.yaml: resources[0]: must be a Secret, got "
            "type.googleapis.com/envoy.config.core.v3.Node");
}

}  // namespace
}  // namespace outrigger::server
