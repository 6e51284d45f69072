#include "cluster/etcd/base64.h"

#include <openssl/evp.h>

#include <algorithm>

namespace shoal::cluster {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

const unsigned char* octets(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* octets(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

}  // namespace

std::string to_base64(std::string_view bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');  // and the zero that OpenSSL puts behind
  text.resize(static_cast<std::size_t>(EVP_EncodeBlock(octets(text), octets(bytes), static_cast<int>(bytes.size()))));
  return text;
}

std::optional<std::string> from_base64(std::string_view text) {
  const std::size_t digits = std::min(text.find_last_not_of('=') + 1, text.size());
  const std::size_t padding = text.size() - digits;
  // OpenSSL skips blanks and takes padding for zeros, wherever it stands.
  if (text.size() % 4 != 0 || padding > 2) return std::nullopt;
  if (text.substr(0, digits).find_first_not_of(kAlphabet) != text.npos) return std::nullopt;
  std::string bytes(text.size() / 4 * 3, '\0');
  if (EVP_DecodeBlock(octets(bytes), octets(text), static_cast<int>(text.size())) < 0) return std::nullopt;
  bytes.resize(bytes.size() - padding);
  return bytes;
}

}  // namespace shoal::cluster
