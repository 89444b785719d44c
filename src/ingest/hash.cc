#include "ingest/hash.h"

#include <algorithm>
#include <memory>
#include <openssl/evp.h>
#include <vector>

namespace lightbox::ingest {

Result<store::Sha256> hash_from(dicom::Source& source, std::uint64_t offset) {
  constexpr std::uint64_t chunk_bytes = 256U << 10U;
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        &EVP_MD_CTX_free);
  bool is_ok = context && EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) == 1;
  std::vector<char> chunk(std::min(chunk_bytes, source.size() - std::min(offset, source.size())));
  while (is_ok && offset < source.size()) {
    const std::uint64_t count = std::min<std::uint64_t>(chunk.size(), source.size() - offset);
    TRY_DO(source.read(offset, {chunk.data(), count}));
    is_ok = EVP_DigestUpdate(context.get(), chunk.data(), count) == 1;
    offset += count;
  }
  store::Sha256 hash = {};
  if (!is_ok || EVP_DigestFinal_ex(context.get(), hash.data(), nullptr) != 1) {
    return problem(ProblemKind::internal, "SHA-256 failed");
  }
  return hash;
}

}  // namespace lightbox::ingest
