// The PodSet controller. See podset_controller.h; `podset --help` tells its flags.
#include <cstdio>
#include <fstream>
#include <string>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <xebec/runtime/debug/log.h>
#include <xebec/runtime/flags.h>
#include <xebec/runtime/main.h>
#include "fake_kubelet.h"
#include "podset_controller.h"

namespace {

struct Flags {
  std::string kubeconfig, context, ns, listen, address_file;
  int workers = 4;
  int verbosity = 0;
  bool fake_kubelet = false;
  bool install_crd = true;
  podset::FakeKubeletOptions kubelet;
};

xebec::Result<void> Run(xebec::Context ctx, const Flags& flags) {
  XEBEC_ASSIGN_OR_RETURN(auto config, xebec::client::Config::Load({.kubeconfig = flags.kubeconfig,
                                                                   .context = flags.context}));
  xebec::client::Client client(config);
  if (flags.install_crd) XEBEC_TRY(podset::InstallPodSetCrd(ctx, client));
  xebec::controller::Manager manager(
      client, {.listen = flags.listen, .informers = {.scope = {.ns = flags.ns}}});
  XEBEC_TRY(podset::AddPodSetController(manager, {.max_concurrent_reconciles = flags.workers}));
  if (flags.fake_kubelet) XEBEC_TRY(podset::AddFakeKubelet(manager, flags.kubelet));
  if (!flags.address_file.empty()) {
    manager.AddRunnable("address file", [&](xebec::Context) -> xebec::Result<void> {
      std::ofstream(flags.address_file) << manager.address() << std::endl;
      return {};
    });
  }
  return manager.Start(ctx);
}

}  // namespace

int main(int argc, char** argv) {
  Flags flags;
  CLI::App app("Keeps spec.replicas pods for each PodSet (examples.xebec.dev/v1alpha1).", "podset");
  app.footer("example: podset --kubeconfig ~/.kube/config --listen 127.0.0.1:8080");
  app.add_option("--kubeconfig", flags.kubeconfig,
                 "the cluster (default: KUBECONFIG, in-cluster, ~/.kube/config)");
  app.add_option("--context", flags.context,
                 "the kubeconfig's context (default: its current-context)");
  app.add_option("--namespace", flags.ns, "watch this namespace alone (default: all)");
  app.add_option("--listen", flags.listen,
                 "serve /healthz, /readyz and /metrics here (default: nowhere)");
  app.add_option("--address-file", flags.address_file,
                 "write the address served to this file (for port 0)");
  app.add_option("--workers", flags.workers, "reconciles at once")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
  app.add_flag("--fake-kubelet", flags.fake_kubelet, "mark pods Running, where no kubelet is");
  app.add_option("--seed", flags.kubelet.seed, "of the fake kubelet's failures")
      ->capture_default_str();
  app.add_option("--fail-percent", flags.kubelet.fail_percent, "pods that the fake kubelet fails")
      ->capture_default_str()
      ->check(CLI::Range(0, 100));
  app.add_flag("--install-crd,!--no-install-crd", flags.install_crd,
               "create the PodSet resource if it is missing");
  app.add_option("-v,--v", flags.verbosity, "verbosity of the log")->capture_default_str();
  try {
    app.parse(xebec::runtime::FlagArguments(argc, argv));
  } catch (const CLI::ParseError& error) {
    return app.exit(error);
  }
  if (flags.verbosity != 0) xebec::runtime::SetLogVerbosity(flags.verbosity);
  return xebec::runtime::Main(argc, argv, [&](xebec::Context ctx) {
    auto ended = Run(ctx, flags);
    if (ended) return 0;
    fmt::print(stderr, "podset: {}\n", ended.error().ToString());
    return 1;
  });
}
