#include "runtime/net/internal/gzip.h"

#include <fmt/format.h>
#include <zlib.h>

#include <vector>

namespace xebec::runtime::http::internal {

Result<std::string> Gunzip(std::string_view packed, size_t limit) {
  z_stream zip{};
  if (inflateInit2(&zip, 16 + MAX_WBITS) != Z_OK) {
    return Error::Unreachable("the answer cannot be unpacked: out of memory");
  }
  struct End {
    z_stream* zip;
    ~End() { inflateEnd(zip); }
  } end{&zip};
  zip.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  zip.avail_in = static_cast<uInt>(packed.size());
  std::string out;
  std::vector<char> piece(64 << 10);
  for (;;) {
    zip.next_out = reinterpret_cast<Bytef*>(piece.data());
    zip.avail_out = static_cast<uInt>(piece.size());
    const int status = inflate(&zip, Z_NO_FLUSH);
    if (status != Z_OK && status != Z_STREAM_END) {
      return Error::Unreachable("the answer's gzip encoding is damaged or cut");
    }
    const size_t n = piece.size() - zip.avail_out;
    if (out.size() + n > limit) {
      return Error::Unreachable(fmt::format("the unpacked answer has more than {} bytes", limit));
    }
    out.append(piece.data(), n);
    if (status == Z_STREAM_END) return out;
  }
}

}  // namespace xebec::runtime::http::internal
