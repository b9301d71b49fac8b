#include "runtime/net/internal/body_decoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "runtime/net/internal/text.h"

namespace xebec::runtime::http::internal {
namespace {

constexpr size_t kMaxChunkLine = 4 << 10;
constexpr size_t kMaxTrailerLines = 128;

}  // namespace

Result<BodyFraming> FramingOf(const Headers& headers) {
  std::string_view length;
  bool chunked = false;
  bool has_length = false;
  for (const auto& [name, value] : headers) {
    if (EqualsIgnoringCase(name, "Content-Length")) {
      if (has_length && value != length) {
        return Error::InvalidInput("two different Content-Length fields");
      }
      has_length = true;
      length = value;
    } else if (EqualsIgnoringCase(name, "Transfer-Encoding")) {
      if (chunked || !EqualsIgnoringCase(value, "chunked")) {
        return Error::InvalidInput("a Transfer-Encoding other than chunked");
      }
      chunked = true;
    }
  }
  if (chunked && has_length) {
    return Error::InvalidInput("both Content-Length and Transfer-Encoding");
  }
  if (chunked) return BodyFraming{BodyFraming::kChunked, 0};
  if (!has_length) return BodyFraming{};
  uint64_t n = 0;
  const auto [end, error] = std::from_chars(length.data(), length.data() + length.size(), n);
  if (error != std::errc() || end != length.data() + length.size()) {
    return Error::InvalidInput("a Content-Length that is no number");
  }
  return BodyFraming{BodyFraming::kLength, n};
}

BodyDecoder::BodyDecoder(BufferedConn& conn, BodyFraming framing) : conn_(conn), framing_(framing) {
  left_ = framing.kind == BodyFraming::kLength ? framing.length : 0;
  complete_ = framing.kind == BodyFraming::kNone ||
              (framing.kind == BodyFraming::kLength && framing.length == 0);
}

Error BodyDecoder::Cut() const {
  if (framing_.kind == BodyFraming::kLength) {
    return Error::Unreachable(fmt::format("the connection was cut after {} of {} bytes of the body",
                                          received_, framing_.length));
  }
  return Error::Unreachable(
      fmt::format("the connection was cut after {} bytes of a chunked body", received_));
}

Result<size_t> BodyDecoder::Read(std::span<char> buffer) {
  if (complete_ || buffer.empty()) return size_t{0};
  if (framing_.kind == BodyFraming::kUntilClose) {
    XEBEC_ASSIGN_OR_RETURN(const size_t n, conn_.Read(buffer));
    complete_ = n == 0;
    return n;
  }
  if (left_ == 0) {
    XEBEC_TRY(NextChunk());
    if (complete_) return size_t{0};
  }
  const size_t want = static_cast<size_t>(std::min<uint64_t>(buffer.size(), left_));
  XEBEC_ASSIGN_OR_RETURN(const size_t n, conn_.Read(buffer.first(want)));
  if (n == 0) return Cut();
  left_ -= n;
  received_ += n;
  if (left_ == 0 && framing_.kind == BodyFraming::kLength) complete_ = true;
  return n;
}

Result<void> BodyDecoder::NextChunk() {
  if (!first_chunk_) {
    auto end = conn_.ReadLine(kMaxChunkLine);
    if (!end.ok()) return IsUnreachable(end.error()) ? Cut() : std::move(end).error();
    if (!end->empty()) return Error::InvalidInput("a chunk does not end where its size says");
  }
  first_chunk_ = false;
  auto line = conn_.ReadLine(kMaxChunkLine);
  if (!line.ok()) return IsUnreachable(line.error()) ? Cut() : std::move(line).error();
  const std::string_view size = std::string_view(*line).substr(0, line->find_first_of("; \t"));
  uint64_t n = 0;
  const auto [end, error] = std::from_chars(size.data(), size.data() + size.size(), n, 16);
  if (error != std::errc() || size.empty() || end != size.data() + size.size()) {
    return Error::InvalidInput("a chunk size that is no hexadecimal number");
  }
  left_ = n;
  if (n > 0) return {};
  for (size_t i = 0; i < kMaxTrailerLines; ++i) {  // trailers are read and ignored
    auto trailer = conn_.ReadLine(kMaxChunkLine);
    if (!trailer.ok()) {
      return IsUnreachable(trailer.error()) ? Cut() : std::move(trailer).error();
    }
    if (trailer->empty()) {
      complete_ = true;
      return {};
    }
  }
  return Error::InvalidInput("too many trailer fields behind a chunked body");
}

}  // namespace xebec::runtime::http::internal
