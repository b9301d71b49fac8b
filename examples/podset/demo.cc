// Shows the PodSet controller at work: scales a PodSet up and down, kills some of its pods and
// deletes it, with live progress and a table at the end. Starts the embedded API server, or uses
// the cluster of KUBECONFIG.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <mutex>
#include <string>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <xebec/client/helpers.h>
#include <xebec/runtime/debug/log.h>
#include <xebec/runtime/flags.h>
#include <xebec/runtime/main.h>
#include <xebec/runtime/net/dialer.h>
#include <xebec/runtime/net/transport.h>
#include <xebec/runtime/sched/fiber.h>
#include <xebec/runtime/sched/time.h>
#include <xebec/runtime/sync/wait_group.h>

#include "podset_controller.h"
#include "processes.h"

namespace podset {
namespace {

using xebec::Context;
using xebec::Error;
using xebec::Result;
using xebec::api::core::v1::Namespace;
using xebec::api::core::v1::Node;
using namespace std::chrono_literals;

struct Flags {
  int pods = 500;
  uint64_t seed = 1;
  std::string ns = "podset-demo";
};

// One line that is written over and over in a terminal; elsewhere a line now and then.
class Progress {
 public:
  void Begin(std::string what) {
    what_ = std::move(what);
    shown_ = 0;
  }
  void Show(int done, int all, const std::string& note) {
    const int64_t now = xebec::runtime::NanoTime();
    if (now - shown_ < (terminal_ ? 50'000'000 : 1'000'000'000) && shown_ != 0) return;
    shown_ = now;
    Write(done, all, note, terminal_ ? "\r" : "\n");
  }
  void End(int done, int all, const std::string& note) { Write(done, all, note, "\n"); }

 private:
  void Write(int done, int all, const std::string& note, const char* end) {
    constexpr int kWidth = 30;
    const int filled = all > 0 ? std::clamp(done * kWidth / all, 0, kWidth) : kWidth;
    fmt::print("{:<24} [{:#<{}}{:.<{}}] {:>4}/{:<4} {:<40}{}", what_, "", filled, "",
               kWidth - filled, done, all, note, end);
    std::fflush(stdout);
  }
  const bool terminal_ = isatty(STDOUT_FILENO) != 0;
  std::string what_;
  int64_t shown_ = 0;
};

// The pods of the demo as an informer sees them.
class PodCount {
 public:
  explicit PodCount(xebec::informer::SharedIndexInformer& pods) {
    pods.AddEventHandler(xebec::informer::MakeEventHandler<Pod>({
        .on_add = [this](const Pod& pod, bool) { Seen(pod); },
        .on_update = [this](const Pod&, const Pod& pod) { Seen(pod); },
        .on_delete =
            [this](const Pod& pod, bool) {
              std::lock_guard lock(mu_);
              phases_.erase(std::string(pod.uid()));
            },
    }));
  }
  struct Numbers {
    int pods = 0, running = 0, created = 0, failed = 0;
  };
  Numbers Now() const {
    std::lock_guard lock(mu_);
    Numbers n{.pods = static_cast<int>(phases_.size()), .created = created_, .failed = failed_};
    for (const auto& [uid, phase] : phases_) n.running += phase == "Running";
    return n;
  }
  std::vector<std::string> Uids() const {
    std::lock_guard lock(mu_);
    std::vector<std::string> uids;
    for (const auto& [uid, phase] : phases_) uids.push_back(uid);
    return uids;
  }

 private:
  void Seen(const Pod& pod) {
    if (pod.metadata().Label(kLabel).empty()) return;
    std::lock_guard lock(mu_);
    auto [entry, added] = phases_.try_emplace(std::string(pod.uid()));
    created_ += added;
    const std::string_view phase = pod.status().phase();
    failed_ += phase == "Failed" && entry->second != "Failed";
    entry->second = pod.metadata().IsDeleting() ? "Terminating" : std::string(phase);
  }
  mutable xebec::runtime::Mutex mu_;
  std::map<std::string, std::string> phases_;  // guarded by mu_; by uid
  int created_ = 0;                            // guarded by mu_
  int failed_ = 0;                             // guarded by mu_
};

// The controller's figures from its /metrics.
class Figures {
 public:
  static Result<Figures> Read(const Context& ctx, const std::string& address) {
    const size_t colon = address.rfind(':');
    auto transport =
        xebec::runtime::http::MakeTransport(std::make_shared<xebec::runtime::net::TcpDialer>(
            address.substr(0, colon), std::stoi(address.substr(colon + 1))));
    xebec::runtime::http::Request request;
    request.method = "GET";
    request.path = "/metrics";
    XEBEC_ASSIGN_OR_RETURN(auto response, transport->RoundTrip(ctx, request));
    return Figures(std::move(response.body));
  }
  // The sum over the lines of one metric whose labels contain `labels`.
  double Sum(std::string_view name, std::string_view labels = "") const {
    double sum = 0;
    for (size_t at = 0; at < text_.size();) {
      const size_t end = std::min(text_.find('\n', at), text_.size());
      const std::string_view line = std::string_view(text_).substr(at, end - at);
      at = end + 1;
      if (!line.starts_with(name) || line.size() <= name.size()) continue;
      if (line[name.size()] != '{' && line[name.size()] != ' ') continue;
      if (line.find(labels) == line.npos) continue;
      sum += std::strtod(line.substr(line.rfind(' ')).data(), nullptr);
    }
    return sum;
  }

 private:
  explicit Figures(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

std::string Beside(const char* program) {
  return (std::filesystem::read_symlink("/proc/self/exe").parent_path() / program).string();
}

Result<void> Wait(const Context& ctx, const PodCount& count, ChildProcess& controller,
                  Progress& progress, int target,
                  const std::function<int(const PodCount::Numbers&)>& done_of,
                  const std::function<bool(const PodCount::Numbers&)>& reached) {
  auto [limited, cancel] = Context::WithTimeout(ctx, 120s);
  while (true) {
    const PodCount::Numbers now = count.Now();
    const std::string note =
        fmt::format("pods {} created {} failed {}", now.pods, now.created, now.failed);
    if (reached(now)) {
      progress.End(done_of(now), target, note);
      return {};
    }
    progress.Show(done_of(now), target, note);
    if (!controller.Running())
      return Error::Unreachable("the controller ended:\n" + controller.LastOutput());
    if (auto slept = SleepFor(limited, 20ms); !slept) {
      if (ctx.Err()) return *ctx.Err();
      return Error::DeadlineExceeded(
          "no progress within two minutes; the controller's last lines:\n" +
          controller.LastOutput());
    }
  }
}

Result<void> Scenario(const Context& ctx, const Flags& flags, const xebec::client::Client& client,
                      ChildProcess& controller, const std::string& address) {
  const int64_t start = xebec::runtime::NanoTime();
  XEBEC_TRY(InstallPodSetCrd(ctx, client));
  Namespace::Builder ns;
  ns.SetName(flags.ns);
  if (auto made = client.Create(ctx, Namespace(ns.Build()));
      !made && !IsAlreadyExists(made.error())) {
    return std::move(made).error();
  }
  xebec::informer::SharedInformerFactory informers(client, {.scope = {.ns = flags.ns}});
  PodCount count(*informers.InformerFor<Pod>());
  auto [caches, stop_caches] = Context::WithCancel(ctx);
  informers.Start(caches);
  struct Shutdown {
    xebec::informer::SharedInformerFactory& informers;
    xebec::CancelFunc& stop;
    ~Shutdown() {
      stop();
      informers.Shutdown();
    }
  } shutdown{informers, stop_caches};
  XEBEC_TRY(informers.WaitForCacheSync(ctx));

  const xebec::NamespacedName key{flags.ns, "demo"};
  auto scale = [&](int replicas) -> Result<void> {
    auto patched = client.Patch<PodSet>(ctx, key, xebec::client::PatchType::kMerge,
                                        fmt::format(R"({{"spec":{{"replicas":{}}}}})", replicas));
    if (!patched) return std::move(patched).error();
    return {};
  };
  PodSet::Builder set;
  set.SetName(key.name).SetNamespace(key.ns);
  set.spec().SetReplicas(0).SetImage("registry.k8s.io/pause:3.10");
  if (auto made = client.Create(ctx, PodSet(set.Build())); !made) return std::move(made).error();

  Progress progress;
  const int many = flags.pods;
  const int few = std::max(1, many / 10);
  auto running = [](const PodCount::Numbers& n) { return n.running; };
  auto steady_at = [](int replicas) {
    return [replicas](const PodCount::Numbers& n) {
      return n.pods == replicas && n.running == replicas;
    };
  };

  progress.Begin(fmt::format("scale 0 to {}", many));
  XEBEC_TRY(scale(many));
  XEBEC_TRY(Wait(ctx, count, controller, progress, many, running, steady_at(many)));

  progress.Begin(fmt::format("scale {} to {}", many, few));
  XEBEC_TRY(scale(few));
  XEBEC_TRY(Wait(
      ctx, count, controller, progress, many - few,
      [&](const PodCount::Numbers& n) { return many - n.pods; }, steady_at(few)));

  const int kills = std::max(1, few / 5);
  progress.Begin(fmt::format("kill {} pods", kills));
  auto lister = informers.ListerFor<Pod>();
  std::vector<std::string> killed;
  for (const Pod& pod : lister.List()) {
    if (static_cast<int>(killed.size()) == kills) break;
    auto deleted = client.Delete<Pod>(ctx, pod.key(),
                                      {.grace_period_seconds = 0, .uid = std::string(pod.uid())});
    if (!deleted && !IsNotFound(deleted.error())) return deleted;  // gone is as good as killed
    killed.emplace_back(pod.uid());
  }
  XEBEC_TRY(Wait(ctx, count, controller, progress, few, running, [&](const PodCount::Numbers& n) {
    const auto uids = count.Uids();
    const bool any_left = std::any_of(killed.begin(), killed.end(), [&](const std::string& uid) {
      return std::find(uids.begin(), uids.end(), uid) != uids.end();
    });
    return !any_left && steady_at(few)(n);
  }));

  progress.Begin("delete the PodSet");
  XEBEC_TRY(client.Delete<PodSet>(ctx, key));
  XEBEC_TRY(Wait(
      ctx, count, controller, progress, few,
      [&](const PodCount::Numbers& n) { return few - n.pods; },
      [](const PodCount::Numbers& n) { return n.pods == 0; }));
  XEBEC_TRY(xebec::client::WaitForDeletion<PodSet>(ctx, client, key, 30s));
  const double seconds = static_cast<double>(xebec::runtime::NanoTime() - start) / 1e9;
  (void)client.Delete<Namespace>(ctx, {"", flags.ns});

  XEBEC_ASSIGN_OR_RETURN(Figures figures, Figures::Read(ctx, address));
  const PodCount::Numbers total = count.Now();
  auto quantile = [&](const char* q) {
    return 1e3 * figures.Sum("xebec_reconcile_recent_seconds",
                             fmt::format(R"(controller="podset",quantile="{}")", q));
  };
  fmt::print("\n");
  fmt::print("{:<28}{:>12}\n", "pods created", total.created);
  fmt::print("{:<28}{:>12}\n", "pods failed and replaced", total.failed);
  fmt::print("{:<28}{:>12.0f}\n", "reconciles",
             figures.Sum("controller_runtime_reconcile_total", R"(controller="podset")"));
  fmt::print("{:<28}{:>12.0f}\n", "retries",
             figures.Sum("workqueue_retries_total", R"(name="podset")"));
  fmt::print("{:<28}{:>9.2f} ms\n", "reconcile latency p50", quantile("0.5"));
  fmt::print("{:<28}{:>9.2f} ms\n", "reconcile latency p99", quantile("0.99"));
  fmt::print("{:<28}{:>12.0f}\n", "requests", figures.Sum("rest_client_requests_total"));
  fmt::print("{:<28}{:>8.1f} MiB\n", "controller's peak memory",
             static_cast<double>(controller.PeakMemory()) / (1024 * 1024));
  fmt::print("{:<28}{:>10.2f} s\n", "time", seconds);
  return {};
}

Result<void> Run(const Context& ctx, const Flags& flags) {
  TemporaryFolder folder;
  std::string kubeconfig;
  std::optional<ChildProcess> server;
  if (const char* given = std::getenv("KUBECONFIG"); given == nullptr || *given == '\0') {
    kubeconfig = folder.path() + "/kubeconfig";
    const std::string log = folder.path() + "/apiserver.log";
    XEBEC_ASSIGN_OR_RETURN(server, ChildProcess::Start({Beside("xebec-apiserver"), "--listen",
                                                        "127.0.0.1:0", "--kubeconfig", kubeconfig},
                                                       log));
    auto ready = WaitForLine(ctx, *server, log, 10s);
    if (!ready) return std::move(ready).error().Wrap("xebec-apiserver");
    fmt::print("embedded API server: {}\n", *ready);
  }
  XEBEC_ASSIGN_OR_RETURN(auto config, xebec::client::Config::Load({.kubeconfig = kubeconfig}));
  xebec::client::Client client(config);
  if (!server) fmt::print("cluster: {}\n", config.host);

  XEBEC_ASSIGN_OR_RETURN(auto nodes, client.List<Node>(ctx));
  const std::string address_file = folder.path() + "/address";
  std::vector<std::string> command{Beside("podset"), "--listen",   "127.0.0.1:0",
                                   "--address-file", address_file, "--namespace",
                                   flags.ns,         "--seed",     std::to_string(flags.seed)};
  if (!kubeconfig.empty()) command.insert(command.end(), {"--kubeconfig", kubeconfig});
  if (nodes.empty()) {
    command.emplace_back("--fake-kubelet");
    fmt::print("no node: a fake kubelet runs the pods and fails a few\n");
  }
  XEBEC_ASSIGN_OR_RETURN(auto controller,
                         ChildProcess::Start(command, folder.path() + "/podset.log"));
  auto address = WaitForLine(ctx, controller, address_file, 40s);
  if (!address) return std::move(address).error().Wrap("podset");
  fmt::print("controller: podset, metrics on http://{}/metrics\n\n", *address);
  return Scenario(ctx, flags, client, controller, *address);
}

}  // namespace
}  // namespace podset

int main(int argc, char** argv) {
  podset::Flags flags;
  CLI::App app(
      "Shows the PodSet controller at work, on the embedded API server or the cluster of "
      "KUBECONFIG.",
      "podset-demo");
  app.add_option("--pods", flags.pods, "how far the PodSet is scaled up")
      ->capture_default_str()
      ->check(CLI::Range(1, 100000));
  app.add_option("--seed", flags.seed, "of the fake kubelet's failures")->capture_default_str();
  app.add_option("--namespace", flags.ns, "made for the demo and deleted after it")
      ->capture_default_str();
  try {
    app.parse(xebec::runtime::FlagArguments(argc, argv));
  } catch (const CLI::ParseError& error) {
    return app.exit(error);
  }
  xebec::runtime::SetLogVerbosity(-1);  // warnings only: the progress has the terminal
  return xebec::runtime::Main(argc, argv, [&](xebec::Context ctx) {
    auto ended = podset::Run(ctx, flags);
    if (ended) return 0;
    fmt::print(stderr, "\npodset-demo: {}\n", ended.error().ToString());
    return 1;
  });
}
