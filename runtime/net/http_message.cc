#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/net/http.h"
#include "runtime/net/internal/text.h"

namespace xebec::runtime::http {
namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Decodes %XX and '+'; a '%' that starts no valid pair stays as it is.
std::string UnescapeQuery(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      out += ' ';
    } else if (text[i] == '%' && i + 2 < text.size() && HexDigit(text[i + 1]) >= 0 &&
               HexDigit(text[i + 2]) >= 0) {
      out += static_cast<char>(HexDigit(text[i + 1]) << 4 | HexDigit(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

// Calls `found(raw value)` for the first parameter named `key`; false if there is none.
template <class F>
bool FindQuery(std::string_view query, std::string_view key, F&& found) {
  while (!query.empty()) {
    const size_t amp = query.find('&');
    const std::string_view pair = query.substr(0, amp);
    query.remove_prefix(amp == std::string_view::npos ? query.size() : amp + 1);
    const size_t equals = pair.find('=');
    if (UnescapeQuery(pair.substr(0, equals)) != key) continue;
    found(equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1));
    return true;
  }
  return false;
}

std::string Escape(std::string_view text, std::string_view also_kept) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const bool kept = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '-' || c == '.' || c == '_' || c == '~' ||
                      also_kept.find(c) != std::string_view::npos;
    if (kept) {
      out += c;
    } else {
      const auto byte = static_cast<uint8_t>(c);
      out += '%';
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
  return out;
}

}  // namespace

std::string_view Headers::Get(std::string_view name) const {
  for (const Field& field : fields_) {
    if (internal::EqualsIgnoringCase(field.first, name)) return field.second;
  }
  return {};
}

bool Headers::Has(std::string_view name) const {
  for (const Field& field : fields_) {
    if (internal::EqualsIgnoringCase(field.first, name)) return true;
  }
  return false;
}

void Headers::Set(std::string_view name, std::string value) {
  for (auto it = fields_.begin(); it != fields_.end(); ++it) {
    if (!internal::EqualsIgnoringCase(it->first, name)) continue;
    it->second = std::move(value);
    fields_.erase(std::remove_if(it + 1, fields_.end(),
                                 [&](const Field& field) {
                                   return internal::EqualsIgnoringCase(field.first, name);
                                 }),
                  fields_.end());
    return;
  }
  fields_.emplace_back(name, std::move(value));
}

void Headers::Add(std::string name, std::string value) {
  fields_.emplace_back(std::move(name), std::move(value));
}

void Headers::Remove(std::string_view name) {
  std::erase_if(
      fields_, [&](const Field& field) { return internal::EqualsIgnoringCase(field.first, name); });
}

std::string Request::Query(std::string_view key) const {
  std::string value;
  FindQuery(query, key, [&](std::string_view raw) { value = UnescapeQuery(raw); });
  return value;
}

bool Request::HasQuery(std::string_view key) const {
  return FindQuery(query, key, [](std::string_view) {});
}

std::string EscapeQuery(std::string_view text) { return Escape(text, ""); }

void AddQuery(std::string& query, std::string_view key, std::string_view value) {
  if (!query.empty()) query += '&';
  query += EscapeQuery(key);
  query += '=';
  query += EscapeQuery(value);
}

namespace internal {

std::string EscapePath(std::string_view path) { return Escape(path, "/:@!$&'()*+,;="); }

}  // namespace internal

std::string_view StatusText(int status) {
  switch (status) {
    case 100:
      return "Continue";
    case 101:
      return "Switching Protocols";
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 206:
      return "Partial Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 411:
      return "Length Required";
    case 413:
      return "Payload Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 416:
      return "Range Not Satisfiable";
    case 417:
      return "Expectation Failed";
    case 422:
      return "Unprocessable Entity";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    default:
      return "";
  }
}

}  // namespace xebec::runtime::http
