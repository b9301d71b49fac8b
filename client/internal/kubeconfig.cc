#include "client/internal/kubeconfig.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <set>

namespace xebec::client::internal {
namespace {

int Line(const YAML::Node& node) { return node.Mark().line + 1; }

Error Bad(const std::string& file, int line, const std::string& what) {
  return Error::InvalidInput(fmt::format("kubeconfig \"{}\" line {}: {}", file, line, what));
}

// Reads the fields of one mapping and keeps the first complaint.
class FieldReader {
 public:
  FieldReader(const std::string& file, const YAML::Node& map, std::string where)
      : file_(file), map_(map), where_(std::move(where)) {}

  YAML::Node Child(const char* key) const {
    return map_.IsMap() ? map_[key] : YAML::Node(YAML::NodeType::Undefined);
  }

  void String(const char* key, std::string& out) {
    const YAML::Node node = Child(key);
    if (!node.IsDefined() || node.IsNull()) return;
    if (!node.IsScalar())
      return Complain(node, fmt::format("{} of {} must be a string", key, where_));
    out = node.Scalar();
  }

  void Bool(const char* key, bool& out) {
    const YAML::Node node = Child(key);
    if (!node.IsDefined() || node.IsNull()) return;
    if (!node.IsScalar() || !YAML::convert<bool>::decode(node, out)) {
      Complain(node, fmt::format("{} of {} must be true or false", key, where_));
    }
  }

  void Strings(const char* key, std::vector<std::string>& out) {
    const YAML::Node node = Child(key);
    if (!node.IsDefined() || node.IsNull()) return;
    if (!node.IsSequence())
      return Complain(node, fmt::format("{} of {} must be a list", key, where_));
    for (const auto& item : node) {
      if (!item.IsScalar()) {
        return Complain(item, fmt::format("{} of {} must be a list of strings", key, where_));
      }
      out.push_back(item.Scalar());
    }
  }

  void Complain(const YAML::Node& node, const std::string& what) {
    if (!error_) error_ = Bad(file_, Line(node), what);
  }

  const std::optional<Error>& error() const { return error_; }

 private:
  const std::string& file_;
  const YAML::Node& map_;
  std::string where_;
  std::optional<Error> error_;
};

void ReadCluster(FieldReader& in, ClusterEntry& out) {
  in.String("server", out.server);
  in.String("tls-server-name", out.tls_server_name);
  in.String("proxy-url", out.proxy_url);
  in.String("certificate-authority", out.ca_file);
  in.String("certificate-authority-data", out.ca_data);
  in.Bool("insecure-skip-tls-verify", out.insecure);
}

void ReadUser(FieldReader& in, UserEntry& out) {
  in.String("token", out.token);
  in.String("tokenFile", out.token_file);
  in.String("username", out.username);
  in.String("password", out.password);
  in.String("client-certificate", out.cert_file);
  in.String("client-certificate-data", out.cert_data);
  in.String("client-key", out.key_file);
  in.String("client-key-data", out.key_data);
  in.String("as", out.impersonate.user);
  in.String("as-uid", out.impersonate.uid);
  in.Strings("as-groups", out.impersonate.groups);
  const YAML::Node extra = in.Child("as-user-extra");
  if (extra.IsDefined() && extra.IsMap()) {
    for (const auto& item : extra) {
      for (const auto& value : item.second) {
        if (item.first.IsScalar() && value.IsScalar()) {
          out.impersonate.extra[item.first.Scalar()].push_back(value.Scalar());
        }
      }
    }
  }
  const YAML::Node exec = in.Child("exec");
  if (exec.IsDefined() && exec.IsMap()) {
    out.exec = true;
    if (exec["command"].IsDefined() && exec["command"].IsScalar()) {
      out.exec_command = exec["command"].Scalar();
    }
  }
  const YAML::Node provider = in.Child("auth-provider");
  if (provider.IsDefined() && provider.IsMap()) {
    out.auth_provider = "?";
    if (provider["name"].IsDefined() && provider["name"].IsScalar()) {
      out.auth_provider = provider["name"].Scalar();
    }
  }
}

void ReadContext(FieldReader& in, ContextEntry& out) {
  in.String("cluster", out.cluster);
  in.String("user", out.user);
  in.String("namespace", out.namespace_);
}

// Reads `list` ("clusters") of {name, `field`: {…}}.
template <class Entry>
Result<void> ReadEntries(const YAML::Node& root, const std::string& file, const char* list,
                         const char* field, void (*read)(FieldReader&, Entry&),
                         std::vector<Entry>& out) {
  const YAML::Node entries = root[list];
  if (!entries.IsDefined() || entries.IsNull()) return {};
  if (!entries.IsSequence())
    return Bad(file, Line(entries), fmt::format("{} must be a list", list));
  std::set<std::string> seen;
  for (const auto& item : entries) {
    if (!item.IsMap()) {
      return Bad(file, Line(item),
                 fmt::format("an item of {} must be a mapping with a name", list));
    }
    const YAML::Node name = item["name"];
    if (!name.IsDefined() || !name.IsScalar() || name.Scalar().empty()) {
      return Bad(file, Line(item), fmt::format("an item of {} has no name", list));
    }
    Entry entry;
    entry.name = name.Scalar();
    entry.origin = {file, Line(item)};
    if (!seen.insert(entry.name).second) continue;  // the first one wins
    const YAML::Node body = item[field];
    if (body.IsDefined() && !body.IsNull()) {
      if (!body.IsMap()) {
        return Bad(file, Line(body), fmt::format("{} \"{}\" must be a mapping", field, entry.name));
      }
      FieldReader in(file, body, fmt::format("{} \"{}\"", field, entry.name));
      read(in, entry);
      if (in.error()) return *in.error();
    }
    out.push_back(std::move(entry));
  }
  return {};
}

Result<Kubeconfig> ParseRoot(const YAML::Node& root, const std::string& file) {
  Kubeconfig out;
  out.files.push_back(file);
  if (!root.IsDefined() || root.IsNull()) return out;
  if (!root.IsMap()) {
    return Bad(file, Line(root),
               "this is no kubeconfig: a mapping with clusters, users and contexts "
               "is expected");
  }
  const YAML::Node kind = root["kind"];
  if (kind.IsDefined() && kind.IsScalar() && kind.Scalar() != "Config" && !kind.Scalar().empty()) {
    return Bad(
        file, Line(kind),
        fmt::format("this is a {}, no kubeconfig (kind: Config is expected)", kind.Scalar()));
  }
  FieldReader top(file, root, "the kubeconfig");
  top.String("current-context", out.current_context);
  if (top.error()) return *top.error();
  XEBEC_TRY(ReadEntries(root, file, "clusters", "cluster", &ReadCluster, out.clusters));
  XEBEC_TRY(ReadEntries(root, file, "users", "user", &ReadUser, out.users));
  XEBEC_TRY(ReadEntries(root, file, "contexts", "context", &ReadContext, out.contexts));
  return out;
}

template <class Entry>
void MergeEntries(std::vector<Entry>& base, std::vector<Entry>&& next) {
  for (Entry& entry : next) {
    const bool known =
        std::any_of(base.begin(), base.end(), [&](const Entry& e) { return e.name == entry.name; });
    if (!known) base.push_back(std::move(entry));
  }
}

// yaml-cpp recurses for each level; kubeconfigs have five. Anything deep is refused before it can
// use up a fiber's stack.
Result<void> CheckDepth(const std::string& text, const std::string& file) {
  constexpr int kMostDepth = 64;
  int depth = 0;
  int line = 1;
  int column = 0;
  int dashes = 0;  // "- - - -" opens a level each
  bool indent = true;
  for (const char c : text) {
    ++column;
    if (c == '\n') {
      ++line;
      column = 0;
      dashes = 0;
      indent = true;
      continue;
    }
    if (indent && c == '-') ++dashes;
    if (c != ' ' && c != '-' && c != '?') indent = false;
    if (c == '[' || c == '{') ++depth;
    if ((c == ']' || c == '}') && depth > 0) --depth;
    if (depth > kMostDepth || dashes > kMostDepth || (indent && column > 8 * kMostDepth)) {
      return Bad(file, line, "nested too deeply for a kubeconfig");
    }
  }
  return {};
}

}  // namespace

Result<Kubeconfig> ParseKubeconfig(const std::string& text, const std::string& file) {
  if (text.find('\0') != std::string::npos) {
    return Error::InvalidInput(
        fmt::format("kubeconfig \"{}\": this is no text file (it holds a zero byte)", file));
  }
  XEBEC_TRY(CheckDepth(text, file));
  try {
    return ParseRoot(YAML::Load(text), file);
  } catch (const YAML::Exception& e) {
    // e.msg names the fault only; e.what() adds the position, which is told in our form.
    const int line = e.mark.is_null() ? 1 : e.mark.line + 1;
    return Bad(file, line, fmt::format("malformed YAML: {}", e.msg));
  }
}

void MergeKubeconfig(Kubeconfig& base, Kubeconfig&& next) {
  for (auto& file : next.files) base.files.push_back(std::move(file));
  if (base.current_context.empty()) base.current_context = std::move(next.current_context);
  MergeEntries(base.clusters, std::move(next.clusters));
  MergeEntries(base.users, std::move(next.users));
  MergeEntries(base.contexts, std::move(next.contexts));
}

std::string QuotedList(const std::vector<std::string>& names, size_t most) {
  std::string out;
  for (size_t i = 0; i < names.size() && i < most; ++i) {
    out += fmt::format("{}\"{}\"", i == 0 ? "" : ", ", names[i]);
  }
  if (names.size() > most) out += fmt::format(" and {} more", names.size() - most);
  return out;
}

}  // namespace xebec::client::internal
