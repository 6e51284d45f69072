#include "cluster/etcd/etcd_version.h"

#include <array>
#include <charconv>
#include <optional>

namespace shoal::cluster {
namespace {

using Numbers = std::array<unsigned, 3>;

std::optional<Numbers> parse(std::string_view version) {
  Numbers numbers{};
  const char* at = version.data();
  const char* const end = at + version.size();
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (i > 0 && (at == end || *at++ != '.')) return std::nullopt;
    const auto [after, error] = std::from_chars(at, end, numbers[i]);
    if (error != std::errc{}) return std::nullopt;
    at = after;
  }
  return numbers;  // what follows, as in "3.6.0-rc.1", changes nothing here
}

}  // namespace

EtcdVersion judge_etcd_version(std::string_view version) {
  const auto numbers = parse(version);
  if (!numbers) return EtcdVersion::not_understood;
  if (*numbers >= Numbers{3, 5, 0} && *numbers <= Numbers{3, 5, 2}) return EtcdVersion::loses_data;
  const Numbers first_good = *numbers < Numbers{3, 5, 0} ? Numbers{3, 4, 42} : Numbers{3, 5, 28};
  return *numbers < first_good ? EtcdVersion::has_known_bugs : EtcdVersion::good;
}

}  // namespace shoal::cluster
