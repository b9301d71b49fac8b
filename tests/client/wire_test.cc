// The client over real sockets: TLS with authorities, client certificates and tokens.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "client/client.h"
#include "object/base64.h"
#include "runtime/net/http.h"
#include "runtime/testing.h"
#include "tests/client/certificates.h"

namespace xebec::client {
namespace {

using namespace std::chrono_literals;
using runtime::http::Request;
using runtime::http::ResponseWriter;
using testing::Identity;
using testing::MakeIdentity;

const ResourceInfo kPods{{"", "v1", "pods"}, {"", "v1", "Pod"}, true};

// Answers every request with a pod that tells who asked.
class TlsServer {
 public:
  TlsServer(const Identity& identity, std::string client_ca = "") {
    runtime::http::ServerOptions options;
    options.tls.emplace();
    options.tls->cert_pem = identity.cert_pem;
    options.tls->key_pem = identity.key_pem;
    options.tls->ca_pem = std::move(client_ca);
    server_ = std::make_unique<runtime::http::Server>(std::move(options));
    server_->SetHandler([](Request& request, ResponseWriter& out) {
      const std::string body =
          fmt::format(R"({{"kind":"Pod","metadata":{{"name":"a","annotations":{{"subject":"{}",)"
                      R"("auth":"{}"}}}}}})",
                      request.tls_subject, request.headers.Get("Authorization"));
      out.headers().Set("Content-Type", "application/json");
      (void)out.Write(body);
    });
    auto address = server_->Start("127.0.0.1:0");
    EXPECT_TRUE(address.ok()) << address.error().message;
    if (address.ok()) address_ = *address;
  }
  const std::string& address() const { return address_; }

 private:
  std::unique_ptr<runtime::http::Server> server_;
  std::string address_;
};

// The form that kind writes.
std::string Kubeconfig(const std::string& address, const Identity& ca, const Identity& user) {
  return fmt::format(
      R"(
clusters: [{{name: k, cluster: {{server: "https://{}", certificate-authority-data: {}}}}}]
users: [{{name: u, user: {{client-certificate-data: {}, client-key-data: {}}}}}]
contexts: [{{name: x, context: {{cluster: k, user: u}}}}]
current-context: x
)",
      address, object::EncodeBase64(ca.cert_pem), object::EncodeBase64(user.cert_pem),
      object::EncodeBase64(user.key_pem));
}

Result<object::Object> GetPod(const Config& config) {
  return Client(config).Resource(kPods).Get({}, {"ns", "a"});
}

XEBEC_TEST(Wire, TheFormThatKindWritesReachesATlsServerWithItsClientCertificate) {
  const Identity server_identity = MakeIdentity("server");
  const Identity admin = MakeIdentity("kubernetes-admin");
  TlsServer server(server_identity, admin.cert_pem);
  auto config = Config::FromKubeconfig(Kubeconfig(server.address(), server_identity, admin));
  ASSERT_TRUE(config.ok()) << config.error().message;
  auto pod = GetPod(*config);
  ASSERT_TRUE(pod.ok()) << pod.error().ToString();
  EXPECT_EQ((*pod)["metadata"]["annotations"]["subject"].AsString(), "CN=kubernetes-admin");
}

XEBEC_TEST(Wire, ATokenFileIsReadAgainWhenTheServerRefusesTheOldToken) {
  const Identity identity = MakeIdentity("server");
  std::string name = (std::filesystem::temp_directory_path() / "xebec-token-XXXXXX").string();
  const int fd = ::mkstemp(name.data());
  ASSERT_GE(fd, 0);
  ::close(fd);
  std::ofstream(name) << "old\n";
  runtime::http::ServerOptions options;
  options.tls.emplace();
  options.tls->cert_pem = identity.cert_pem;
  options.tls->key_pem = identity.key_pem;
  runtime::http::Server server(std::move(options));
  server.SetHandler([](Request& request, ResponseWriter& out) {
    const bool good = request.headers.Get("Authorization") == "Bearer new";
    out.WriteHeader(good ? 200 : 401);
    (void)out.Write(good ? R"({"kind":"Pod","metadata":{"name":"a"}})" : "");
  });
  auto address = server.Start("127.0.0.1:0");
  ASSERT_TRUE(address.ok());
  Config config;
  config.host = "https://" + *address;
  config.tls.ca_pem = identity.cert_pem;
  config.bearer_token = "old";
  config.bearer_token_file = name;
  const Resource pods = Client(config).Resource(kPods);
  std::ofstream(name) << "new\n";
  auto first = pods.Get({}, {"ns", "a"});
  ASSERT_FALSE(first.ok());
  EXPECT_TRUE(IsUnauthorized(first.error()));
  EXPECT_TRUE(pods.Get({}, {"ns", "a"}).ok());
  std::filesystem::remove(name);
}

XEBEC_TEST(Wire, AServerThatIsNotVerifiedGetsNothing) {
  const Identity good = MakeIdentity("server");
  const Identity other = MakeIdentity("other authority");
  TlsServer server(good);
  Config config;
  config.host = "https://" + server.address();
  config.bearer_token = "s3cret";
  config.timeout = 5s;

  config.tls.ca_pem = other.cert_pem;
  auto pod = GetPod(config);
  ASSERT_FALSE(pod.ok());
  EXPECT_TRUE(IsUnreachable(pod.error()));
  EXPECT_NE(pod.error().message.find(server.address()), std::string::npos) << pod.error().message;
  EXPECT_EQ(pod.error().message.find("s3cret"), std::string::npos);

  config.tls.ca_pem = good.cert_pem;
  config.tls.server_name = "somewhere.else";
  EXPECT_FALSE(GetPod(config).ok());
  config.tls.server_name = "localhost";
  EXPECT_TRUE(GetPod(config).ok());

  config.tls = {};
  config.tls.insecure_skip_verify = true;
  pod = GetPod(config);
  ASSERT_TRUE(pod.ok()) << pod.error().ToString();
  EXPECT_EQ((*pod)["metadata"]["annotations"]["auth"].AsString(), "Bearer s3cret");
}

XEBEC_TEST(Wire, AnExpiredServerCertificateIsNamedAsSuch) {
  const Identity expired = MakeIdentity("server", -7200, -3600);
  // The server itself refuses to start with it, so its clock is the client's problem only here.
  runtime::http::ServerOptions options;
  options.tls.emplace();
  options.tls->cert_pem = expired.cert_pem;
  options.tls->key_pem = expired.key_pem;
  runtime::http::Server server(std::move(options));
  auto address = server.Start("127.0.0.1:0");
  ASSERT_FALSE(address.ok());
  EXPECT_NE(address.error().message.find("expired"), std::string::npos) << address.error().message;
}

XEBEC_TEST(Wire, AServerThatIsDownIsOneLineWithItsAddress) {
  Config config;
  config.host = "http://127.0.0.1:1";
  config.timeout = 5s;
  auto pod = GetPod(config);
  ASSERT_FALSE(pod.ok());
  EXPECT_TRUE(IsUnreachable(pod.error()));
  EXPECT_NE(pod.error().message.find("127.0.0.1:1"), std::string::npos) << pod.error().message;
  EXPECT_NE(pod.error().message.find("refused"), std::string::npos) << pod.error().message;
  EXPECT_EQ(pod.error().message.find('\n'), std::string::npos);
}

}  // namespace
}  // namespace xebec::client
