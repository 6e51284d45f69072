#include "target/iscsi/chap.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <memory>

#include "target/base/check.h"
#include "target/iscsi/text.h"

namespace shoal::iscsi {
namespace {

struct Freed {
  void operator()(EVP_MD* digest) const { ::EVP_MD_free(digest); }
  void operator()(EVP_MD_CTX* context) const { ::EVP_MD_CTX_free(context); }
};
using Digest = std::unique_ptr<EVP_MD, Freed>;

const char* name_of(ChapAlgorithm algorithm) {
  switch (algorithm) {
    case ChapAlgorithm::md5: return "MD5";
    case ChapAlgorithm::sha1: return "SHA1";
    case ChapAlgorithm::sha256: return "SHA2-256";
    case ChapAlgorithm::sha3_256: return "SHA3-256";
  }
  return "";
}

// null: not in this library.
Digest fetch(ChapAlgorithm algorithm) { return Digest(::EVP_MD_fetch(nullptr, name_of(algorithm), nullptr)); }

std::optional<ChapAlgorithm> known(std::uint64_t number) {
  for (const auto algorithm :
       {ChapAlgorithm::md5, ChapAlgorithm::sha1, ChapAlgorithm::sha256, ChapAlgorithm::sha3_256}) {
    if (number == static_cast<std::uint64_t>(algorithm) && fetch(algorithm)) return algorithm;
  }
  return std::nullopt;
}

}  // namespace

// RFC 1994 4.1: the digest of the identifier, the secret and the challenge, one after the other.
ChapResponse::ChapResponse(ChapAlgorithm algorithm, std::uint8_t identifier, const Secret& secret, ByteSpan challenge) {
  const Digest digest = fetch(algorithm);
  CHECK(digest, name_of(algorithm));
  const std::unique_ptr<EVP_MD_CTX, Freed> context(::EVP_MD_CTX_new());
  unsigned size = 0;
  const bool done = context && ::EVP_DigestInit_ex2(context.get(), digest.get(), nullptr) == 1 &&
                    ::EVP_DigestUpdate(context.get(), &identifier, 1) == 1 &&
                    ::EVP_DigestUpdate(context.get(), secret.bytes().data(), secret.size()) == 1 &&
                    ::EVP_DigestUpdate(context.get(), challenge.data(), challenge.size()) == 1 &&
                    ::EVP_DigestFinal_ex(context.get(), reinterpret_cast<unsigned char*>(bytes_.data()), &size) == 1;
  CHECK(done && size <= bytes_.size(), name_of(algorithm), size);
  size_ = size;
}

std::optional<ChapAlgorithm> choose_algorithm(std::string_view offered) {
  for (const std::string_view element : split_list(offered)) {
    const auto number = parse_number(element);
    if (!number) continue;
    if (const auto algorithm = known(*number)) return algorithm;
  }
  return std::nullopt;
}

bool equal_in_constant_time(ByteSpan left, ByteSpan right) {
  return left.size() == right.size() && ::CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

}  // namespace shoal::iscsi
