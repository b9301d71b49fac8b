#!/usr/bin/env bash
# kubectl against xebec-apiserver: kubectl_test.sh PATH_OF_XEBEC_APISERVER
# Needs kubectl 1.30 or newer; without one it says so and ends with 77 (ctest: skipped).
set -uo pipefail

server_bin=$1
if ! command -v kubectl >/dev/null; then
  echo "SKIPPED: kubectl is not installed; this test runs it against xebec-apiserver"
  exit 77
fi
work=$(mktemp -d)
export KUBECONFIG=$work/kubeconfig KUBECACHEDIR=$work/cache HOME=$work
server_pid='' watch_pid=''
finish() {
  [ -n "$watch_pid" ] && kill "$watch_pid" 2>/dev/null
  [ -n "$server_pid" ] && kill "$server_pid" 2>/dev/null
  wait 2>/dev/null
  rm -rf "$work"
}
trap finish EXIT

failures=0
# check NAME PATTERN COMMAND…: the command succeeds and its output matches the extended pattern.
check() {
  local name=$1 pattern=$2 out status
  shift 2
  out=$(timeout 20 "$@" 2>&1)
  status=$?
  if [ $status -eq 0 ] && grep -Eq -- "$pattern" <<<"$out"; then
    echo "ok      $name"
  else
    echo "FAILED  $name (status $status, wanted /$pattern/)"
    sed 's/^/        /' <<<"$out"
    failures=$((failures + 1))
  fi
}
# refused NAME PATTERN COMMAND…: the command fails and tells why.
refused() {
  local name=$1 pattern=$2 out
  shift 2
  if out=$(timeout 20 "$@" 2>&1); then
    echo "FAILED  $name (it succeeded)"
    failures=$((failures + 1))
  elif grep -Eq -- "$pattern" <<<"$out"; then
    echo "ok      $name"
  else
    echo "FAILED  $name (wanted /$pattern/)"
    sed 's/^/        /' <<<"$out"
    failures=$((failures + 1))
  fi
}

"$server_bin" --listen 127.0.0.1:0 --kubeconfig "$KUBECONFIG" >"$work/out" 2>"$work/err" &
server_pid=$!
for _ in $(seq 100); do
  [ -s "$work/out" ] && break
  kill -0 "$server_pid" 2>/dev/null || break
  sleep 0.1
done
if ! grep -Eq '^serving on http://127\.0\.0\.1:[0-9]+$' "$work/out"; then
  echo "FAILED  the server did not start:"
  cat "$work/out" "$work/err"
  exit 1
fi
port=$(sed 's/.*://' "$work/out")

check 'one line when ready' '^1$' bash -c "wc -l < '$work/out'"
check 'kubeconfig for its owner alone' '^600$' stat -c %a "$KUBECONFIG"
check 'version' 'Server Version: v1\.36' kubectl version
check 'api-resources' 'deployments +deploy +apps/v1 +true +Deployment' kubectl api-resources
check 'get namespaces' '^default +Active +[0-9]+s' kubectl get namespaces
check 'create namespace' 'namespace/team created' kubectl create namespace team
check 'create configmap' 'configmap/cm created' kubectl create configmap cm -n team --from-literal=a=1
check 'create secret' 'secret/pw created' \
  kubectl create secret generic pw -n team --from-literal=password=xyz
check 'get -o jsonpath' '^eHl6$' kubectl get secret pw -n team -o 'jsonpath={.data.password}'

cat >"$work/pod.yaml" <<'YAML'
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec:
  containers:
  - {name: main, image: "busybox:1"}
YAML
check 'create -f' 'pod/web created' kubectl create -f "$work/pod.yaml"
check 'get pods' '^NAME +STATUS +AGE' kubectl get pods
check 'get a pod' '^web +Pending +[0-9]+s' kubectl get pod web
check 'get -o yaml' 'phase: Pending' kubectl get pod web -o yaml
check 'describe' 'busybox:1' kubectl describe pod web
refused 'create again' 'AlreadyExists' kubectl create -f "$work/pod.yaml"
refused 'get a missing one' 'NotFound' kubectl get pod none
refused 'create into a missing namespace' 'namespaces "nowhere" not found' \
  kubectl create configmap x -n nowhere

cat >"$work/cm.yaml" <<'YAML'
apiVersion: v1
kind: ConfigMap
metadata: {name: applied}
data: {a: "1", b: "1"}
YAML
check 'apply' 'configmap/applied created' kubectl apply --validate=false -f "$work/cm.yaml"
check 'apply unchanged' 'configmap/applied unchanged' kubectl apply --validate=false -f "$work/cm.yaml"
sed -i 's/a: "1", b: "1"/a: "2"/' "$work/cm.yaml"
check 'apply a change' 'configmap/applied configured' kubectl apply --validate=false -f "$work/cm.yaml"
check 'what apply left' '^\{"a":"2"\}$' kubectl get cm applied -o 'jsonpath={.data}'
check 'patch merge' 'patched' kubectl patch cm applied --type merge -p '{"data":{"m":"1"}}'
check 'patch json' 'patched' \
  kubectl patch cm applied --type json -p '[{"op":"add","path":"/data/j","value":"1"}]'
check 'patch strategic' 'patched' \
  kubectl patch cm applied --type strategic -p '{"data":{"s":"1","m":null}}'
check 'what the patches left' '^\{"a":"2","j":"1","s":"1"\}$' \
  kubectl get cm applied -o 'jsonpath={.data}'
check 'label' 'labeled' kubectl label pod web tier=front
check 'annotate' 'annotated' kubectl annotate pod web note=hello
check 'select by a set' '^web' kubectl get pods -l 'tier in (front,back)' --no-headers
check 'select by a field' '^web' kubectl get pods --field-selector metadata.name=web --no-headers
check 'all namespaces' '^team +cm' kubectl get cm -A
check 'replace' 'replaced' bash -c 'kubectl get cm applied -o yaml | kubectl replace --validate=false -f -'
check 'dry run' 'server dry run' kubectl create cm dry --dry-run=server
refused 'the dry run stored nothing' 'NotFound' kubectl get cm dry

# A watch prints what there is, then each change.
kubectl get cm -w --no-headers >"$work/watch" 2>&1 &
watch_pid=$!
for _ in $(seq 100); do grep -q '^applied' "$work/watch" && break; sleep 0.1; done
check 'a change while watched' 'created' kubectl create cm seen --from-literal=a=1
for _ in $(seq 100); do grep -q '^seen' "$work/watch" && break; sleep 0.1; done
check 'get -w' '^seen +1? *[0-9]+s' cat "$work/watch"
kill "$watch_pid"; wait "$watch_pid" 2>/dev/null; watch_pid=''

kubectl wait --for=delete pod/web --timeout=15s >"$work/wait" 2>&1 &
watch_pid=$!
check 'delete' 'pod "web" deleted' kubectl delete pod web
wait "$watch_pid"; status=$?; watch_pid=''
check 'wait --for=delete' '^0$' echo "$status"

cat >"$work/crd.yaml" <<'YAML'
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {plural: widgets, kind: Widget, shortNames: [wd]}
  versions:
  - name: v1
    served: true
    storage: true
    subresources: {status: {}}
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
YAML
printf 'apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w}\nspec: {size: 1}\n' >"$work/w.yaml"
check 'create a definition' 'created' kubectl create -f "$work/crd.yaml"
check 'it is established' 'condition met' \
  kubectl wait --for=condition=Established crd/widgets.example.com --timeout=10s
check 'create a custom resource' 'widget.example.com/w created' kubectl create -f "$work/w.yaml"
check 'get by its short name' '^w +[0-9]+s' kubectl get wd
check 'patch it' 'patched' kubectl patch widget w --type merge -p '{"spec":{"size":2}}'
check 'patch its status' 'patched' \
  kubectl patch widget w --subresource status --type merge -p '{"status":{"ready":true}}'
check 'both are there' '^2 true 2$' \
  kubectl get widget w -o 'jsonpath={.spec.size} {.status.ready} {.metadata.generation}'
check 'apply it' 'configured' bash -c "sed 's/size: 1/size: 3/' '$work/w.yaml' | kubectl apply --validate=false -f -"
check 'delete it' 'deleted' kubectl delete widget w
check 'delete the definition' 'deleted' kubectl delete crd widgets.example.com
check 'delete a namespace' 'deleted' kubectl delete namespace team --timeout=15s
refused 'what was in it is gone' 'NotFound' kubectl get cm cm -n team

refused 'a port in use' 'xebec-apiserver: .*127\.0\.0\.1:'"$port" \
  "$server_bin" --listen "127.0.0.1:$port"
refused 'an unwritable kubeconfig' 'xebec-apiserver: kubeconfig /nowhere/k: cannot create it' \
  "$server_bin" --listen 127.0.0.1:0 --kubeconfig /nowhere/k
refused 'a remote address' 'not of the loopback' "$server_bin" --listen 0.0.0.0:0
check 'help has examples' 'Examples:' "$server_bin" --help

kill -TERM "$server_pid"
wait "$server_pid"; status=$?; server_pid=''
check 'it stops at SIGTERM with status 0' '^0$' echo "$status"
check 'it logged nothing bad' '^0$' bash -c "grep -c ERROR '$work/err' || true"
[ "$failures" -eq 0 ] || { echo "$failures checks failed"; cat "$work/err"; exit 1; }
echo "kubectl: all checks passed"
