#include "object/internal/json_scan.h"

#include <cstdint>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace xebec::object::internal {

namespace {

// Carried from block to block.
struct ScanState {
  bool in_string = false;
  bool escaped = false;  // the next byte follows an odd number of backslashes in a string
  int64_t depth = 0;
};

// Scans byte by byte; returns the offset behind the closing bracket, or npos at `end`.
size_t ScanBytes(const char* p, size_t at, size_t end, ScanState* s) {
  for (; at < end; ++at) {
    char c = p[at];
    if (s->in_string) {
      if (s->escaped) {
        s->escaped = false;
      } else if (c == '\\') {
        s->escaped = true;
      } else if (c == '"') {
        s->in_string = false;
      }
    } else if (c == '"') {
      s->in_string = true;
    } else if (c == '{' || c == '[') {
      ++s->depth;
    } else if (c == '}' || c == ']') {
      if (--s->depth == 0) return at + 1;
    }
  }
  return std::string_view::npos;
}

#if defined(__x86_64__)

// One bit for each of 64 bytes. A block with a backslash, or one in which the depth might come to
// zero, is left to ScanBytes.
__attribute__((target("avx2,pclmul,popcnt"))) size_t ScanBlocks(const char* p, size_t* at,
                                                                size_t end, ScanState* s) {
  const __m256i quote = _mm256_set1_epi8('"'), slash = _mm256_set1_epi8('\\');
  const __m256i open = _mm256_set1_epi8('{'), close = _mm256_set1_epi8('}');
  const __m256i fold = _mm256_set1_epi8(0x20);  // '[' | 0x20 is '{', ']' | 0x20 is '}'
  auto bits = [](__m256i lo, __m256i hi) __attribute__((target("avx2"))) {
    return static_cast<uint64_t>(static_cast<uint32_t>(_mm256_movemask_epi8(lo))) |
           static_cast<uint64_t>(static_cast<uint32_t>(_mm256_movemask_epi8(hi))) << 32;
  };
  for (; *at + 64 <= end; *at += 64) {
    __m256i a = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p + *at));
    __m256i b = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p + *at + 32));
    uint64_t slashes = bits(_mm256_cmpeq_epi8(a, slash), _mm256_cmpeq_epi8(b, slash));
    if (slashes != 0 || s->escaped) [[unlikely]] {
      size_t found = ScanBytes(p, *at, *at + 64, s);
      if (found != std::string_view::npos) return found;
      continue;
    }
    uint64_t quotes = bits(_mm256_cmpeq_epi8(a, quote), _mm256_cmpeq_epi8(b, quote));
    // Bit i of the product with all ones is the parity of the quotes up to i: inside a string.
    uint64_t strings = static_cast<uint64_t>(_mm_cvtsi128_si64(_mm_clmulepi64_si128(
        _mm_set_epi64x(0, static_cast<int64_t>(quotes)), _mm_set1_epi8('\xff'), 0)));
    if (s->in_string) strings = ~strings;
    __m256i fa = _mm256_or_si256(a, fold), fb = _mm256_or_si256(b, fold);
    uint64_t opens = bits(_mm256_cmpeq_epi8(fa, open), _mm256_cmpeq_epi8(fb, open)) & ~strings;
    uint64_t closes = bits(_mm256_cmpeq_epi8(fa, close), _mm256_cmpeq_epi8(fb, close)) & ~strings;
    int64_t down = __builtin_popcountll(closes);
    if (s->depth <= down) {
      size_t found = ScanBytes(p, *at, *at + 64, s);
      if (found != std::string_view::npos) return found;
      continue;
    }
    s->depth += __builtin_popcountll(opens) - down;
    s->in_string = (strings >> 63) != 0;
  }
  return std::string_view::npos;
}

bool HaveBlocks() {
  static const bool have = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("pclmul") &&
                           __builtin_cpu_supports("popcnt");
  return have;
}

#endif

}  // namespace

size_t SkipContainer(std::string_view text, size_t at) {
  ScanState state;
#if defined(__x86_64__)
  if (HaveBlocks()) {
    size_t found = ScanBlocks(text.data(), &at, text.size(), &state);
    if (found != text.npos) return found;
  }
#endif
  return ScanBytes(text.data(), at, text.size(), &state);
}

size_t SkipSpace(std::string_view text, size_t at) {
  while (at < text.size() &&
         (text[at] == ' ' || text[at] == '\n' || text[at] == '\r' || text[at] == '\t')) {
    ++at;
  }
  return at;
}

size_t SkipValue(std::string_view text, size_t at) {
  if (at >= text.size()) return text.npos;
  if (text[at] == '{' || text[at] == '[') return SkipContainer(text, at);
  if (text[at] == '"') {
    for (++at; at < text.size(); ++at) {
      if (text[at] == '\\') {
        ++at;
      } else if (text[at] == '"') {
        return at + 1;
      }
    }
    return text.npos;
  }
  size_t end = text.find_first_of(",]} \n\r\t", at);
  return end == at ? text.npos : end;
}

}  // namespace xebec::object::internal
