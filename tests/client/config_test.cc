#include "client/config.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

#include "client/internal/pem.h"
#include "object/base64.h"
#include "tests/client/certificates.h"

namespace xebec::client {
namespace {

using testing::Identity;
using testing::MakeIdentity;

// A folder of files that goes when the test ends.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "xebec-config-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string Write(const std::string& name, const std::string& text) const {
    const auto file = std::filesystem::path(path_) / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
    return file.string();
  }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

LoadOptions With(std::map<std::string, std::string> env) {
  LoadOptions options;
  options.getenv = [env = std::move(env)](const std::string& name) -> std::optional<std::string> {
    auto it = env.find(name);
    if (it == env.end()) return std::nullopt;
    return it->second;
  };
  options.service_account_dir = "/nonexistent";
  return options;
}

std::string FailureOf(const LoadOptions& options) {
  auto config = Config::Load(options);
  EXPECT_FALSE(config.ok());
  if (config.ok()) return "";
  EXPECT_TRUE(IsInvalidInput(config.error())) << config.error().reason;
  EXPECT_EQ(config.error().message.find('\n'), std::string::npos) << "one line is promised";
  return config.error().message;
}

std::string FailureOfText(const std::string& text, const std::string& context = "") {
  auto config = Config::FromKubeconfig(text, "the-file", context);
  EXPECT_FALSE(config.ok());
  if (config.ok()) return "";
  EXPECT_EQ(config.error().message.find('\n'), std::string::npos) << "one line is promised";
  return config.error().message;
}

void ExpectTells(const std::string& message, std::initializer_list<std::string_view> parts) {
  for (const std::string_view part : parts) {
    EXPECT_NE(message.find(part), std::string::npos)
        << "\"" << part << "\" is missing in: " << message;
  }
}

// The form that kind writes.
std::string KindConfig(const Identity& id, const std::string& server = "https://127.0.0.1:6443") {
  return fmt::format(R"(apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: {}
    server: {}
  name: kind-kind
contexts:
- context:
    cluster: kind-kind
    user: kind-kind
  name: kind-kind
current-context: kind-kind
kind: Config
preferences: {{}}
users:
- name: kind-kind
  user:
    client-certificate-data: {}
    client-key-data: {}
)",
                     object::EncodeBase64(id.cert_pem), server, object::EncodeBase64(id.cert_pem),
                     object::EncodeBase64(id.key_pem));
}

std::string TokenConfig(const std::string& name, const std::string& server,
                        const std::string& token) {
  return fmt::format(R"(kind: Config
clusters: [{{name: {0}, cluster: {{server: "{1}"}}}}]
users: [{{name: {0}, user: {{token: "{2}"}}}}]
contexts: [{{name: {0}, context: {{cluster: {0}, user: {0}, namespace: ns-{0}}}}}]
current-context: {0}
)",
                     name, server, token);
}

TEST(Config, ReadsTheFormThatKindWrites) {
  const Identity id = MakeIdentity("admin");
  auto config = Config::FromKubeconfig(KindConfig(id));
  ASSERT_TRUE(config.ok()) << config.error().message;
  EXPECT_EQ(config->host, "https://127.0.0.1:6443");
  EXPECT_EQ(config->tls.ca_pem, id.cert_pem);
  EXPECT_EQ(config->tls.cert_pem, id.cert_pem);
  EXPECT_EQ(config->tls.key_pem, id.key_pem);
  EXPECT_EQ(config->namespace_, "default");
}

TEST(Config, ReadsCertificateFilesRelativeToTheirKubeconfig) {
  const Identity id = MakeIdentity("admin");
  Folder folder;
  folder.Write("sub/pki/ca.crt", id.cert_pem);
  folder.Write("sub/pki/me.crt", id.cert_pem);
  folder.Write("sub/pki/me.key", id.key_pem);
  folder.Write("sub/pki/token", "s3cret\n");
  LoadOptions options = With({});
  options.kubeconfig = folder.Write("sub/config", R"(
clusters:
- name: c
  cluster: {server: "https://host:1234/prefix/", certificate-authority: pki/ca.crt,
            tls-server-name: other}
users:
- {name: u, user: {client-certificate: pki/me.crt, client-key: pki/me.key, tokenFile: ./pki/token}}
contexts:
- {name: x, context: {cluster: c, user: u, namespace: team}}
current-context: x
)");
  auto config = Config::Load(options);
  ASSERT_TRUE(config.ok()) << config.error().message;
  EXPECT_EQ(config->tls.ca_pem, id.cert_pem);
  EXPECT_EQ(config->tls.key_pem, id.key_pem);
  EXPECT_EQ(config->tls.server_name, "other");
  EXPECT_EQ(config->bearer_token, "s3cret");
  EXPECT_EQ(config->bearer_token_file, folder / "sub/pki/token");
  EXPECT_EQ(config->namespace_, "team");
}

TEST(Config, TheFirstFileOfTheListWinsAnEntryWholeAndMissingFilesAreSkipped) {
  Folder folder;
  const std::string one = folder.Write("one", TokenConfig("a", "https://one", "token-one"));
  const std::string two =
      folder.Write("two", TokenConfig("a", "https://two", "token-two") + "extra: ignored\n");
  const std::string three = folder.Write("three", TokenConfig("b", "https://three", "token-three"));
  LoadOptions options =
      With({{"KUBECONFIG", folder / "missing" + ":" + one + "::" + two + ":" + three}});
  auto config = Config::Load(options);
  ASSERT_TRUE(config.ok()) << config.error().message;
  EXPECT_EQ(config->host, "https://one");
  EXPECT_EQ(config->bearer_token, "token-one");
  EXPECT_EQ(config->namespace_, "ns-a");
  options.context = "b";
  config = Config::Load(options);
  ASSERT_TRUE(config.ok()) << config.error().message;
  EXPECT_EQ(config->host, "https://three");
}

TEST(Config, AnExplicitFileThatIsMissingIsAnError) {
  LoadOptions options = With({{"KUBECONFIG", "/also/not/there"}});
  options.kubeconfig = "/not/there/config";
  ExpectTells(FailureOf(options), {"\"/not/there/config\"", "No such file", "--kubeconfig"});
}

TEST(Config, NothingAnywhereNamesAllPlacesThatWereTried) {
  ExpectTells(FailureOf(With({{"HOME", "/no/home"}})),
              {"--kubeconfig", "KUBECONFIG", "no pod", "\"/no/home/.kube/config\""});
  ExpectTells(FailureOf(With({{"KUBECONFIG", "/x/a:/x/b"}})), {"KUBECONFIG", "\"/x/a\", \"/x/b\""});
}

TEST(Config, TheHomeFolderComesLast) {
  Folder home;
  home.Write(".kube/config", TokenConfig("h", "https://home", "t"));
  auto config = Config::Load(With({{"HOME", home / ""}}));
  ASSERT_TRUE(config.ok()) << config.error().message;
  EXPECT_EQ(config->host, "https://home");
}

TEST(Config, AnEmptyFileSaysSo) {
  Folder folder;
  LoadOptions options = With({});
  options.kubeconfig = folder.Write("empty", "");
  ExpectTells(FailureOf(options), {options.kubeconfig, "is empty"});
  options.kubeconfig = folder.Write("comment", "# nothing here\n---\n");
  ExpectTells(FailureOf(options), {options.kubeconfig, "is empty"});
}

TEST(Config, MalformedYamlNamesTheLine) {
  ExpectTells(FailureOfText("apiVersion: v1\nclusters:\n- name: [unclosed\nusers: {\n"),
              {"\"the-file\"", "line ", "malformed YAML"});
  ExpectTells(FailureOfText("a: b\n\tc: d\n"), {"\"the-file\"", "line 2"});
  ExpectTells(FailureOfText("just words"), {"line 1", "no kubeconfig"});
  ExpectTells(FailureOfText("kind: Pod\nmetadata: {}\n"), {"line 1", "Pod"});
  ExpectTells(FailureOfText("clusters:\n  a: b\n"), {"line 2", "clusters must be a list"});
  ExpectTells(FailureOfText("users:\n- user: {token: x}\n"), {"line 2", "users has no name"});
  ExpectTells(FailureOfText("users:\n- name: u\n  user:\n    token: [s3cret]\n"),
              {"line 4", "token of user \"u\"", "string"});
  ExpectTells(
      FailureOfText("clusters:\n- name: c\n  cluster: {insecure-skip-tls-verify: perhaps}\n"),
      {"line 3", "true or false"});
  ExpectTells(FailureOfText(std::string("ab\0cd", 5)), {"no text file"});
}

TEST(Config, DeepNestingIsRefusedAndNotRecursedInto) {
  ExpectTells(FailureOfText(std::string(20'000, '[')), {"nested too deeply"});
  std::string dashes;
  for (int i = 0; i < 20'000; ++i) dashes += "- ";
  ExpectTells(FailureOfText(dashes), {"nested too deeply"});
  std::string indented;
  for (int i = 0; i < 2'000; ++i) indented += std::string(static_cast<size_t>(i), ' ') + "a:\n";
  ExpectTells(FailureOfText(indented), {"nested too deeply"});
}

TEST(Config, AnUnknownContextListsTheKnownOnes) {
  ExpectTells(FailureOfText(TokenConfig("a", "https://h", "t"), "b"),
              {"\"the-file\"", "context \"b\" does not exist", "contexts there: \"a\""});
  ExpectTells(FailureOfText("current-context: gone\n"),
              {"current-context \"gone\"", "holds no context"});
  ExpectTells(FailureOfText("contexts: [{name: z, context: {cluster: c}}, {name: y}]\n"),
              {"no current-context", "\"y\", \"z\""});
}

TEST(Config, DanglingReferencesNameContextAndCandidates) {
  ExpectTells(FailureOfText("clusters: [{name: k, cluster: {server: 'https://h'}}]\n"
                            "contexts: [{name: x, context: {cluster: c}}]\ncurrent-context: x\n"),
              {"context \"x\"", "cluster \"c\" does not exist", "\"k\""});
  ExpectTells(
      FailureOfText("clusters: [{name: c, cluster: {server: 'https://h'}}]\n"
                    "contexts: [{name: x, context: {cluster: c, user: u}}]\ncurrent-context: x\n"),
      {"context \"x\"", "user \"u\" does not exist"});
}

std::string UserText(const std::string& user, const std::string& cluster = "server: 'https://h'") {
  return fmt::format(
      "clusters:\n- {{name: c, cluster: {{{}}}}}\nusers:\n- {{name: u, user: {{{}}}}}\n"
      "contexts: [{{name: x, context: {{cluster: c, user: u}}}}]\ncurrent-context: x\n",
      cluster, user);
}

TEST(Config, UnreadableFilesAreNamedWithTheirEntry) {
  ExpectTells(
      FailureOfText(UserText("client-certificate: /no/me.crt, client-key: /no/me.key")),
      {"the-file", "line 4", "user \"u\"", "client-certificate \"/no/me.crt\"", "No such file"});
  ExpectTells(FailureOfText(UserText("tokenFile: /")),
              {"user \"u\"", "tokenFile \"/\"", "directory"});
  ExpectTells(FailureOfText(UserText("", "server: 'https://h', certificate-authority: /no/ca")),
              {"line 2", "cluster \"c\"", "certificate-authority \"/no/ca\"", "No such file"});
}

TEST(Config, BadBase64SaysWhichFieldAndWhere) {
  ExpectTells(FailureOfText(UserText("client-certificate-data: 'ab!d', client-key-data: abcd")),
              {"user \"u\"", "client-certificate-data", "base64", "character at 3"});
  ExpectTells(FailureOfText(UserText("", "server: 'https://h', certificate-authority-data: abcde")),
              {"cluster \"c\"", "certificate-authority-data", "cut short"});
}

TEST(Config, CertificateDataThatIsNoCertificateSaysSo) {
  const std::string text = object::EncodeBase64("hello");
  ExpectTells(
      FailureOfText(UserText("client-certificate-data: " + text + ", client-key-data: " + text)),
      {"client-certificate-data", "no PEM certificate"});
  const std::string broken =
      object::EncodeBase64("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
  ExpectTells(
      FailureOfText(UserText("", "server: 'https://h', certificate-authority-data: " + broken)),
      {"certificate-authority-data", "cannot be decoded"});
}

TEST(Config, AnExpiredClientCertificateTellsItsDate) {
  const Identity id = MakeIdentity("admin", -7200, -3600);
  const Identity good = MakeIdentity("ca");
  const std::string user =
      fmt::format("client-certificate-data: {}, client-key-data: {}",
                  object::EncodeBase64(id.cert_pem), object::EncodeBase64(id.key_pem));
  const std::string message = FailureOfText(UserText(user));
  ExpectTells(message, {"user \"u\"", "client-certificate-data", "expired on 20", "renew"});
  EXPECT_TRUE(Config::FromKubeconfig(KindConfig(good)).ok());
}

TEST(Config, ACertificateOfTheFutureAndAForeignKeyAreRefused) {
  const Identity future = MakeIdentity("admin", 7200, 9000);
  const Identity other = MakeIdentity("other");
  const auto user = [](const std::string& cert, const std::string& key) {
    return UserText(fmt::format("client-certificate-data: {}, client-key-data: {}",
                                object::EncodeBase64(cert), object::EncodeBase64(key)));
  };
  ExpectTells(FailureOfText(user(future.cert_pem, future.key_pem)), {"not valid before"});
  ExpectTells(FailureOfText(user(other.cert_pem, future.key_pem)), {"does not belong"});
  ExpectTells(FailureOfText(user(other.cert_pem, "nonsense")), {"client-key-data", "private key"});
  ExpectTells(FailureOfText(UserText("client-key-data: abcd")), {"without a client-certificate"});
}

TEST(Config, PluginsProxiesAndContradictionsAreRefusedInOneLine) {
  ExpectTells(FailureOfText(UserText("exec: {command: aws, apiVersion: x}")),
              {"user \"u\"", "exec plugin \"aws\"", "not supported"});
  ExpectTells(FailureOfText(UserText("auth-provider: {name: gcp}")), {"auth-provider \"gcp\""});
  ExpectTells(FailureOfText(UserText("", "server: 'https://h', proxy-url: 'http://p'")),
              {"proxy-url"});
  ExpectTells(FailureOfText(UserText("", "insecure-skip-tls-verify: true")), {"no server"});
  const Identity id = MakeIdentity("ca");
  ExpectTells(FailureOfText(UserText("",
                                     "server: 'https://h', insecure-skip-tls-verify: true, "
                                     "certificate-authority-data: " +
                                         object::EncodeBase64(id.cert_pem))),
              {"exclude each other"});
}

TEST(Config, ServerAddressesAreTakenApart) {
  const auto parse = [](const std::string& text, bool tls = true) {
    auto url = ServerUrl::Parse(text, tls);
    return url.ok() ? fmt::format("{} {} {} {}", url->https ? "https" : "http", url->host,
                                  url->port, url->base_path)
                    : "error";
  };
  EXPECT_EQ(parse("https://h"), "https h 443 ");
  EXPECT_EQ(parse("http://h:8080/"), "http h 8080 ");
  EXPECT_EQ(parse("https://[::1]:6443/a/b/"), "https ::1 6443 /a/b");
  EXPECT_EQ(parse("h:1", false), "http h 1 ");
  for (const char* bad : {"", "ftp://h", "https://", "https://h:x", "https://h:70000",
                          "https://u:p@h", "https://[::1", "https://h?x", "https://h:0"}) {
    EXPECT_EQ(parse(bad), "error") << bad;
  }
}

TEST(Config, CredentialsAppearInNoMessage) {
  const std::string secret = "s3cret-token";
  auto config =
      Config::FromKubeconfig(UserText("token: " + secret + ", password: pw-123, username: me"));
  ASSERT_TRUE(config.ok()) << config.error().message;
  EXPECT_EQ(config->ToString().find(secret), std::string::npos);
  EXPECT_EQ(config->ToString().find("pw-123"), std::string::npos);
  ExpectTells(config->ToString(), {"https://h", "token", "context \"x\""});
  const std::string bad = FailureOfText(UserText("token: 's3cret token'"));
  EXPECT_EQ(bad.find("s3cret"), std::string::npos) << bad;
  auto url = ServerUrl::Parse("https://user:pass@host");
  ASSERT_FALSE(url.ok());
  EXPECT_EQ(url.error().message.find("pass"), std::string::npos);
}

TEST(Config, InAPodTheServiceAccountIsUsed) {
  const Identity ca = MakeIdentity("ca");
  Folder account;
  account.Write("token", "pod-token\n");
  account.Write("ca.crt", ca.cert_pem);
  account.Write("namespace", "team-a");
  LoadOptions options =
      With({{"KUBERNETES_SERVICE_HOST", "fd00::1"}, {"KUBERNETES_SERVICE_PORT", "443"}});
  options.service_account_dir = account / "";
  auto config = Config::Load(options);
  ASSERT_TRUE(config.ok()) << config.error().message;
  EXPECT_EQ(config->host, "https://[fd00::1]:443");
  EXPECT_EQ(config->bearer_token, "pod-token");
  EXPECT_EQ(config->namespace_, "team-a");
  EXPECT_EQ(config->tls.ca_pem, ca.cert_pem);

  Folder empty;
  options.service_account_dir = empty / "x";
  ExpectTells(FailureOf(options), {"service account", "token", "No such file"});
}

TEST(Base64, RoundTripsAndRefusesWhatIsNone) {
  for (const std::string text : {"", "a", "ab", "abc", "abcd", "\xff\x00\x10"}) {
    auto back = internal::DecodeBase64(object::EncodeBase64(text));
    ASSERT_TRUE(back.ok());
    EXPECT_EQ(*back, text);
  }
  EXPECT_EQ(internal::DecodeBase64("aG\nVs bG8=").value_or(""), "hello");
  for (const char* bad : {"a", "ab", "abc", "ab=", "a===", "ab==c", "ab-d"}) {
    EXPECT_FALSE(internal::DecodeBase64(bad).ok()) << bad;
  }
}

}  // namespace
}  // namespace xebec::client
